/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a change of the desired state: next model → diff → would it compile → durable → in
 * force → maps. Refused at any step before "durable", it leaves everything as it was; what differs
 * in nothing commits nothing.
 */
#ifndef LEAT_CONTROL_CHANGES_H
#define LEAT_CONTROL_CHANGES_H

#include <jansson.h>
#include <stdbool.h>

#include "refusal.h"

struct control;
struct diff;
struct model;

struct change {
	const char *operation;
	const char *who;    /* "root (uid 0)" */
	const char *source; /* file name for the summary; NULL: none */
	bool dry_run;
	bool ends_now; /* targets that leave by it do not drain */
};

/* Takes `next` (validated) in any case. *answer: {"change", "dry_run", "plan": {…}}, a new
 * reference. -1 with refusal. */
int change_make(struct control *control, const struct change *change, struct model *next,
		json_t **answer, struct refusal *refusal);

/* "create target 'web/10.0.0.1:80' and 2 more" into text. Pure. */
char *change_summary(const struct diff *diff, const char *source, char *text, size_t size);

#endif
