/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The maps of leat-target's programs, all pinned by its loader. What is in them: leat/decap_abi.h.
 */
#ifndef LEAT_BPF_DECAP_MAPS_H
#define LEAT_BPF_DECAP_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <leat/decap_abi.h>
#include <leat/decap_verdicts.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct decap_settings);
} decap_settings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, DECAP_MAX_VIPS);
	__type(key, struct decap_vip);
	__type(value, __u32);
} decap_vips SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DECAP_MAX_ADDRESSES);
	__type(key, struct decap_address);
	__type(value, __u32);
} decap_own SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DECAP_MAX_VERDICTS);
	__type(key, __u32);
	__type(value, struct decap_count);
} decap_stats SEC(".maps");

#endif
