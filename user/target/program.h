/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The programs of bpf/decap.bpf.c and their maps: loaded, filled, pinned. Attaching is hooks.c's.
 *
 * Pins, in the directory of --bpffs: decap_settings, decap_vips, decap_own, decap_stats (the maps),
 * decap_xdp, decap_tc, decap_mss (the programs), link_IF (of XDP). A second load takes the pinned
 * maps over, so that counters go on, and replaces the programs.
 */
#ifndef LEAT_TARGET_PROGRAM_H
#define LEAT_TARGET_PROGRAM_H

#include "leat/decap_verdicts.h"

#include "addresses.h"

struct decap;

struct program {
	struct decap *skeleton; /* owned; NULL: not loaded */
	const char *dir;
};

/* What libbpf has to say goes into our sentences, not to standard error. */
void program_quiet(void);

/* Loads around what is pinned and pins. Nothing is attached yet. */
__must_check int program_load(struct program *program, const char *dir, struct err *err);
void program_close(struct program *program);
int program_fd(const struct program *program, const char *name); /* "decap_tc" … */

/* What the maps are to hold. VIPs and addresses that are not named vanish from them. */
__must_check int program_fill(const struct program *program, const struct state *state,
			      const struct own_addresses *own, struct err *err);

/* ---- what is pinned, without loading ---- */

char *program_path(const char *dir, const char *name, char *path); /* PATH_MAX; returns path */
uint32_t program_pinned_id(const char *dir, const char *name);	   /* 0: no such program */
/* Sums over the CPUs. -ENOENT: not pinned. */
__must_check int program_read_stats(const char *dir, struct decap_count counts[DECAP_MAX_VERDICTS]);
/* Is the address in decap_own? 1, 0, -errno. */
__must_check int program_has_own(const char *dir, const struct addr *addr);
/* Removes the pins of maps and programs, and the directory if it is empty then. */
void program_unpin(const char *dir);

#endif
