/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Token buckets. A bucket is the time up to which its tokens are used up: each takes its share of a
 * second, and a pause is worth a burst at most. A bucket of 0 is full.
 *
 * CPUs that share one may both take the last token: a limit, not an account.
 */
#ifndef LEAT_BPF_BUCKET_H
#define LEAT_BPF_BUCKET_H

#include "config.h"
#include "maps.h"
#include "packet.h"

static __always_inline bool bucket_take(__u64 *used_ns, __u64 now_ns, __u64 token_ns, __u64 burst)
{
	__u64 used = READ_ONCE(*used_ns), burst_ns = burst * token_ns;

	if (used + burst_ns < now_ns)
		used = now_ns - burst_ns;
	if (used + token_ns > now_ns)
		return false;
	*used_ns = used + token_ns;
	return true;
}

/* Answers of Leat's own making: a bucket of each kind on each CPU. */
static __always_inline bool bucket_take_answer(__u32 bucket, __u32 per_second, __u32 burst)
{
	__u64 *used_ns = bpf_map_lookup_elem(&buckets, &bucket);

	return used_ns && bucket_take(used_ns, bpf_ktime_get_coarse_ns(),
				      NSEC_PER_SEC / per_second, burst);
}

#endif
