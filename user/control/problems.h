/* SPDX-License-Identifier: BSD-2-Clause */
/* What is wrong with the node right now, and what to do about it: one sentence each. */
#ifndef LEAT_CONTROL_PROBLEMS_H
#define LEAT_CONTROL_PROBLEMS_H

#include <jansson.h>

struct control;

/* [{"severity": "error"|"warning", "text", "cure"}], errors first: a new reference. */
json_t *problems_list(const struct control *control);

#endif
