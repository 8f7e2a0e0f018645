// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The wrapper, and the programs that others are compared with. BPF_PROG_TEST_RUN hands a program
 * the same buffer again and again, edited and moved as the run before left it; the wrapper puts the
 * next frame of a table into place, where the first one was, and goes on into the program under
 * test by a tail call.
 *
 * The programs here write what they say and nothing else: no counters, no checks beyond the
 * verifier's.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bench_abi.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, BENCH_FRAMES_MAX);
	__type(key, __u32);
	__type(value, struct bench_frame);
} frames SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, BENCH_FRAMES_MAX);
	__type(key, __u32);
	__type(value, struct bench_frame);
} outputs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} subject SEC(".maps");

struct bench_run run;
volatile __u64 pointer; /* a packet pointer goes in, a number comes out */

static __always_inline __u64 data_address(const struct xdp_md *ctx)
{
	pointer = (__u64)(long)ctx->data;
	return pointer;
}

static __always_inline __u32 data_length(const struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	long length = end - data;

	asm volatile("" : "+r"(length));
	return length;
}

static __always_inline void copy_words(__u64 *to, const __u64 *from, int first, int end)
{
	int i;

#pragma unroll
	for (i = first; i < end; i++)
		to[i] = from[i];
}

/* What the program before made of its frame. */
static __always_inline void capture(const struct xdp_md *ctx)
{
	__u32 last = run.last;
	struct bench_frame *to = bpf_map_lookup_elem(&outputs, &last);
	__u64 *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	if (!to)
		return;
	to->bytes = data_length(ctx);
	if ((void *)data + BENCH_FRAME_V4 > end)
		return;
	copy_words(to->words, data, 0, BENCH_FRAME_V4 / 8);
	if ((void *)data + BENCH_FRAME_V6 <= end)
		copy_words(to->words, data, BENCH_FRAME_V4 / 8, BENCH_FRAME_V6 / 8);
}

/* Frame's begin and end as they were before the first packet. */
static __always_inline bool move_back(struct xdp_md *ctx)
{
	__u64 now = data_address(ctx);
	int moved;

	if (!run.home)
		run.home = now;
	moved = (int)(run.home - now);
	if (moved && bpf_xdp_adjust_head(ctx, moved))
		return false;
	moved = (int)(run.frame_bytes - data_length(ctx));
	return !moved || !bpf_xdp_adjust_tail(ctx, moved);
}

static __always_inline bool put_frame(struct xdp_md *ctx)
{
	__u32 index = run.next;
	const struct bench_frame *from = bpf_map_lookup_elem(&frames, &index);
	__u64 *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	if (!from || (void *)data + BENCH_FRAME_V4 > end)
		return false;
	copy_words(data, from->words, 0, BENCH_FRAME_V4 / 8);
	if ((void *)data + BENCH_FRAME_V6 <= end)
		copy_words(data, from->words, BENCH_FRAME_V4 / 8, BENCH_FRAME_V6 / 8);
	run.last = index;
	run.next = index + 1 < run.frames ? index + 1 : 0;
	return true;
}

/* The interval holds packets - 1 packets: from before the first to before the last. */
static __always_inline void take_time(void)
{
	__u32 done = run.done++;

	if (done == 0)
		run.started_ns = bpf_ktime_get_ns();
	if (done + 1 == run.packets)
		run.ended_ns = bpf_ktime_get_ns();
}

SEC("xdp")
int bench_wrapper(struct xdp_md *ctx)
{
	take_time();
	if (run.captures && run.home)
		capture(ctx);
	if (move_back(ctx) && put_frame(ctx))
		bpf_tail_call_static(ctx, &subject, 0);
	run.failures++; /* not in place, or no program in the slot */
	return XDP_ABORTED;
}

SEC("xdp")
int bench_pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp")
int bench_tx(struct xdp_md *ctx)
{
	return XDP_TX;
}

static __always_inline void write_ethernet(__u16 *eth, __be16 proto)
{
	eth[0] = bpf_htons(0x0200);
	eth[1] = 0;
	eth[2] = bpf_htons(0x0101);
	eth[3] = bpf_htons(0x0200);
	eth[4] = 0;
	eth[5] = bpf_htons(0x0001);
	eth[6] = proto;
}

static __always_inline __sum16 header_checksum(const struct iphdr *ip)
{
	const __u16 *words = (const __u16 *)ip;
	__u32 sum = 0, i;

#pragma unroll
	for (i = 0; i < sizeof(*ip) / 2; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(sum + (sum >> 16));
}

static __always_inline int encap_v4(struct xdp_md *ctx)
{
	struct iphdr outer = {
		.version = 4,
		.ihl = 5,
		.tot_len = bpf_htons(data_length(ctx) - ETH_HLEN + sizeof(outer)),
		.ttl = 64,
		.protocol = IPPROTO_IPIP,
		.saddr = bpf_htonl(0x0a010001),
		.daddr = bpf_htonl(0x0a010002),
	};
	void *data;

	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(outer)))
		return XDP_ABORTED;
	data = (void *)(long)ctx->data;
	if (data + ETH_HLEN + sizeof(outer) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	outer.check = header_checksum(&outer);
	write_ethernet(data, bpf_htons(ETH_P_IP));
	*(struct iphdr *)(data + ETH_HLEN) = outer;
	return XDP_TX;
}

static __always_inline int encap_v6(struct xdp_md *ctx)
{
	struct ipv6hdr outer = {
		.version = 6,
		.payload_len = bpf_htons(data_length(ctx) - ETH_HLEN),
		.nexthdr = IPPROTO_IPV6,
		.hop_limit = 64,
		.saddr.s6_addr32 = {bpf_htonl(0xfd000000), 0, 0, bpf_htonl(1)},
		.daddr.s6_addr32 = {bpf_htonl(0xfd000000), 0, 0, bpf_htonl(2)},
	};
	void *data;

	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(outer)))
		return XDP_ABORTED;
	data = (void *)(long)ctx->data;
	if (data + ETH_HLEN + sizeof(outer) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	write_ethernet(data, bpf_htons(ETH_P_IPV6));
	*(struct ipv6hdr *)(data + ETH_HLEN) = outer;
	return XDP_TX;
}

/* The least that a tunnel costs: no parsing but of the EtherType, no look-up. */
SEC("xdp")
int bench_encap(struct xdp_md *ctx)
{
	const struct ethhdr *eth = (void *)(long)ctx->data;

	if ((void *)(eth + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	return eth->h_proto == bpf_htons(ETH_P_IP) ? encap_v4(ctx) : encap_v6(ctx);
}

char _license[] SEC("license") = "Dual BSD/GPL";
