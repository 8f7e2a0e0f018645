/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The native build of the data path (native/) beside the program in the kernel: the same state, the
 * same packets, and every difference found. Its maps get what program.c puts into the kernel's, and
 * from there on live by their own packets; a difference makes them equal again.
 */
#ifndef LEAT_TESTS_BPF_TWIN_H
#define LEAT_TESTS_BPF_TWIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report.h"

struct bpf_object;
struct program;
struct twin;

/* Of a loaded object. Binds this process to the CPU it is on: per-CPU values are compared. NULL
 * with the reason in why. */
struct twin *twin_open(const struct bpf_object *object, const char *program, char *why,
		       size_t room);
void twin_close(struct twin *twin);

/* What was just done to the kernel's map of that descriptor. */
void twin_put(struct twin *twin, int fd, const void *key, const void *value);
void twin_delete(struct twin *twin, int fd, const void *key);
void twin_clear(struct twin *twin, int fd);

/* Empties the native map of that name alone, so that there is a difference to be found. False: no
 * such map. */
bool twin_forget(struct twin *twin, const char *map);

/* What the kernel's program did with a packet. */
struct twin_packet {
	const uint8_t *in;
	size_t in_len;
	uint32_t ifindex;
	uint64_t before_ns, after_ns; /* the coarse clock around its run */
	int action;
	int verdict;
	const uint8_t *out;
	size_t out_len;
};

/*
 * Runs the packet natively and compares action, verdict, bytes, redirect, and every entry of every
 * map that the native walk has read or written; whole_tables: also that the hash maps hold the same
 * entries, which is slow. False: the report says what differs.
 *
 * Time: what the coarse clock said before the kernel's run; where it moved on meanwhile, one of
 * what it said before, after, and (two ticks) what the kernel wrote between these.
 *
 * Random: what the kernel's walk drew shows in what it did. Where in the range of SNAT ports it
 * began is drawn so that the port which the kernel's flow has comes first, or after up to 31
 * others; an outer header's id is that of the kernel's frame.
 */
bool twin_run(struct twin *twin, const struct twin_packet *packet, bool whole_tables,
	      struct report *report);

/* Packets that twin_run() compared and found equal, of all twins. */
extern unsigned long twin_agreed;
/* "address and undefined sanitizers" or what else the native build is built with. */
const char *twin_build(void);

#endif
