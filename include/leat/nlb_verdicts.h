/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every way a packet can end in nlb_ingress: X(id, name, action, help). The id is the index of verdict_stats; names reach
 * metrics, `leatctl stats`, logs and tests. New verdicts go at the end: pinned counters keep their meaning.
 * Actions are those of bpf/verdict.h: PASS (to the stack, untouched), DROP, TX (out of the interface it came in), REDIRECT.
 */
#ifndef LEAT_NLB_VERDICTS_H
#define LEAT_NLB_VERDICTS_H

#define NLB_VERDICTS(X)                                                                                                      \
	X(NONE, "none", DROP, "no stage decided: a bug in Leat")                                                            \
	X(FORWARD_TX, "forward_tx", TX, "to a target, out of the interface it came in")                                     \
	X(FORWARD_REDIRECT, "forward_redirect", REDIRECT, "to a target, out of another interface")                          \
	X(REPLY_TX, "reply_tx", TX, "a target's answer to its client, out of the interface it came in")                     \
	X(REPLY_REDIRECT, "reply_redirect", REDIRECT, "a target's answer to its client, out of another interface")          \
	X(NOT_IP, "not_ip", PASS, "neither IPv4 nor IPv6 (ARP, LLDP ...): the stack's")                                     \
	X(NOT_UNICAST, "not_unicast", PASS, "Ethernet broadcast or multicast: the stack's")                                 \
	X(NOT_OURS, "not_ours", PASS, "no listener and no flow: the stack's")                                               \
	X(OTHER_PROTOCOL, "other_protocol", PASS, "neither TCP nor UDP (ICMP, OSPF ...): the stack's")                      \
	X(ETH_TRUNCATED, "eth_truncated", PASS, "frame shorter than its Ethernet and VLAN headers")                         \
	X(VLAN_TOO_DEEP, "vlan_too_deep", PASS, "more than two VLAN tags")                                                  \
	X(IP_TRUNCATED, "ip_truncated", PASS, "frame shorter than its IP header, or than the length the header names")      \
	X(IP_HEADER_BAD, "ip_header_bad", PASS, "IP version or header length is wrong")                                     \
	X(L4_TRUNCATED, "l4_truncated", PASS, "no room for the TCP or UDP header")                                          \
	X(TCP_HEADER_BAD, "tcp_header_bad", PASS, "TCP data offset is wrong")                                               \
	X(UDP_LENGTH_BAD, "udp_length_bad", PASS, "UDP length is wrong")                                                    \
	X(EXTENSIONS_TOO_DEEP, "extensions_too_deep", PASS, "more IPv6 extension headers than Leat walks")                  \
	X(FRAGMENT, "fragment", DROP, "a fragment to an address of a listener: not balanced yet")                           \
	X(NO_TARGET, "no_target", DROP, "the target group has no target")                                                   \
	X(NO_HEALTHY_TARGET, "no_healthy_target", DROP, "neither the slot's primary nor its secondary target takes new flows") \
	X(TARGET_GONE, "target_gone", DROP, "the flow's target was removed")                                                \
	X(NO_FLOW, "no_flow", DROP, "TCP to a nat or dnat listener that is neither SYN nor of a known flow")                        \
	X(NO_NEXT_HOP, "no_next_hop", DROP, "the target's MAC address is not known yet")                                    \
	X(REDIRECT_NO_PORT, "redirect_no_port", DROP, "the interface towards the next hop is not among those Leat transmits on") \
	X(NAT_PORTS_EXHAUSTED, "nat_ports_exhausted", DROP, "no free source port towards the target")                       \
	X(NAT_PORT_LOST, "nat_port_lost", DROP, "the flow's source port was given to another flow")                         \
	X(NO_SNAT_ADDRESS, "no_snat_address", DROP, "no source address of the target's family")                             \
	X(FLOW_TABLE_FULL, "flow_table_full", DROP, "the kernel refused a new entry in the flow table")                     \
	X(TTL_EXPIRED, "ttl_expired", DROP, "TTL or hop limit would become 0")                                              \
	X(MTU_EXCEEDED, "mtu_exceeded", DROP, "longer than the MTU of the path to the next hop")                            \
	X(RESET_UNHEALTHY, "reset_unhealthy", TX, "RST to the client: its target is unhealthy")                             \
	X(RESET_NO_FLOW, "reset_no_flow", TX, "RST to the client: its flow has expired or its target was removed")          \
	X(REPLY_NO_FLOW, "reply_no_flow", DROP, "an answer of a target whose flow is gone")                                 \
	X(INTERNAL, "internal", DROP, "a map entry that must exist does not: a bug in Leat or a damaged pin")               \
	X(ICMP_TO_TARGET_TX, "icmp_to_target_tx", TX, "an ICMP error about an answer, to the target that sent it, out of the interface it came in") \
	X(ICMP_TO_TARGET_REDIRECT, "icmp_to_target_redirect", REDIRECT, "an ICMP error about an answer, to the target that sent it, out of another interface") \
	X(ICMP_TO_CLIENT_TX, "icmp_to_client_tx", TX, "an ICMP error about a packet to a nat target, to its client, out of the interface it came in") \
	X(ICMP_TO_CLIENT_REDIRECT, "icmp_to_client_redirect", REDIRECT, "an ICMP error about a packet to a nat target, to its client, out of another interface") \
	X(ICMP_QUOTE_BAD, "icmp_quote_bad", PASS, "an ICMP error that quotes too little of a packet to tell its flow")       \
	X(ICMP_MTU_BAD, "icmp_mtu_bad", DROP, "packet-too-big with an MTU below the protocol's minimum: forged")             \
	X(PACKET_TOO_BIG, "packet_too_big", TX, "packet-too-big to the client: its packet is longer than the path to the target") \
	X(FRAGMENT_NO_FIRST, "fragment_no_first", DROP, "a later fragment of a datagram whose first one has not been seen") \
	X(ECHO_REPLY, "echo_reply", TX, "an echo request to a VIP, answered")                                                \
	X(ECHO_LIMITED, "echo_limited", DROP, "an echo request to a VIP, beyond the rate that is answered")                  \
	X(LOCAL, "local", PASS, "to a listener that this host serves itself (target type alb)")                             \
	X(QUIC_UNKNOWN_ID, "quic_unknown_id", DROP, "a QUIC connection id that names no target of the listener")             \
	X(DENIED, "denied", DROP, "a source that the listener's security groups do not allow")                              \
	X(RATE_LIMITED, "rate_limited", DROP, "a new flow of a source that has begun too many of late")                     \
	X(TARGET_FULL, "target_full", DROP, "every target that may take the flow has as many as it is allowed")             \
	X(COOKIE_SENT, "cookie_sent", TX, "a SYN, answered with a SYN cookie while the listener is under attack")            \
	X(COOKIE_BAD, "cookie_bad", DROP, "an ACK whose SYN cookie is not one of ours, or too old")                         \
	X(COOKIE_OPENS, "cookie_opens", REDIRECT, "a valid SYN cookie: the SYN to the target that it stands for")            \
	X(COOKIE_WAITS, "cookie_waits", DROP, "a packet of a client whose target has not answered yet: it is sent again")   \
	X(TARGET_ANSWERED, "target_answered", TX, "a target's SYN-ACK to a connection that the client has already opened, acknowledged") \
	X(RESET_TARGET, "reset_target", TX, "RST to the target: its flow has expired")                                      \
	X(UNTRANSLATABLE, "untranslatable", DROP, "a packet that has no counterpart in its target's address family")        \
	X(PROXY_REFUSED, "proxy_refused", DROP, "no PROXY header can be put before its data: it came with the SYN, or behind too long headers")

enum nlb_verdict {
#define X(id, name, action, help) NLB_##id,
	NLB_VERDICTS(X)
#undef X
	NLB_VERDICT_COUNT
};

#define NLB_MAX_VERDICTS 128 /* entries of verdict_stats: room to grow without changing the map */
_Static_assert((int)NLB_VERDICT_COUNT <= NLB_MAX_VERDICTS, "verdict_stats is too small");

#endif
