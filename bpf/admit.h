/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * May this source use the listener? Its security groups, compiled into one list of prefixes of
 * which the longest decides, and the limit of new flows of one source.
 *
 * Asked once a flow: an entry remembers the list that admitted it, and is asked again when the
 * listener has got another one. So a change holds for known flows from their next packet on, and
 * costs the others one comparison. Where a target is chosen without an entry (SYNs of direct server
 * return, which leave none), every packet is asked.
 */
#ifndef LEAT_BPF_ADMIT_H
#define LEAT_BPF_ADMIT_H

#include "bucket.h"
#include "config.h"
#include "maps.h"
#include "nat.h"
#include "packet.h"

static __always_inline bool is_source_allowed(const struct nlb_tuple *tuple, __u16 list)
{
	struct nlb_source_key key = {
		.prefix_bits = NLB_SOURCE_LIST_BITS + 8 * sizeof(key.address),
		.list = list,
		.family = tuple->family,
	};
	const __u32 *answer;

	if (!list)
		return true;
	__builtin_memcpy(key.address, tuple->src, sizeof(key.address));
	answer = bpf_map_lookup_elem(&sources, &key);
	return answer && *answer == NLB_SOURCE_ALLOWED;
}

/* An IPv6 client has a network of addresses (RFC 6177): it is limited as one. */
static __always_inline bool is_source_in_rate(const struct nlb_tuple *tuple,
					      const struct nlb_listener *listener)
{
	struct source_rate_key key = {.listener = listener->id, .family = tuple->family};
	__u64 now_ns = bpf_ktime_get_coarse_ns(), full = 0, *used_ns;

	if (!listener->flows_per_s)
		return true;
	*(word64 *)key.address = *(const word64 *)tuple->src; /* IPv4 has nothing behind */
	used_ns = bpf_map_lookup_elem(&source_rates, &key);
	if (!used_ns) {
		bpf_map_update_elem(&source_rates, &key, &full, BPF_NOEXIST);
		used_ns = bpf_map_lookup_elem(&source_rates, &key);
	}
	return !used_ns || bucket_take(used_ns, now_ns, NSEC_PER_SEC / listener->flows_per_s,
				       listener->flows_burst);
}

/* Returns 0, DENIED or RATE_LIMITED. `begins`: the packet begins a flow. */
__noinline int source_admit(const struct nlb_tuple *tuple, const struct nlb_listener *listener,
			    __u8 begins)
{
	if (!tuple || !listener)
		return NLB_INTERNAL;
	if (!is_source_allowed(tuple, listener->sources))
		return NLB_DENIED;
	return begins && !is_source_in_rate(tuple, listener) ? NLB_RATE_LIMITED : 0;
}

/* A known flow whose listener has got another list since it was admitted. */
static __always_inline int admit_again(struct packet *p)
{
	struct nlb_flow *f = p->flow;

	if (!source_admit(p->tuple, p->listener, false)) {
		f->sources = p->listener->sources;
		return 0;
	}
	flow_end(p->tuple, f);
	return NLB_DENIED;
}

/* Whether the packet is one that a source's rate counts. Of UDP that the host serves itself no flow
 * is known, so its packets are not counted at all. */
static __always_inline bool begins_flow(const struct packet *p, int verdict)
{
	return is_tcp(p) ? is_syn(p) && verdict != NLB_RESET_NO_FLOW : !verdict;
}

/* `verdict`: what the walk has come to. A source that is not allowed is not answered by an RST
 * either, and doesn't reach the host's own stack. */
static __always_inline int admit(struct packet *p, int verdict)
{
	int refusal;

	if (!p->listener || (verdict && verdict != NLB_RESET_NO_FLOW && verdict != NLB_LOCAL))
		return verdict;
	if (p->flow)
		return likely(p->flow->sources == p->listener->sources) ? 0 : admit_again(p);
	if (likely(!(p->listener->flags & NLB_LISTENER_ADMITS)))
		return verdict;
	refusal = source_admit(p->tuple, p->listener, begins_flow(p, verdict));
	/* As constants: of a function's answer Linux 6.1 doesn't know that it is not 0. */
	if (refusal == NLB_RATE_LIMITED)
		return NLB_RATE_LIMITED;
	return refusal ? NLB_DENIED : verdict;
}

#endif
