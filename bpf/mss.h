/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The MSS that a SYN or SYN-ACK announces, lowered to what the path to the target carries: neither
 * end knows that path, and a segment that is too long for it costs a packet-too-big and a round
 * trip, if it is told at all. Both directions pass here, so both announcements are looked at: the
 * client's governs what the target sends, the target's what the client sends.
 *
 * Never raised, and where there is none it stays so: the default (RFC 9293 3.7.1) fits every path.
 */
#ifndef LEAT_BPF_MSS_H
#define LEAT_BPF_MSS_H

#include <linux/ip.h>
#include <linux/ipv6.h>

#include "csum.h"
#include "maps.h"
#include "packet.h"
#include "parse.h"
#include "target.h"

/* Options of TCP. */
enum { MSS_END = 0, MSS_NOP = 1, MSS_MSS = 2, MSS_MSS_BYTES = 4 };

#define MSS_OPTIONS_MAX 40 /* bytes */
#define MSS_CHECK_AT	16

/* The headers are those of the target's family: where the client's is the other one, its packets
 * become the target's on that path. 0: no limit is known. */
static __always_inline __u32 mss_of_path(const struct nlb_target *target)
{
	__u32 headers = TCP_HEADER_MIN + (target->family == NLB_IPV4 ? sizeof(struct iphdr)
								     : sizeof(struct ipv6hdr));
	__u32 index = READ_ONCE(target->nexthop);
	const struct nlb_nexthop *hop = bpf_map_lookup_elem(&nexthops, &index);

	return hop && index && hop->mtu > headers ? hop->mtu - headers : 0;
}

static __always_inline __u32 mss_limit(const struct nlb_target *target)
{
	const struct nlb_target_group *group =
		bpf_map_lookup_elem(&target_groups, &target->target_group);
	__u32 path = mss_of_path(target), max = group ? group->mss_max : 0;

	return max && (!path || max < path) ? max : path;
}

/* The offset of the MSS option in the frame, 0: there is none. */
static __always_inline __u32 mss_find(struct xdp_md *ctx, __u32 offset, __u32 end)
{
	const __u8 *option;
	int i;

	for (i = 0; i < MSS_OPTIONS_MAX; i++) {
		offset &= PACKET_OFFSET_MAX;
		option = frame_at(ctx, offset, MSS_MSS_BYTES);
		if (!option || offset + MSS_MSS_BYTES > end || option[0] == MSS_END)
			return 0;
		if (option[0] == MSS_MSS)
			return option[1] == MSS_MSS_BYTES ? offset : 0;
		if (option[0] != MSS_NOP && option[1] < 2)
			return 0;
		offset += option[0] == MSS_NOP ? 1 : option[1];
	}
	return 0;
}

/* A value at an odd offset of the segment lies across two of its words, and the sum sees its bytes
 * the other way round. */
static __always_inline __u64 mss_word(__be16 value, __u32 offset)
{
	return offset & 1 ? __builtin_bswap16(value) : value;
}

static __always_inline void mss_write(struct xdp_md *ctx, __u32 l4_offset, __u32 option, __be16 mss)
{
	word16 *check = frame_at(ctx, l4_offset + MSS_CHECK_AT, sizeof(*check));
	word16 *value = frame_at(ctx, option + 2, sizeof(*value));
	__be16 old;

	if (!check || !value)
		return;
	old = *value;
	*value = mss;
	*check = csum_apply(*check, (__u16)~mss_word(old, option - l4_offset) +
					    mss_word(mss, option - l4_offset));
}

/* Of a segment with SYN from or to the target of this id, as it is about to leave. A global
 * function: once or twice in a connection. Returns 0. */
__noinline int mss_clamp(struct xdp_md *ctx, __u32 target_id, __u32 l4_offset)
{
	const struct nlb_target *target = target_find(target_id);
	const __u8 *tcp, *value;
	__u32 limit, option;

	l4_offset &= PACKET_OFFSET_MAX;
	tcp = frame_at(ctx, l4_offset, TCP_HEADER_MIN);
	limit = target ? mss_limit(target) : 0;
	if (!tcp || !limit)
		return 0;
	option = mss_find(ctx, l4_offset + TCP_HEADER_MIN, l4_offset + (tcp[12] >> 4) * 4);
	value = option ? frame_at(ctx, option + 2, 2) : NULL;
	if (value && ((__u32)value[0] << 8 | value[1]) > limit)
		mss_write(ctx, l4_offset, option, bpf_htons(limit));
	return 0;
}

#endif
