// SPDX-License-Identifier: BSD-2-Clause
/* libbpf and the generated skeleton, confined to this file. */
#include "program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nlb.skel.h"
#include "twin.h"

static const struct {
	const char *name;
	int action;
} verdicts[NLB_VERDICT_COUNT] = {
#define X(id, name, action, help) [NLB_##id] = {name, XDP_##action},
	NLB_VERDICTS(X)
#undef X
};

static bool print_all;

static int print(enum libbpf_print_level level, const char *fmt, va_list args)
{
	if (level == LIBBPF_DEBUG && !print_all)
		return 0;
	return vfprintf(stderr, fmt, args);
}

static void take_maps(struct program *p)
{
	struct nlb *s = p->skeleton;

	p->maps[MAP_SETTINGS] = bpf_map__fd(s->maps.settings);
	p->maps[MAP_LISTENERS] = bpf_map__fd(s->maps.listeners);
	p->maps[MAP_TARGET_GROUPS] = bpf_map__fd(s->maps.target_groups);
	p->maps[MAP_SLOTS] = bpf_map__fd(s->maps.slots);
	p->maps[MAP_TARGETS] = bpf_map__fd(s->maps.targets);
	p->maps[MAP_HEALTH] = bpf_map__fd(s->maps.health);
	p->maps[MAP_NEXTHOPS] = bpf_map__fd(s->maps.nexthops);
	p->maps[MAP_SNATS] = bpf_map__fd(s->maps.snats);
	p->maps[MAP_FLOWS] = bpf_map__fd(s->maps.flows);
	p->maps[MAP_REPLIES] = bpf_map__fd(s->maps.replies);
	p->maps[MAP_TX_PORTS] = bpf_map__fd(s->maps.tx_ports);
	p->maps[MAP_VERDICT_STATS] = bpf_map__fd(s->maps.verdict_stats);
	p->maps[MAP_LISTENER_STATS] = bpf_map__fd(s->maps.listener_stats);
	p->maps[MAP_TARGET_STATS] = bpf_map__fd(s->maps.target_stats);
	p->maps[MAP_BUCKETS] = bpf_map__fd(s->maps.buckets);
	p->maps[MAP_VIPS] = bpf_map__fd(s->maps.vips);
	p->maps[MAP_PORT_RANGES] = bpf_map__fd(s->maps.port_ranges);
	p->maps[MAP_ACTIONS] = bpf_map__fd(s->maps.actions);
	p->maps[MAP_SOURCES] = bpf_map__fd(s->maps.sources);
	p->maps[MAP_SOURCE_RATES] = bpf_map__fd(s->maps.source_rates);
}

static void size_table(struct bpf_map *map, bool limited)
{
	bpf_map__set_max_entries(map, limited ? PROGRAM_FLOWS_LIMITED : PROGRAM_FLOWS);
	if (limited)
		bpf_map__set_type(map, BPF_MAP_TYPE_HASH);
}

static int open_twin(struct program *p, char *why, size_t room)
{
	p->twin = twin_open(p->skeleton->obj, "nlb_ingress", why, room);
	return p->twin ? 0 : -EINVAL;
}

int program_open(struct program *p, bool limited, bool with_twin, bool verbose, char *why,
		 size_t room)
{
	struct bpf_map *map;
	int err;

	print_all = verbose;
	libbpf_set_print(print);
	*p = (struct program){.skeleton = nlb__open(), .cpus = libbpf_num_possible_cpus()};
	if (!p->skeleton) {
		snprintf(why, room, "the BPF object can't be opened: %s", strerror(errno));
		return -errno;
	}
	bpf_object__for_each_map(map, p->skeleton->obj) bpf_map__set_pin_path(map, NULL);
	size_table(p->skeleton->maps.flows, limited);
	size_table(p->skeleton->maps.replies, limited);
	err = nlb__load(p->skeleton);
	if (err) {
		snprintf(why, room, "the kernel refuses the program: %s", strerror(-err));
		program_close(p);
		return err;
	}
	p->fd = bpf_program__fd(p->skeleton->progs.nlb_ingress);
	take_maps(p);
	err = with_twin ? open_twin(p, why, room) : 0;
	if (err)
		program_close(p);
	return err;
}

void program_close(struct program *p)
{
	twin_close(p->twin);
	p->twin = NULL;
	nlb__destroy(p->skeleton);
	p->skeleton = NULL;
}

/* The clock of bpf_ktime_get_coarse_ns(). */
static uint64_t coarse_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

int program_run(struct program *p, const uint8_t *frame, size_t len, uint32_t ifindex,
		struct outcome *o)
{
	static uint8_t in[PROGRAM_DIRT + FRAME_MAX], out[PROGRAM_DIRT + FRAME_MAX];
	struct xdp_md ctx_in = {.data = PROGRAM_DIRT,
				.data_end = (uint32_t)(PROGRAM_DIRT + len),
				.ingress_ifindex = ifindex};
	struct xdp_md ctx_out = {0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in,
		    .data_size_in = (uint32_t)(PROGRAM_DIRT + len), .data_out = out,
		    .data_size_out = sizeof(out), .ctx_in = &ctx_in, .ctx_size_in = sizeof(ctx_in),
		    .ctx_out = &ctx_out, .ctx_size_out = sizeof(ctx_out), .repeat = 1);
	int err;

	/* A test run zeroes the headroom. Metadata lies in it and is ours to fill: a header the
	 * program doesn't write in full shows what was there. */
	memset(in, 0xff, PROGRAM_DIRT);
	memcpy(in + PROGRAM_DIRT, frame, len);
	o->before_ns = coarse_ns();
	err = bpf_prog_test_run_opts(p->fd, &opts);
	o->after_ns = coarse_ns();
	if (err)
		return err;
	o->action = (int)opts.retval;
	o->len = opts.data_size_out - ctx_out.data;
	if (ctx_out.data > opts.data_size_out || o->len > FRAME_MAX)
		return -EPROTO;
	memcpy(o->bytes, out + ctx_out.data, o->len);
	return 0;
}

static void must(int err, const char *what, enum program_map map)
{
	if (!err)
		return;
	fprintf(stderr, "bpf tests: map %d: %s: %s\n", map, what, strerror(-err));
	abort();
}

void program_put(struct program *p, enum program_map map, const void *key, const void *value)
{
	must(bpf_map_update_elem(p->maps[map], key, value, BPF_ANY), "update", map);
	if (p->twin)
		twin_put(p->twin, p->maps[map], key, value);
}

bool program_get(struct program *p, enum program_map map, const void *key, void *value)
{
	int err = bpf_map_lookup_elem(p->maps[map], key, value);

	if (err != -ENOENT)
		must(err, "lookup", map);
	return !err;
}

void program_delete(struct program *p, enum program_map map, const void *key)
{
	int err = bpf_map_delete_elem(p->maps[map], key);

	if (err != -ENOENT)
		must(err, "delete", map);
	if (p->twin)
		twin_delete(p->twin, p->maps[map], key);
}

void program_clear(struct program *p, enum program_map map)
{
	uint8_t key[64];

	while (program_next(p, map, NULL, key))
		program_delete(p, map, key);
	if (p->twin)
		twin_clear(p->twin, p->maps[map]);
}

bool program_next(struct program *p, enum program_map map, const void *key, void *next)
{
	int err = bpf_map_get_next_key(p->maps[map], key, next);

	if (err != -ENOENT)
		must(err, "next key", map);
	return !err;
}

void program_verdicts(struct program *p, struct counts *counts)
{
	static struct nlb_count values[NLB_VERDICT_COUNT * PROGRAM_CPUS];
	static uint32_t keys[NLB_VERDICT_COUNT];
	uint32_t next, i, count = NLB_VERDICT_COUNT;
	int cpu;

	must(bpf_map_lookup_batch(p->maps[MAP_VERDICT_STATS], NULL, &next, keys, values, &count,
				  NULL),
	     "lookup", MAP_VERDICT_STATS);
	memset(counts, 0, sizeof(*counts));
	for (i = 0; i < count; i++) {
		for (cpu = 0; cpu < p->cpus; cpu++) {
			counts->verdicts[keys[i]].packets +=
				values[i * (uint32_t)p->cpus + (uint32_t)cpu].packets;
			counts->verdicts[keys[i]].bytes +=
				values[i * (uint32_t)p->cpus + (uint32_t)cpu].bytes;
		}
	}
}

/* Sums per-CPU values that consist of 64-bit counters. */
static void sum(struct program *p, enum program_map map, uint32_t key, uint64_t *total,
		size_t words)
{
	static uint64_t values[sizeof(struct nlb_target_count) / 8 * PROGRAM_CPUS];
	size_t i;
	int cpu;

	must(bpf_map_lookup_elem(p->maps[map], &key, values), "lookup", map);
	for (cpu = 0; cpu < p->cpus; cpu++)
		for (i = 0; i < words; i++)
			total[i] += values[(size_t)cpu * words + i];
}

struct nlb_listener_count program_listener_count(struct program *p, uint32_t id)
{
	struct nlb_listener_count count = {0};

	sum(p, MAP_LISTENER_STATS, id, (uint64_t *)&count, sizeof(count) / 8);
	return count;
}

struct nlb_target_count program_target_count(struct program *p, uint32_t index)
{
	struct nlb_target_count count = {0};

	sum(p, MAP_TARGET_STATS, index, (uint64_t *)&count, sizeof(count) / 8);
	return count;
}

void program_fill_buckets(struct program *p, bool full)
{
	static uint64_t used_ns[PROGRAM_CPUS];
	uint32_t key;
	int cpu;

	for (cpu = 0; cpu < p->cpus; cpu++)
		used_ns[cpu] = full ? 0 : INT64_MAX;
	for (key = 0; key < bpf_map__max_entries(p->skeleton->maps.buckets); key++)
		program_put(p, MAP_BUCKETS, &key, used_ns);
}

const char *verdict_name(int verdict)
{
	return verdict >= 0 && verdict < NLB_VERDICT_COUNT ? verdicts[verdict].name : "?";
}

int verdict_find(const char *name)
{
	int i;

	for (i = 0; i < NLB_VERDICT_COUNT; i++)
		if (!strcmp(verdicts[i].name, name))
			return i;
	return -1;
}

int verdict_action(int verdict)
{
	return verdicts[verdict].action;
}

const char *action_name(int action)
{
	static const char *const names[] = {"XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX",
					    "XDP_REDIRECT"};

	return action >= 0 && action < 5 ? names[action] : "an unknown action";
}
