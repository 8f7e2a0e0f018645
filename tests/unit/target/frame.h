/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames for the tests of decapsulation, from a description: outer headers, what is inside, what is
 * damaged. Lengths and checksums are computed; fields that are 0 are ordinary.
 */
#ifndef LEAT_TESTS_TARGET_FRAME_H
#define LEAT_TESTS_TARGET_FRAME_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "leat/gue.h"

#define FRAME_MAX 512

/* Addresses of the tests. */
#define OWN4	   "10.9.1.11"
#define OWN6	   "fd09:1::11"
#define LB4	   "10.9.1.1"
#define LB6	   "fd09:1::1"
#define VIP4	   "203.0.113.10"
#define VIP6	   "2001:db8:10::10"
#define CLIENT4	   "198.51.100.1"
#define CLIENT6	   "2001:db8:c::1"
#define ALTERNATE4 "10.9.1.12"
#define ALTERNATE6 "fd09:1::12"

struct outer_spec {
	int family; /* 4, 6; 0: no outer header at all */
	bool gue;
	uint8_t tos;
	int alternate; /* family of the alternate, 0: none */
	const char *alternate_is; /* another address */
	const char *from, *to;	  /* NULL: LB4 or LB6, OWN4 or OWN6 */
	uint8_t ttl;		  /* 0: 64 */
	uint16_t id;
	/* what may be wrong or odd */
	int options;	/* IPv4: bytes of options; IPv6: of a destination options header */
	int fragment;	/* IPv4: the field; IPv6: a fragment header */
	int longer;	/* the IP header claims so many bytes more than there are */
	int udp_longer; /* the UDP header does */
	uint16_t port;	/* 0: GUE_PORT */
	uint16_t udp_checksum, gue_flags;
	uint8_t gue_first, gue_proto; /* instead of the right ones */
	uint8_t private_type, private_family;
};

struct inner_spec {
	int family;
	uint8_t tos;
	const char *from, *to; /* NULL: CLIENT, VIP */
	bool is_tcp;
	uint8_t flags; /* TCP */
	uint16_t sport, dport;
	uint32_t seq, ack;
	int data; /* bytes */
	bool dead; /* TTL 0 */
	int longer;
	int version; /* instead of the right one */
	int fragment;
};

struct frame {
	uint8_t bytes[FRAME_MAX];
	size_t len;
};

static inline uint8_t *frame_put(struct frame *frame, size_t bytes)
{
	uint8_t *at = frame->bytes + frame->len;

	memset(at, 0, bytes);
	frame->len += bytes;
	return at;
}

static inline void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

static inline uint16_t frame_sum(const uint8_t *at, size_t bytes)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < bytes; i++)
		sum += i % 2 ? at[i] : (uint32_t)at[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static inline void put_ipv4(uint8_t *at, size_t header, size_t len, uint8_t tos, uint8_t ttl,
			    uint8_t proto, const char *from, const char *to)
{
	at[0] = (uint8_t)(0x40 | header / 4);
	at[1] = tos;
	put16(at + 2, (unsigned)len);
	at[8] = ttl;
	at[9] = proto;
	inet_pton(AF_INET, from, at + 12);
	inet_pton(AF_INET, to, at + 16);
	put16(at + 10, frame_sum(at, header));
}

static inline void put_ipv6(uint8_t *at, size_t payload, uint8_t tos, uint8_t hop, uint8_t next,
			    const char *from, const char *to)
{
	put16(at, 0x6000u | (unsigned)tos << 4);
	put16(at + 4, (unsigned)payload);
	at[6] = next;
	at[7] = hop;
	inet_pton(AF_INET6, from, at + 8);
	inet_pton(AF_INET6, to, at + 24);
}

/* Ethernet with so many tags. */
static inline void frame_link(struct frame *frame, int tags, int family)
{
	uint8_t *at = frame_put(frame, 12);
	int i;

	memcpy(at, "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02", 12);
	for (i = 0; i < tags; i++) {
		at = frame_put(frame, 4);
		put16(at, tags == 2 && !i ? 0x88a8 : 0x8100);
		put16(at + 2, 100u + (unsigned)i);
	}
	put16(frame_put(frame, 2), family == 4 ? 0x0800 : 0x86dd);
}

/* The datagram inside: appended to frame. */
static inline void frame_inner(struct frame *frame, const struct inner_spec *s)
{
	size_t l4 = (s->is_tcp ? 20u : 8u) + (size_t)s->data;
	size_t header = s->family == 4 ? 20 : 40;
	uint8_t *ip = frame_put(frame, header + l4), *p = ip + header;
	uint8_t proto = s->is_tcp ? 6 : 17, ttl = s->dead ? 0 : 61;

	put16(p, s->sport ? s->sport : 40000);
	put16(p + 2, s->dport ? s->dport : 80);
	if (s->is_tcp) {
		put32(p + 4, s->seq);
		put32(p + 8, s->ack);
		p[12] = 0x50;
		p[13] = s->flags;
	} else {
		put16(p + 4, (unsigned)l4);
	}
	memset(p + (s->is_tcp ? 20 : 8), 0x5a, (size_t)s->data);
	if (s->family == 4) {
		put_ipv4(ip, 20, 20 + l4 + (size_t)s->longer, s->tos, ttl, proto,
			 s->from ? s->from : CLIENT4, s->to ? s->to : VIP4);
		put16(ip + 6, (unsigned)s->fragment);
		put16(ip + 10, 0);
		put16(ip + 10, frame_sum(ip, 20));
	} else {
		put_ipv6(ip, l4 + (size_t)s->longer, s->tos, ttl, proto,
			 s->from ? s->from : CLIENT6, s->to ? s->to : VIP6);
	}
	if (s->version)
		ip[0] = (uint8_t)((s->version << 4) | (ip[0] & 15));
}

static inline void put_gue(struct frame *frame, const struct outer_spec *s, size_t inner_bytes,
			   int inner_family)
{
	unsigned hlen = s->alternate == 4 ? 2 : s->alternate == 6 ? 5 : 0;
	uint8_t *udp = frame_put(frame, 8 + 4 + 4 * hlen), *gue = udp + 8;

	put16(udp, 0xc123);
	put16(udp + 2, s->port ? s->port : GUE_PORT);
	put16(udp + 4, (unsigned)(8 + 4 + 4 * hlen + inner_bytes) + (unsigned)s->udp_longer);
	put16(udp + 6, s->udp_checksum);
	gue[0] = s->gue_first ? s->gue_first : (uint8_t)hlen;
	gue[1] = s->gue_proto ? s->gue_proto : inner_family == 4 ? 4 : 41;
	put16(gue + 2, s->gue_flags);
	if (!hlen)
		return;
	gue[4] = s->private_type ? s->private_type : 1;
	gue[5] = s->private_family ? s->private_family : (uint8_t)s->alternate;
	if (s->alternate == 4)
		inet_pton(AF_INET, s->alternate_is ? s->alternate_is : ALTERNATE4, gue + 8);
	else
		inet_pton(AF_INET6, s->alternate_is ? s->alternate_is : ALTERNATE6, gue + 8);
}

static inline uint8_t outer_proto(const struct outer_spec *s, int inner_family)
{
	return s->gue ? 17 : inner_family == 4 ? 4 : 41;
}

static inline void put_outer4(struct frame *frame, const struct outer_spec *s, size_t payload,
			      int inner_family)
{
	size_t header = 20 + (size_t)s->options;
	uint8_t *ip = frame_put(frame, header);

	memset(ip + 20, 1, (size_t)s->options);
	put16(ip + 4, s->id);
	put16(ip + 6, (unsigned)s->fragment);
	put_ipv4(ip, header, header + payload + (size_t)s->longer, s->tos, s->ttl ? s->ttl : 64,
		 outer_proto(s, inner_family), s->from ? s->from : LB4, s->to ? s->to : OWN4);
}

static inline void put_outer6(struct frame *frame, const struct outer_spec *s, size_t payload,
			      int inner_family)
{
	uint8_t *ip = frame_put(frame, 40), proto = outer_proto(s, inner_family), *more;
	size_t extension = s->fragment ? 8 : (size_t)s->options;

	put_ipv6(ip, payload + extension + (size_t)s->longer, s->tos, s->ttl ? s->ttl : 64,
		 s->fragment ? 44 : extension ? 60 : proto, s->from ? s->from : LB6,
		 s->to ? s->to : OWN6);
	if (!extension)
		return;
	more = frame_put(frame, extension);
	more[0] = proto;
	if (s->fragment)
		put16(more + 2, (unsigned)s->fragment);
	else
		more[1] = (uint8_t)(extension / 8 - 1);
}

/* Everything. Returns the offset of the datagram inside. */
static inline size_t frame_make(struct frame *frame, int tags, const struct outer_spec *outer,
				const struct inner_spec *inner)
{
	struct frame inside = {.len = 0};
	unsigned hlen = outer->alternate == 4 ? 2 : outer->alternate == 6 ? 5 : 0;
	size_t payload, at;

	frame_inner(&inside, inner);
	payload = inside.len + (outer->gue ? 12 + 4 * hlen : 0);
	frame->len = 0;
	frame_link(frame, tags, outer->family ? outer->family : inner->family);
	if (outer->family == 4)
		put_outer4(frame, outer, payload, inner->family);
	else if (outer->family == 6)
		put_outer6(frame, outer, payload, inner->family);
	if (outer->family && outer->gue)
		put_gue(frame, outer, inside.len, inner->family);
	at = frame->len;
	memcpy(frame_put(frame, inside.len), inside.bytes, inside.len);
	return at;
}

#endif
