/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What modes ipip and gue put around a packet, in bytes: the data path needs it for a path's MTU, the controller to fill
 * nlb_target.overhead and to warn of paths that packets of full size don't fit.
 */
#ifndef LEAT_NLB_ENCAP_H
#define LEAT_NLB_ENCAP_H

#include "gue.h"
#include "nlb_abi.h"

#define NLB_OUTER_IPV4_BYTES 20
#define NLB_OUTER_IPV6_BYTES 40

/* The most that the outer headers towards a target of this family (enum nlb_family) take; 0: the mode doesn't encapsulate. gue: with an
 * alternate, whether a packet names one or not, so that a path has one MTU for all packets of a flow. */
static inline __attribute__((always_inline)) __u8 nlb_encap_bytes(__u8 forwarding, __u8 family)
{
	__u8 ip = family == NLB_IPV6 ? NLB_OUTER_IPV6_BYTES : NLB_OUTER_IPV4_BYTES;

	if (forwarding == NLB_FORWARD_IPIP)
		return ip;
	if (forwarding != NLB_FORWARD_GUE)
		return 0;
	return ip + (family == NLB_IPV6 ? GUE_BYTES(GUE_HLEN_ALTERNATE6) : GUE_BYTES(GUE_HLEN_ALTERNATE4));
}

#endif
