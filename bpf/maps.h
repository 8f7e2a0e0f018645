/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Every map of the program, and nothing else. Keys, values and who writes what: leat/nlb_abi.h. The
 * table of maps is in README.md.
 *
 * Sizes are defaults: the loader may set max_entries of flows and replies before it loads. The
 * loader also decides which maps are pinned; nothing here says so.
 */
#ifndef LEAT_BPF_MAPS_H
#define LEAT_BPF_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <leat/nlb_abi.h>
#include <leat/nlb_verdicts.h>

/* ---- what user space writes and packets read ---- */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct nlb_settings);
} settings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, NLB_MAX_LISTENERS);
	__type(key, struct nlb_listener_key);
	__type(value, struct nlb_listener);
} listeners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, NLB_MAX_VIPS);
	__type(key, struct nlb_vip_key);
	__type(value, __u32);
} vips SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, NLB_MAX_PORT_RANGES);
	__type(key, struct nlb_port_range_key);
	__type(value, __u32);
} port_ranges SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, NLB_MAX_ACTIONS);
	__type(key, __u32);
	__type(value, struct nlb_action);
} actions SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, NLB_MAX_TARGET_GROUPS);
	__type(key, __u32);
	__type(value, struct nlb_target_group);
} target_groups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, NLB_MAX_SLOTS);
	__type(key, __u32);
	__type(value, struct nlb_slot);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, NLB_MAX_TARGETS);
	__type(key, __u32);
	__type(value, struct nlb_target);
} targets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, NLB_HEALTH_WORDS(NLB_MAX_TARGETS));
	__type(key, __u32);
	__type(value, __u64);
} health SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, NLB_MAX_NEXTHOPS);
	__type(key, __u32);
	__type(value, struct nlb_nexthop);
} nexthops SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, NLB_MAX_SNATS);
	__type(key, __u32);
	__type(value, struct nlb_snat);
} snats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, NLB_MAX_SOURCES);
	__type(key, struct nlb_source_key);
	__type(value, __u32);
} sources SEC(".maps");

/* Key and value are the ifindex: a device map keyed by what the rest of the program calls an
 * interface. */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, NLB_MAX_PORTS);
	__type(key, __u32);
	__type(value, __u32);
} tx_ports SEC(".maps");

/* ---- what packets write ---- */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, NLB_DEFAULT_FLOWS);
	__type(key, struct nlb_tuple);
	__type(value, struct nlb_flow);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, NLB_DEFAULT_FLOWS);
	__type(key, struct nlb_tuple);
	__type(value, struct nlb_reply);
} replies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NLB_MAX_VERDICTS);
	__type(key, __u32);
	__type(value, struct nlb_count);
} verdict_stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NLB_MAX_LISTENERS);
	__type(key, __u32);
	__type(value, struct nlb_listener_count);
} listener_stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, NLB_MAX_TARGETS);
	__type(key, __u32);
	__type(value, struct nlb_target_count);
} target_stats SEC(".maps");

/* ---- what only the program knows: not pinned, new with every program ---- */
/* What Leat sends by itself is limited by kind: the time up to which its tokens are used up. */
enum bucket { BUCKET_TOO_BIG, BUCKET_ECHO, BUCKETS };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, BUCKETS);
	__type(key, __u32);
	__type(value, __u64);
} buckets SEC(".maps");

/* Who has begun how many flows of late: by listener and source. */
struct source_rate_key {
	__u8 address[16]; /* IPv6: of the network, 64 bits */
	__u32 listener;
	__u32 family;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, NLB_MAX_SOURCE_RATES);
	__type(key, struct source_rate_key);
	__type(value, __u64); /* a bucket, as the time up to which its tokens are used up */
} source_rates SEC(".maps");

/* Entries of a flow in the making: too large for the stack, which they would fill up by half. No packet is
 * interrupted by another one of its CPU. */
struct draft {
	struct nlb_flow flow;
	struct nlb_reply reply;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct draft);
} drafts SEC(".maps");

#endif
