/* SPDX-License-Identifier: BSD-2-Clause */
/* The security groups of a listener → one list of prefixes. */
#include "sources.h"

#include <stdlib.h>

#include "model.h"

static void add(struct source_list *list, const struct prefix *prefix, bool is_allowed)
{
	list->rules[list->count++] = (struct source_rule){*prefix, is_allowed};
}

static void add_all(struct source_list *list, const struct prefix *prefixes, size_t count,
		    bool is_allowed)
{
	for (size_t i = 0; i < count; i++)
		add(list, &prefixes[i], is_allowed);
}

/* Twins: what denies comes first. */
static int by_prefix(const void *a, const void *b)
{
	const struct source_rule *x = a, *y = b;
	int order = prefix_cmp(&x->prefix, &y->prefix);

	return order ? order : (int)x->is_allowed - (int)y->is_allowed;
}

static void keep_first_of_twins(struct source_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (!kept || prefix_cmp(&list->rules[kept - 1].prefix, &list->rules[i].prefix))
			list->rules[kept++] = list->rules[i];
	list->count = kept;
}

static bool has_all_of(const struct source_list *list, uint16_t family)
{
	for (size_t i = 0; i < list->count; i++)
		if (!list->rules[i].prefix.bits && list->rules[i].prefix.address.family == family)
			return true;
	return false;
}

/* What no prefix of the groups holds. */
static void add_rest(struct source_list *list, bool is_allowed)
{
	static const uint16_t families[] = {AF_INET, AF_INET6};

	for (size_t i = 0; i < 2; i++) {
		struct prefix all = {.address.family = families[i]};

		if (!has_all_of(list, families[i]))
			add(list, &all, is_allowed);
	}
}

struct source_list model_sources(const struct model *model, const struct listener *listener,
				 struct arena *arena)
{
	struct source_list list = {0};
	size_t room = 2;
	bool any_allowed = false;

	if (!listener->security_group_count)
		return list;
	for (size_t i = 0; i < listener->security_group_count; i++) {
		const struct security_group *sg =
			model_find_security_group(model, listener->security_groups[i]);

		room += sg->allow_count + sg->deny_count;
		any_allowed |= sg->allow_count != 0;
	}
	list.rules = arena_alloc(arena, room * sizeof(*list.rules));
	for (size_t i = 0; i < listener->security_group_count; i++) {
		const struct security_group *sg =
			model_find_security_group(model, listener->security_groups[i]);

		add_all(&list, sg->allow, sg->allow_count, true);
		add_all(&list, sg->deny, sg->deny_count, false);
	}
	add_rest(&list, !any_allowed);
	qsort(list.rules, list.count, sizeof(*list.rules), by_prefix);
	keep_first_of_twins(&list);
	return list;
}

bool source_list_allows(const struct source_list *list, const struct addr *address)
{
	const struct source_rule *best = NULL;

	for (size_t i = 0; i < list->count; i++) {
		const struct source_rule *rule = &list->rules[i];

		if (prefix_has(&rule->prefix, address) &&
		    (!best || rule->prefix.bits >= best->prefix.bits))
			best = rule;
	}
	return !best || best->is_allowed;
}
