/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Does this host know the connection of what is inside? Asked only with the second hop switched on,
 * and only of TCP segments that are neither SYN nor fragment: all else is taken as local.
 *
 * Known is a connection with a socket of its own (half-open and TIME-WAIT ones included), or one
 * whose ACK carries a SYN cookie that a listener here gave out: it has no socket until that ACK has
 * come.
 */
#ifndef LEAT_BPF_DECAP_LOCAL_H
#define LEAT_BPF_DECAP_LOCAL_H

#include "decap_frame.h"

/* What bpf_skc_lookup_tcp takes for IPv4 and IPv6: a struct bpf_sock_tuple cut to the family. */
#define TUPLE4_BYTES 12
#define TUPLE6_BYTES 36

static __always_inline struct bpf_sock *lookup_socket4(void *ctx, const struct iphdr *ip,
						       const word16 *tcp)
{
	struct bpf_sock_tuple tuple = {};

	tuple.ipv4.saddr = ip->saddr;
	tuple.ipv4.daddr = ip->daddr;
	tuple.ipv4.sport = tcp[0];
	tuple.ipv4.dport = tcp[1];
	return bpf_skc_lookup_tcp(ctx, &tuple, TUPLE4_BYTES, BPF_F_CURRENT_NETNS, 0);
}

static __always_inline struct bpf_sock *lookup_socket6(void *ctx, const struct ipv6hdr *ip,
						       const word16 *tcp)
{
	struct bpf_sock_tuple tuple = {};

	__builtin_memcpy(tuple.ipv6.saddr, &ip->saddr, sizeof(tuple.ipv6.saddr));
	__builtin_memcpy(tuple.ipv6.daddr, &ip->daddr, sizeof(tuple.ipv6.daddr));
	tuple.ipv6.sport = tcp[0];
	tuple.ipv6.dport = tcp[1];
	return bpf_skc_lookup_tcp(ctx, &tuple, TUPLE6_BYTES, BPF_F_CURRENT_NETNS, 0);
}

static __always_inline bool takes(struct bpf_sock *socket, void *ip, __u32 ip_bytes, void *tcp)
{
	if (socket->state != BPF_TCP_LISTEN)
		return true;
	return bpf_tcp_check_syncookie(socket, ip, ip_bytes, tcp, DECAP_TCP_BYTES) == 0;
}

static __always_inline bool is_mid_flow(const __u8 *tcp)
{
	return !(tcp[13] & TCP_SYN);
}

static __always_inline bool is_known4(void *ctx, const struct decap_frame *f,
				      const struct tunnel *t)
{
	struct iphdr *ip = decap_at(f, t->inner, sizeof(*ip));
	struct bpf_sock *socket;
	bool is_known;
	__u8 *tcp;

	if (!ip || ip->protocol != IPPROTO_TCP || ip->frag_off & bpf_htons(DECAP_MORE_OFFSET))
		return true;
	tcp = decap_at(f, t->inner + ip->ihl * 4, DECAP_TCP_BYTES);
	if (!tcp || !is_mid_flow(tcp))
		return true;
	socket = lookup_socket4(ctx, ip, (word16 *)tcp);
	if (!socket)
		return false;
	is_known = takes(socket, ip, sizeof(*ip), tcp);
	bpf_sk_release(socket);
	return is_known;
}

static __always_inline bool is_known6(void *ctx, const struct decap_frame *f,
				      const struct tunnel *t)
{
	struct ipv6hdr *ip = decap_at(f, t->inner, sizeof(*ip));
	struct bpf_sock *socket;
	bool is_known;
	__u8 *tcp;

	if (!ip || ip->nexthdr != IPPROTO_TCP)
		return true;
	tcp = decap_at(f, t->inner + sizeof(*ip), DECAP_TCP_BYTES);
	if (!tcp || !is_mid_flow(tcp))
		return true;
	socket = lookup_socket6(ctx, ip, (word16 *)tcp);
	if (!socket)
		return false;
	is_known = takes(socket, ip, sizeof(*ip), tcp);
	bpf_sk_release(socket);
	return is_known;
}

/* An alternate that a packet may be sent to: a single host's address that is not ours. */
static __always_inline bool is_unicast4(__be32 ip4)
{
	__u8 first = ip4 & 0xff;

	return first && first != 127 && first < 224;
}

static __always_inline bool is_unicast6(const __u8 *ip6)
{
	const word32 *words = (const word32 *)ip6;

	if (ip6[0] == 0xff || (ip6[0] == 0xfe && (ip6[1] & 0xc0) == 0x80))
		return false;
	return words[0] | words[1] | words[2]; /* not ::, ::1, ::a.b.c.d */
}

static __always_inline bool has_source(const struct tunnel *t,
				       const struct decap_settings *settings)
{
	const word64 *source6 = (const word64 *)&settings->source6;

	if (t->alternate_family == t->outer_family)
		return true;
	return t->alternate_family == 4 ? settings->source4 != 0 : (source6[0] | source6[1]) != 0;
}

static __always_inline bool has_alternate(const struct decap_frame *f, const struct tunnel *t,
					  const struct decap_settings *settings)
{
	struct decap_address address;
	void *at;

	if (!t->alternate || !has_source(t, settings))
		return false;
	if (t->alternate_family == 4) {
		at = decap_at(f, t->alternate, 4);
		if (!at || !is_unicast4(*(word32 *)at))
			return false;
		decap_set_address4(&address, *(word32 *)at);
	} else {
		at = decap_at(f, t->alternate, 16);
		if (!at || !is_unicast6(at))
			return false;
		decap_set_address6(&address, at);
	}
	return !bpf_map_lookup_elem(&decap_own, &address);
}

/* The verdict of a packet that is whole and for a VIP. */
static __always_inline int decap_local(void *ctx, const struct decap_frame *f,
				       const struct tunnel *t)
{
	const struct decap_settings *settings = decap_read_settings();
	bool is_known;

	if (!settings || !(settings->flags & DECAP_SECOND_HOP))
		return DECAP_KIND(t->is_gue, t->outer_family, t->inner_family);
	is_known = t->inner_family == 4 ? is_known4(ctx, f, t) : is_known6(ctx, f, t);
	if (is_known)
		return DECAP_KIND(t->is_gue, t->outer_family, t->inner_family);
	return has_alternate(f, t, settings) ? DECAP_SECOND_HOP_FORWARDED
					     : DECAP_UNKNOWN_CONNECTION;
}

#endif
