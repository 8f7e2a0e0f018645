/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel as bpf/ sees it when it is compiled for the host: the helpers that it calls. A helper
 * that is missing is an error of the compiler: declare it here, write it in helpers.c (frames:
 * frame.c; kinds of maps: maps.c), by what the kernel does and not by what the program needs.
 */
#ifndef LEAT_TESTS_BPF_NATIVE_KERNEL_H
#define LEAT_TESTS_BPF_NATIVE_KERNEL_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stddef.h>

#define NATIVE_VALUES_MAX 64 /* programs in an array, maps in a map */

#define NATIVE_KNOWS(type)                                                               \
	((type) == BPF_MAP_TYPE_ARRAY || (type) == BPF_MAP_TYPE_PERCPU_ARRAY ||          \
	 (type) == BPF_MAP_TYPE_HASH || (type) == BPF_MAP_TYPE_LRU_HASH ||               \
	 (type) == BPF_MAP_TYPE_PERCPU_HASH || (type) == BPF_MAP_TYPE_LRU_PERCPU_HASH || \
	 (type) == BPF_MAP_TYPE_LPM_TRIE || (type) == BPF_MAP_TYPE_DEVMAP ||             \
	 (type) == BPF_MAP_TYPE_DEVMAP_HASH)

struct native_shape {
	__u32 type; /* enum bpf_map_type */
	__u32 key_bytes;
	__u32 value_bytes;
	__u32 max_entries;
};

struct native_map;
typedef int native_program(struct xdp_md *ctx);

/* `none`: only for the compiler, which finds out while it computes it whether the kind is known. */
struct native_map *native_map_of(const void *address, const struct native_shape *shape,
				 size_t none);
void *native_map_lookup(struct native_map *map, const void *key);
long native_map_update(struct native_map *map, const void *key, const void *value, __u64 flags);
long native_map_delete(struct native_map *map, const void *key);
long native_redirect_map(struct native_map *map, __u64 key, __u64 flags);
void native_tail_call(struct xdp_md *ctx, native_program *const *programs, __u32 count,
		      __u32 index);

long bpf_xdp_adjust_head(struct xdp_md *ctx, int delta);
long bpf_xdp_adjust_tail(struct xdp_md *ctx, int delta);
__s64 bpf_csum_diff(__be32 *from, __u32 from_bytes, __be32 *to, __u32 to_bytes, __wsum seed);
__u64 bpf_ktime_get_coarse_ns(void);
__u32 bpf_get_prandom_u32(void);
__u32 bpf_get_smp_processor_id(void);

#endif
