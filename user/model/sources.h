/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the security groups of a listener come to: one list of prefixes that answers for every
 * address. Pure.
 */
#ifndef LEAT_MODEL_SOURCES_H
#define LEAT_MODEL_SOURCES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/prefix.h"

struct arena;
struct listener;
struct model;

struct source_rule {
	struct prefix prefix;
	bool is_allowed;
};

struct source_list {
	struct source_rule *rules; /* sorted by prefix_cmp(), each prefix once */
	size_t count;
};

/* All groups of the listener together. The longest prefix decides; where one group allows a prefix
 * and another one denies it, it is denied. What no prefix holds is denied if any of the groups
 * allows something, and allowed if they only deny. Both families' prefixes of length 0 are in the
 * list. Without security groups the list is empty. Memory from arena; the model is validated. */
struct source_list model_sources(const struct model *model, const struct listener *listener,
				 struct arena *arena);

/* What the list says of an address; true where it is empty. For explanations and tests: the data
 * path has a trie. */
bool source_list_allows(const struct source_list *list, const struct addr *address);

#endif
