/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The directory on the bpf file system that keeps program, maps and links alive; private to
 * user/nlb.
 *
 *     settings … target_stats    the maps, by their names
 *     nlb_ingress                the program
 *     link_IFNAME                what attaches it to an interface; '.' in the name is written ':',
 * for the bpf file system has no dots next_part/, next/          a new set of maps on its way in
 * (see nlb_pins_publish())
 */
#ifndef LEAT_NLB_PINS_H
#define LEAT_NLB_PINS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "nlb/maps.h"

#define NLB_PIN_PROGRAM "nlb_ingress"

struct nlb_pins {
	char *dir;   /* owned */
	int lock_fd; /* the directory, locked: one controller a directory */
};

/* Checks that dir is, or can be made, on a bpf file system; makes it; locks it. -EBUSY: another
 * process has it. */
__must_check int nlb_pins_open(struct nlb_pins *pins, const char *dir, struct err *err);
/* The same for a directory that must exist already: -ENOENT without a sentence when it does not. */
__must_check int nlb_pins_open_existing(struct nlb_pins *pins, const char *dir, struct err *err);
void nlb_pins_close(struct nlb_pins *pins);

/* dir/name into path[PATH_MAX]; returns path. */
char *nlb_pins_path(const struct nlb_pins *pins, const char *name, char path[PATH_MAX]);
char *nlb_pins_link_path(const struct nlb_pins *pins, const char *ifname, char path[PATH_MAX]);

/* A descriptor of what is pinned as `name`, or -errno. */
int nlb_pins_get(const struct nlb_pins *pins, const char *name);

/* Calls fn for every pinned link until it returns other than 0; returns that, 0, or -errno. fn may
 * remove the pin. */
typedef int nlb_pins_link_fn(const struct nlb_pins *pins, const char *ifname, void *arg,
			     struct err *err);
int nlb_pins_each_link(const struct nlb_pins *pins, nlb_pins_link_fn *fn, void *arg,
		       struct err *err);
bool nlb_pins_has_links(const struct nlb_pins *pins);

/* Pins the program in the place of the one that is there, at once. */
__must_check int nlb_pins_replace_program(const struct nlb_pins *pins, int prog_fd,
					  struct err *err);

/* Pins a set of maps and its program in the place of what is there. A crash at any point leaves
 * either the old set or, under next/, the whole new one, which nlb_pins_recover() then brings in.
 */
__must_check int nlb_pins_publish(const struct nlb_pins *pins, const struct nlb_maps *maps,
				  int prog_fd, struct err *err);

/* Ends what a crash interrupted: finishes a publication that had all its pins, forgets one that had
 * not. */
__must_check int nlb_pins_recover(const struct nlb_pins *pins, struct err *err);

/* Removes maps, program, unfinished sets and the directory itself (which stays when it is a mount
 * point). Not the links. */
__must_check int nlb_pins_remove(const struct nlb_pins *pins, struct err *err);

/* "run leatd as root …" for EPERM and EACCES, strerror otherwise: the end of a sentence. */
const char *nlb_reason(int code);

#endif
