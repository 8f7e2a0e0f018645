// SPDX-License-Identifier: BSD-2-Clause
#include "frame.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

enum { IPV4_BYTES = 20, IPV6_BYTES = 40, TCP_BYTES = 20 };

/* Where things lie, by family. */
struct layout {
	uint32_t frame_bytes, ip_bytes, address_bytes;
	uint32_t src, dst; /* from the IP header on */
};

static const struct layout *layout_of(uint8_t family)
{
	static const struct layout v4 = {BENCH_FRAME_V4, IPV4_BYTES, 4, 12, 16};
	static const struct layout v6 = {BENCH_FRAME_V6, IPV6_BYTES, 16, 8, 24};

	return family == 4 ? &v4 : &v6;
}

uint32_t frame_bytes(uint8_t family)
{
	return layout_of(family)->frame_bytes;
}

static void put16(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static uint16_t get16(const uint8_t *from)
{
	return (uint16_t)(from[0] << 8 | from[1]);
}

/* `bytes` is even, as everything here is. */
static uint32_t sum_of(uint32_t sum, const uint8_t *from, uint32_t bytes)
{
	uint32_t i;

	for (i = 0; i < bytes; i += 2)
		sum += get16(from + i);
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Sum over pseudo header, header and data: 0xffff where the checksum in it is right. */
static uint16_t l4_sum(const uint8_t *ip, const struct layout *l, uint8_t protocol)
{
	uint32_t bytes = l->frame_bytes - ETH_HLEN - l->ip_bytes;
	uint32_t sum = protocol + bytes;

	sum = sum_of(sum, ip + l->src, l->address_bytes);
	sum = sum_of(sum, ip + l->dst, l->address_bytes);
	return fold(sum_of(sum, ip + l->ip_bytes, bytes));
}

static void put_ip(uint8_t *ip, const struct layout *l, const struct frame_spec *spec)
{
	memcpy(ip + l->src, spec->src, l->address_bytes);
	memcpy(ip + l->dst, spec->dst, l->address_bytes);
	if (spec->family == 4) {
		ip[0] = 0x45;
		put16(ip + 2, l->frame_bytes - ETH_HLEN);
		ip[6] = 0x40; /* don't fragment */
		ip[8] = spec->ttl;
		ip[9] = spec->protocol;
		put16(ip + 10, (uint16_t)~fold(sum_of(0, ip, IPV4_BYTES)));
	} else {
		ip[0] = 0x60;
		put16(ip + 4, l->frame_bytes - ETH_HLEN - IPV6_BYTES);
		ip[6] = spec->protocol;
		ip[7] = spec->ttl;
	}
}

static void put_l4(uint8_t *ip, const struct layout *l, const struct frame_spec *spec)
{
	uint8_t *l4 = ip + l->ip_bytes;
	uint8_t *check = l4 + (spec->protocol == IPPROTO_TCP ? 16 : 6);

	put16(l4, spec->sport);
	put16(l4 + 2, spec->dport);
	if (spec->protocol == IPPROTO_TCP) {
		l4[12] = TCP_BYTES / 4 << 4;
		l4[13] = spec->tcp_flags;
		put16(l4 + 14, 0x2000);
	} else {
		put16(l4 + 4, l->frame_bytes - ETH_HLEN - l->ip_bytes);
	}
	put16(check, (uint16_t)~l4_sum(ip, l, spec->protocol));
}

void frame_build(struct bench_frame *frame, const struct frame_spec *spec)
{
	const struct layout *l = layout_of(spec->family);
	uint8_t *eth = (uint8_t *)frame->words;

	memset(frame, 0, sizeof(*frame));
	frame->bytes = l->frame_bytes;
	memcpy(eth, spec->dst_mac, 6);
	memcpy(eth + 6, spec->src_mac, 6);
	put16(eth + 12, spec->family == 4 ? ETH_P_IP : ETH_P_IPV6);
	put_ip(eth + ETH_HLEN, l, spec);
	put_l4(eth + ETH_HLEN, l, spec);
}

static bool read_ip(const uint8_t *ip, struct frame_spec *spec)
{
	const struct layout *l = layout_of(spec->family);

	memcpy(spec->src, ip + l->src, l->address_bytes);
	memcpy(spec->dst, ip + l->dst, l->address_bytes);
	if (spec->family == 4) {
		spec->ttl = ip[8];
		spec->protocol = ip[9];
		return ip[0] == 0x45 && get16(ip + 2) == l->frame_bytes - ETH_HLEN &&
		       fold(sum_of(0, ip, IPV4_BYTES)) == 0xffff;
	}
	spec->protocol = ip[6];
	spec->ttl = ip[7];
	return ip[0] == 0x60 && get16(ip + 4) == l->frame_bytes - ETH_HLEN - IPV6_BYTES;
}

bool frame_read(const struct bench_frame *frame, struct frame_spec *spec)
{
	const uint8_t *eth = (const uint8_t *)frame->words, *ip = eth + ETH_HLEN, *l4;
	const struct layout *l;

	memset(spec, 0, sizeof(*spec));
	spec->family = get16(eth + 12) == ETH_P_IP ? 4 : 6;
	l = layout_of(spec->family);
	if (frame->bytes != l->frame_bytes || !read_ip(ip, spec))
		return false;
	memcpy(spec->dst_mac, eth, 6);
	memcpy(spec->src_mac, eth + 6, 6);
	l4 = ip + l->ip_bytes;
	spec->sport = get16(l4);
	spec->dport = get16(l4 + 2);
	spec->tcp_flags = spec->protocol == IPPROTO_TCP ? l4[13] : 0;
	return l4_sum(ip, l, spec->protocol) == 0xffff;
}
