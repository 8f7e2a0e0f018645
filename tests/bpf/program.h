/* SPDX-License-Identifier: BSD-2-Clause */
/* The program under test: loading it with maps of its own, running one packet through it, its maps
 * and counters. */
#ifndef LEAT_TESTS_BPF_PROGRAM_H
#define LEAT_TESTS_BPF_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame.h"
#include "leat/nlb_abi.h"
#include "leat/nlb_verdicts.h"

enum program_map {
	MAP_SETTINGS,
	MAP_LISTENERS,
	MAP_TARGET_GROUPS,
	MAP_SLOTS,
	MAP_TARGETS,
	MAP_HEALTH,
	MAP_NEXTHOPS,
	MAP_SNATS,
	MAP_FLOWS,
	MAP_REPLIES,
	MAP_TX_PORTS,
	MAP_VERDICT_STATS,
	MAP_LISTENER_STATS,
	MAP_TARGET_STATS,
	MAP_BUCKETS,
	MAP_VIPS,
	MAP_PORT_RANGES,
	MAP_ACTIONS,
	MAP_SOURCES,
	MAP_SOURCE_RATES,
	MAP_COUNT,
};

#define PROGRAM_FLOWS	      4096
#define PROGRAM_FLOWS_LIMITED 8
#define PROGRAM_CPUS	      1024 /* more than any machine that runs tests */
#define PROGRAM_DIRT \
	32 /* bytes of 0xff directly before the packet: what a driver's headroom may hold */

struct program {
	struct nlb *skeleton;
	int fd;
	int maps[MAP_COUNT];
	int cpus;
	struct twin *twin; /* gets what is put into the maps; NULL: none */
};

struct outcome {
	int action; /* XDP_… */
	uint8_t bytes[FRAME_MAX];
	size_t len;
	uint64_t before_ns, after_ns; /* what the program's clock said around its run */
};

struct counts { /* verdict_stats, summed over the CPUs, of those verdicts that have a name */
	struct nlb_count verdicts[NLB_VERDICT_COUNT];
};

/* Loads the program. with_twin: and makes its maps natively, too. limited: with flow tables of
 * PROGRAM_FLOWS_LIMITED entries that refuse one more instead of evicting one, as the kernel's LRU
 * tables do only under a contention that no test can make. 0 or -errno with the reason in why. */
int program_open(struct program *program, bool limited, bool with_twin, bool verbose, char *why,
		 size_t room);
void program_close(struct program *program);

/* Runs the program on one frame that came in on an interface. 0 or -errno: the kernel refused to.
 */
int program_run(struct program *program, const uint8_t *frame, size_t len, uint32_t ifindex,
		struct outcome *outcome);

/* Map access; a failure other than "no such key" aborts: it would be a bug of the tests. */
void program_put(struct program *program, enum program_map map, const void *key, const void *value);
bool program_get(struct program *program, enum program_map map, const void *key, void *value);
void program_delete(struct program *program, enum program_map map, const void *key);
void program_clear(struct program *program, enum program_map map); /* a hash map */
bool program_next(struct program *program, enum program_map map, const void *key, void *next);

void program_verdicts(struct program *program, struct counts *counts);
struct nlb_listener_count program_listener_count(struct program *program, uint32_t id);
struct nlb_target_count program_target_count(struct program *program, uint32_t index);

/* The tokens of what the program sends by itself: a burst of them on every CPU, or none. */
void program_fill_buckets(struct program *program, bool full);

const char *verdict_name(int verdict); /* "?" for a number that has none */
int verdict_find(const char *name);    /* -1: unknown */
int verdict_action(int verdict);       /* XDP_… */
const char *action_name(int action);

#endif
