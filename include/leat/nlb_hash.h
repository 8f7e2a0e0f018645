/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hash that chooses a slot: SipHash-2-4 (Aumasson, Bernstein 2012) over whole 64-bit words, keyed, so that no client
 * can aim at one target. The same text runs in the XDP program, in `leatctl` explanations and in tests.
 */
#ifndef LEAT_NLB_HASH_H
#define LEAT_NLB_HASH_H

#include "nlb_abi.h"

#define NLB_ROTL64(x, b) (((x) << (b)) | ((x) >> (64 - (b))))
#define NLB_SIPROUND                      \
	do {                              \
		v0 += v1;                 \
		v1 = NLB_ROTL64(v1, 13);  \
		v1 ^= v0;                 \
		v0 = NLB_ROTL64(v0, 32);  \
		v2 += v3;                 \
		v3 = NLB_ROTL64(v3, 16);  \
		v3 ^= v2;                 \
		v0 += v3;                 \
		v3 = NLB_ROTL64(v3, 21);  \
		v3 ^= v0;                 \
		v2 += v1;                 \
		v1 = NLB_ROTL64(v1, 17);  \
		v1 ^= v2;                 \
		v2 = NLB_ROTL64(v2, 32);  \
	} while (0)

/* SipHash-2-4 of n 64-bit words; equals the reference over the same 8*n bytes on a little-endian host. n is a compile-time
 * constant where this is inlined into the program. */
static inline __attribute__((always_inline)) __u64 nlb_siphash(const __u64 key[2], const __u64 *words, int n)
{
	__u64 v0 = 0x736f6d6570736575ULL ^ key[0];
	__u64 v1 = 0x646f72616e646f6dULL ^ key[1];
	__u64 v2 = 0x6c7967656e657261ULL ^ key[0];
	__u64 v3 = 0x7465646279746573ULL ^ key[1];
	__u64 tail = (__u64)(8 * n) << 56;
	int i;

#ifdef __bpf__
#pragma unroll
#endif
	for (i = 0; i < n; i++) {
		v3 ^= words[i];
		NLB_SIPROUND;
		NLB_SIPROUND;
		v0 ^= words[i];
	}
	v3 ^= tail;
	NLB_SIPROUND;
	NLB_SIPROUND;
	v0 ^= tail;
	v2 ^= 0xff;
	NLB_SIPROUND;
	NLB_SIPROUND;
	NLB_SIPROUND;
	NLB_SIPROUND;
	return v0 ^ v1 ^ v2 ^ v3;
}

/* Words that are hashed, by family and fields:
 *   IPv4 5-tuple: [src | dst << 32, ports]          IPv4 source: [src]
 *   IPv6 5-tuple: [src lo, src hi, dst lo, dst hi, ports]   IPv6 source: [src lo, src hi]
 *   ports = sport | dport << 16 | protocol << 32, all as they lie in memory (network order, read as host integers). */
static inline __attribute__((always_inline)) __u64 nlb_hash_tuple(const __u64 key[2], const struct nlb_tuple *t, __u8 fields)
{
	__u64 words[5] = {0};
	__u32 src, dst;

	if (t->family == NLB_IPV4) {
		__builtin_memcpy(&src, t->src, sizeof(src));
		words[0] = src;
		if (fields == NLB_HASH_SOURCE)
			return nlb_siphash(key, words, 1);
		__builtin_memcpy(&dst, t->dst, sizeof(dst));
		words[0] |= (__u64)dst << 32;
		words[1] = (__u64)t->sport | (__u64)t->dport << 16 | (__u64)t->protocol << 32;
		return nlb_siphash(key, words, 2);
	}
	__builtin_memcpy(&words[0], t->src, sizeof(t->src));
	if (fields == NLB_HASH_SOURCE)
		return nlb_siphash(key, words, 2);
	__builtin_memcpy(&words[2], t->dst, sizeof(t->dst));
	words[4] = (__u64)t->sport | (__u64)t->dport << 16 | (__u64)t->protocol << 32;
	return nlb_siphash(key, words, 5);
}

/* The same fields, by another key: the choice between weighted target groups, which tells nothing of the choice within one. */
static inline __attribute__((always_inline)) __u64 nlb_hash_action(const __u64 key[2], const struct nlb_tuple *t, __u8 fields)
{
	const __u64 other[2] = {key[0] ^ 0x616374696f6e7331ULL, key[1] ^ 0x7765696768747331ULL};

	return nlb_hash_tuple(other, t, fields);
}

/* Index in ends[] of a hash: in proportion to the weights. ends[count - 1] is not 0. */
static inline __attribute__((always_inline)) __u32 nlb_action_pick(const __u16 ends[NLB_ACTION_GROUPS], __u32 count, __u32 hash)
{
	__u32 total = 0, at, i;

#ifdef __bpf__
#pragma unroll
#endif
	for (i = 0; i < NLB_ACTION_GROUPS; i++)
		if (i < count)
			total = ends[i];
	at = (__u32)(((__u64)hash * total) >> 32);
#ifdef __bpf__
#pragma unroll
#endif
	for (i = 0; i < NLB_ACTION_GROUPS - 1; i++)
		if (at < ends[i])
			return i;
	return NLB_ACTION_GROUPS - 1;
}

/* Which of an action's groups a hash of nlb_hash_action() chooses: index in groups[]. */
static inline __attribute__((always_inline)) __u32 nlb_action_choose(const struct nlb_action *action, __u64 hash)
{
	__u32 first = nlb_action_pick(action->ends, action->count, (__u32)hash);

	if (action->able >> first & 1 || !action->able)
		return first;
	return nlb_action_pick(action->able_ends, action->count, (__u32)(hash >> 32));
}

/* Slot of a hash in a ring of `size` slots, without a division. */
static inline __attribute__((always_inline)) __u32 nlb_hash_slot(__u64 hash, __u32 size)
{
	return (__u32)(((hash & 0xffffffff) * size) >> 32);
}

#endif
