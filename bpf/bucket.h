/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Token buckets. A bucket is the time up to which its tokens are used up: each takes its share of a
 * second, and a pause is worth a burst at most. A bucket of 0 is full.
 *
 * CPUs that share one may both take the last token: a limit, not an account.
 */
#ifndef LEAT_BPF_BUCKET_H
#define LEAT_BPF_BUCKET_H

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

#endif
