// SPDX-License-Identifier: BSD-2-Clause
/* The helpers that are neither a map's nor a frame's, and the run of one packet. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maps.h"

#define TAIL_CALLS_MAX 33
#define CSUM_BYTES_MAX 512

static struct native_run *now; /* the run in progress */
static jmp_buf ending;
static int tail_calls;

void native_die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fprintf(stderr, "native build: ");
	vfprintf(stderr, fmt, args);
	fprintf(stderr, "\n");
	va_end(args);
	abort();
}

void native_run(struct native *n, struct native_run *run)
{
	static struct xdp_md ctx; /* static: setjmp() */

	ctx = (struct xdp_md){.ingress_ifindex = run->ifindex};
	native_use(n);
	native_commit(n);
	run->egress = 0;
	run->draws = 0;
	tail_calls = 0;
	now = run;
	frame_place(&ctx, run->frame, run->len);
	if (!setjmp(ending))
		run->action = run->program(&ctx);
	run->out_len = frame_take(&ctx, run->out);
	now = NULL;
}

/* The called program's end is the walk's: the caller never goes on. */
void native_tail_call(struct xdp_md *ctx, native_program *const *programs, __u32 count, __u32 index)
{
	if (index >= count || !programs[index] || tail_calls++ == TAIL_CALLS_MAX)
		return;
	now->action = programs[index](ctx);
	longjmp(ending, 1);
}

/* Where there is no such interface: the action that `flags` names. */
long native_redirect_map(struct native_map *map, __u64 key, __u64 flags)
{
	__u32 index = (__u32)key, *ifindex = native_map_lookup(map, &index);

	if (!ifindex)
		return (long)(flags & 3);
	now->egress = *ifindex;
	return XDP_REDIRECT;
}

__u64 bpf_ktime_get_coarse_ns(void)
{
	return now->now_ns;
}

__u32 bpf_get_prandom_u32(void)
{
	int draw = now->draws++;

	return now->random[draw < NATIVE_DRAWS ? draw : NATIVE_DRAWS - 1];
}

__u32 bpf_get_smp_processor_id(void)
{
	return now->cpu;
}

static __u64 sum_words(const void *bytes, __u32 n, __u32 invert)
{
	const __u8 *at = bytes;
	__u64 sum = 0;
	__u32 i, word;

	for (i = 0; i < n; i += 4) {
		memcpy(&word, at + i, sizeof(word));
		sum += word ^ invert;
	}
	return sum;
}

/* The kernel's result is folded to 16 bits since 6.13 and to 32 before; both stand for the same. */
__s64 bpf_csum_diff(__be32 *from, __u32 from_bytes, __be32 *to, __u32 to_bytes, __wsum seed)
{
	__u64 sum = seed;

	if ((from_bytes | to_bytes) & 3 || from_bytes > CSUM_BYTES_MAX || to_bytes > CSUM_BYTES_MAX)
		return -EINVAL;
	sum += sum_words(from, from_bytes, 0xffffffff) + sum_words(to, to_bytes, 0);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (__s64)sum;
}
