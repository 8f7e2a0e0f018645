/* SPDX-License-Identifier: BSD-2-Clause */
/* What differs between two models, noun by noun, as lines a person reads and a program can count.
 * Pure. */
#ifndef LEAT_MODEL_DIFF_H
#define LEAT_MODEL_DIFF_H

#include <stddef.h>

struct model;
struct arena;

enum diff_action { DIFF_CREATE, DIFF_MODIFY, DIFF_DELETE };

struct diff_entry {
	enum diff_action action;
	const char
		*noun; /* "load balancer", "listener", "target group", "target", "security group" */
	const char *name;  /* "edge", "edge/TCP:80", "web", "web/10.0.1.11:8080" */
	const char *field; /* DIFF_MODIFY: the file's key ("weight",
			      "health_check.interval_seconds"), else NULL */
	const char *from;  /* DIFF_MODIFY: old and new value as text */
	const char *to;
};

struct diff {
	struct diff_entry *entries;
	size_t count;
};

/* Entries in the order: load balancers and their listeners, target groups and their targets,
 * security groups; one entry a changed field. Memory from arena. Both models are validated. */
struct diff model_diff(const struct model *from, const struct model *to, struct arena *arena);

const char *diff_action_name(enum diff_action action); /* "create", "modify", "delete" */

#endif
