/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The limits of the program, each with its reason. What an operator can change is no constant but
 * an entry of `settings`, read at run time because it outlives the program.
 */
#ifndef LEAT_BPF_CONFIG_H
#define LEAT_BPF_CONFIG_H

/* IPv6 extension headers before TCP or UDP: the loop that the verifier walks. */
#define EXTENSIONS_MAX 8

#define NSEC_PER_SEC 1000000000ULL

/* nat, dnat: how often an entry tells the entry of the other direction that the flow lives. Every
 * timeout must be longer by a margin. */
#define SYNC_INTERVAL_NS (2 * NSEC_PER_SEC)

/* nat, dnat: what one new flow may cost. With 79 % of the ports used, 32 tries fail once in 2000.
 */
#define SNAT_PORT_TRIES	   32
#define SNAT_ADDRESS_TRIES 4

#define ANSWER_TTL 64 /* of what Leat sends itself: RSTs, ICMP errors, echo replies */
#define ENCAP_TTL  64 /* of outer headers */

/* Packet-too-big, on each CPU: so many a second, and so many at once after a pause. A path's MTU is
 * told once a connection, a flood is told no more than this. */
#define TOO_BIG_PER_SECOND 1000
#define TOO_BIG_BURST	   100

/* Echo replies of VIPs, likewise: many may watch a VIP, nobody needs more of it. */
#define ECHO_PER_SECOND 1000
#define ECHO_BURST	100

/* A UDP datagram without a checksum, from IPv4 to IPv6: the longest that one is made for. Every MTU
 * that frames have here is below. */
#define UDP_SUM_MAX 9216

/* Bytes of a datagram that a packet-too-big quotes. With the ICMP header they are the 512 that
 * bpf_csum_diff takes at once, and the answer stays below 576 bytes (RFC 1812 4.3.2.3). */
#define TOO_BIG_QUOTE 504

#endif
