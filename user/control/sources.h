/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Source addresses that targets saw, and that this host has no more: nobody answers for them, so
 * flows that have one end. A UDP client's next packet opens a flow with the address there is now, a
 * TCP client is told by a RST instead of waiting for answers that can't come.
 */
#ifndef LEAT_CONTROL_SOURCES_H
#define LEAT_CONTROL_SOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define SOURCES_MAX 16

struct source {
	struct addr address;
	uint64_t since_ms; /* monotonic: when a target was first reached from another one instead */
	bool is_lost;	   /* its flows end */
};

struct sources {
	struct source list[SOURCES_MAX];
	size_t count;
};

/* A target is reached from another address now. What is told when the list is full is not
 * followed. */
void sources_note(struct sources *sources, const struct addr *address, uint64_t now_ms);

/* Asks is_local of each: one that is there (again) is forgotten, one that has been gone for a while
 * is lost. True: the set of the lost has changed. on_lost is called for each new one. */
bool sources_check(struct sources *sources, uint64_t now_ms,
		   bool (*is_local)(const struct addr *address, void *arg),
		   void (*on_lost)(const struct addr *address, void *arg), void *arg);

/* The lost ones into list[SOURCES_MAX]; how many. */
size_t sources_lost(const struct sources *sources, struct addr list[SOURCES_MAX]);

#endif
