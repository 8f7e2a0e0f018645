/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every way a packet can end in leat-target's programs: X(id, name, action, help). The id is the index of decap_stats; names reach
 * `leat-target status` and tests. New verdicts go at the end: pinned counters keep their meaning.
 *
 * Actions: PASS (to the stack, untouched), DECAP (to the stack, without its outer headers), DROP, FORWARD (to the alternate target).
 * The eight kinds of decapsulation stand in the order of DECAP_KIND().
 */
#ifndef LEAT_DECAP_VERDICTS_H
#define LEAT_DECAP_VERDICTS_H

#define DECAP_VERDICTS(X)                                                                                                    \
	X(NONE, "none", DROP, "nothing was decided: a bug in Leat")                                                         \
	X(IP4_IN_IP4, "ip4_in_ip4", DECAP, "decapsulated: IPv4 in IPv4 (IPIP)")                                             \
	X(IP6_IN_IP4, "ip6_in_ip4", DECAP, "decapsulated: IPv6 in IPv4")                                                    \
	X(IP4_IN_IP6, "ip4_in_ip6", DECAP, "decapsulated: IPv4 in IPv6")                                                    \
	X(IP6_IN_IP6, "ip6_in_ip6", DECAP, "decapsulated: IPv6 in IPv6")                                                    \
	X(IP4_IN_GUE4, "ip4_in_gue4", DECAP, "decapsulated: IPv4 in GUE over IPv4")                                         \
	X(IP6_IN_GUE4, "ip6_in_gue4", DECAP, "decapsulated: IPv6 in GUE over IPv4")                                         \
	X(IP4_IN_GUE6, "ip4_in_gue6", DECAP, "decapsulated: IPv4 in GUE over IPv6")                                         \
	X(IP6_IN_GUE6, "ip6_in_gue6", DECAP, "decapsulated: IPv6 in GUE over IPv6")                                         \
	X(UNKNOWN_CONNECTION, "unknown_connection", DECAP, "decapsulated, though no socket here knows its connection: misrouted, and no alternate target to ask") \
	X(SECOND_HOP_FORWARDED, "second_hop_forwarded", FORWARD, "no socket here knows its connection: sent on to the alternate target") \
	X(PASSED, "passed", PASS, "not encapsulated: the stack's")                                                          \
	X(NOT_OUR_ADDRESS, "not_our_address", PASS, "encapsulated, but to an address that this host did not have when it was set up") \
	X(NOT_OUR_VIP, "not_our_vip", PASS, "encapsulated, but what is inside is not for a VIP")                            \
	X(OUTER_FRAGMENT, "outer_fragment", PASS, "a fragment of an encapsulated packet")                                   \
	X(OUTER_BAD, "outer_bad", PASS, "an outer header is cut off, or its lengths are wrong")                             \
	X(GUE_UNKNOWN, "gue_unknown", PASS, "GUE that Leat does not speak: another variant, a control message, flags, private data, or content") \
	X(INNER_BAD, "inner_bad", PASS, "what is inside is no whole IP datagram")                                           \
	X(MERGED, "merged", PASS, "several GUE packets merged by the receiving NIC or GRO: rx-udp-gro-forwarding must be off") \
	X(ECN_DROPPED, "ecn_dropped", DROP, "congestion was marked outside of a packet that can't carry the mark (RFC 6040)") \
	X(TTL_EXPIRED, "ttl_expired", DROP, "TTL or hop limit inside is 0 (RFC 2003)")                                      \
	X(EDIT_REFUSED, "edit_refused", DROP, "the kernel refused to take the outer headers off")                           \
	X(FORWARD_REFUSED, "forward_refused", DROP, "the kernel refused to send to the alternate target")                   \
	X(MSS_CLAMPED, "mss_clamped", PASS, "going out: a SYN or SYN-ACK from a VIP, its MSS lowered to leave room for encapsulation")

enum decap_verdict {
#define X(id, name, action, help) DECAP_##id,
	DECAP_VERDICTS(X)
#undef X
	DECAP_VERDICT_COUNT
};

/* Families are 4 or 6. */
#define DECAP_KIND(is_gue, outer, inner) (DECAP_IP4_IN_IP4 + ((inner) == 6) + 2 * ((outer) == 6) + 4 * !!(is_gue))
_Static_assert(DECAP_KIND(1, 6, 4) == DECAP_IP4_IN_GUE6, "the kinds are out of order");

#define DECAP_MAX_VERDICTS 64 /* entries of decap_stats: room to grow without changing the map */
_Static_assert((int)DECAP_VERDICT_COUNT <= DECAP_MAX_VERDICTS, "decap_stats is too small");

#endif
