/* SPDX-License-Identifier: BSD-2-Clause */
/* Building announcements byte by byte; the kernel's structs give the layout. */
#include "frame.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip6.h>
#include <string.h>

static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static const uint8_t all_nodes_mac[6] = {0x33, 0x33, 0, 0, 0, 1};
static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 1};

static size_t put_ethernet(uint8_t *frame, const uint8_t *to, const uint8_t *from, uint16_t type)
{
	struct ether_header eth = {.ether_type = htons(type)};

	memcpy(eth.ether_dhost, to, 6);
	memcpy(eth.ether_shost, from, 6);
	memcpy(frame, &eth, sizeof(eth));
	return sizeof(eth);
}

size_t frame_gratuitous_arp(uint8_t frame[FRAME_MAX], const uint8_t mac[6],
			    const struct addr *address, bool is_reply)
{
	size_t at = put_ethernet(frame, broadcast, mac, ETHERTYPE_ARP);
	struct ether_arp arp = {
		.ea_hdr = {.ar_hrd = htons(ARPHRD_ETHER),
			   .ar_pro = htons(ETHERTYPE_IP),
			   .ar_hln = 6,
			   .ar_pln = 4,
			   .ar_op = htons(is_reply ? ARPOP_REPLY : ARPOP_REQUEST)},
	};

	memcpy(arp.arp_sha, mac, 6);
	memcpy(arp.arp_spa, address->bytes, 4);
	if (is_reply)
		memcpy(arp.arp_tha, mac, 6);
	memcpy(arp.arp_tpa, address->bytes, 4);
	memcpy(frame + at, &arp, sizeof(arp));
	return at + sizeof(arp);
}

/* ---- neighbour advertisement ---- */

struct advertisement {
	struct nd_neighbor_advert na;
	struct nd_opt_hdr option;
	uint8_t mac[6];
} __attribute__((packed));

/* RFC 1071 over bytes of even length. */
static uint32_t sum(uint32_t start, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i + 1 < len; i += 2)
		start += (uint32_t)(p[i] << 8 | p[i + 1]);
	return start;
}

static uint16_t checksum(const struct ip6_hdr *ip, const struct advertisement *adv)
{
	uint32_t total = sizeof(*adv) + IPPROTO_ICMPV6;

	total = sum(total, &ip->ip6_src, 32); /* source and destination: the pseudo-header */
	total = sum(total, adv, sizeof(*adv));
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return htons((uint16_t)~total);
}

size_t frame_unsolicited_na(uint8_t frame[FRAME_MAX], const uint8_t mac[6],
			    const struct addr *address)
{
	size_t at = put_ethernet(frame, all_nodes_mac, mac, ETHERTYPE_IPV6);
	struct ip6_hdr ip = {
		.ip6_flow = htonl(6U << 28),
		.ip6_plen = htons(sizeof(struct advertisement)),
		.ip6_nxt = IPPROTO_ICMPV6,
		.ip6_hlim = 255, /* anything else is refused (RFC 4861 section 7.1.2) */
	};
	struct advertisement adv = {
		.option = {.nd_opt_type = ND_OPT_TARGET_LINKADDR, .nd_opt_len = 1},
	};

	memcpy(&ip.ip6_src, address->bytes, 16);
	memcpy(&ip.ip6_dst, all_nodes, 16);
	adv.na.nd_na_type = ND_NEIGHBOR_ADVERT;
	adv.na.nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE;
	memcpy(&adv.na.nd_na_target, address->bytes, 16);
	memcpy(adv.mac, mac, 6);
	adv.na.nd_na_cksum = checksum(&ip, &adv);
	memcpy(frame + at, &ip, sizeof(ip));
	memcpy(frame + at + sizeof(ip), &adv, sizeof(adv));
	return at + sizeof(ip) + sizeof(adv);
}
