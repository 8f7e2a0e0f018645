/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interfaces of the tests: veth pairs in a network namespace of this process alone, so that nothing
 * of the host is touched. They stay down: packets are handed to the program, never sent.
 */
#ifndef LEAT_TESTS_BPF_NETNS_H
#define LEAT_TESTS_BPF_NETNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IF_FRONT, IF_BACK, IF_THIRD, IF_COUNT };

extern const char *const netns_names[IF_COUNT];
extern const uint32_t netns_ifindexes[IF_COUNT];

/* Leaves the host's network namespace. 0 or -errno with the reason in why. */
int netns_enter(char *why, size_t room);
/* The interface of that name: its number, or -1. */
int netns_find(const char *name);

#endif
