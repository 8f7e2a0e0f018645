// SPDX-License-Identifier: BSD-2-Clause
/*
 * Statements `range` and `action`: prefixes of addresses and ranges of ports in the tries, weighted
 * target groups. A range is put as it is written, one entry a port prefix; what a vip takes from
 * the prefixes around it is the controller's to work out, not the test's.
 */
#include "statement_range.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

#define FIRST_VIP    300
#define FIRST_ACTION 40

/* Ranges of one prefix share its vip: the number of the first of them. */
static uint32_t vip_of(const struct world *w, const struct listener_def *l)
{
	int i = 0;

	while (!w->listeners[i].prefix_bits || w->listeners[i].prefix_bits != l->prefix_bits ||
	       w->listeners[i].key.family != l->key.family ||
	       memcmp(w->listeners[i].key.address, l->key.address, 16) != 0)
		i++;
	return FIRST_VIP + (uint32_t)i;
}

static void put_ports(struct world *w, const struct listener_def *l, uint32_t vip)
{
	struct nlb_port_range_key key = {.vip = vip, .protocol = l->key.protocol};
	uint32_t port = l->first, size;

	while (port <= l->last) {
		for (size = 1;
		     port % (2 * size) == 0 && port + 2 * size - 1 <= l->last && size < 0x10000;)
			size *= 2;
		key.port = htons((uint16_t)port);
		key.prefix_bits = NLB_PORT_RANGE_VIP_BITS + 16 - (uint32_t)__builtin_ctz(size);
		program_put(w->program, MAP_PORT_RANGES, &key, &l->value.id);
		port += size;
	}
}

static void put_range(struct world *w, const struct listener_def *l)
{
	struct nlb_vip_key key = {.prefix_bits = NLB_VIP_FAMILY_BITS + l->prefix_bits,
				  .family = l->key.family};
	struct nlb_listener_key row;
	uint32_t vip = vip_of(w, l);

	memcpy(key.address, l->key.address, sizeof(key.address));
	nlb_range_row(&row, l->value.id, l->key.family);
	program_put(w->program, MAP_LISTENERS, &row, &l->value);
	put_ports(w, l, vip);
	program_put(w->program, MAP_VIPS, &key, &vip);
	w->settings.flags |= NLB_SETTINGS_RANGES;
	world_write(w, MAP_SETTINGS, 0, &w->settings);
}

/* ADDRESS[/BITS] */
static bool set_prefix(struct world *w, struct listener_def *l, const char *word,
		       struct report *report)
{
	uint64_t bits = l->key.family == NLB_IPV4 ? 32 : 128;
	char text[128], *slash;

	if (snprintf(text, sizeof(text), "%s", word) >= (int)sizeof(text))
		return report_fail(report, "'%s' is too long", word);
	slash = strchr(text, '/');
	if (slash)
		*slash = '\0';
	if (slash && !words_number(w, slash + 1, bits, &bits, report))
		return false;
	l->prefix_bits = (uint32_t)bits;
	return names_address(&w->names, text, l->key.family, l->key.address, report);
}

static bool set_ports(struct listener_def *l, const char *word, struct report *report)
{
	unsigned first = 1, last = 0xffff;
	char rest;

	if (!word_is(word, "all") &&
	    (sscanf(word, "%u-%u%c", &first, &last, &rest) != 2 || first > last || last > 0xffff))
		return report_fail(report, "'%s' is neither a range of ports nor 'all'", word);
	l->first = word_is(word, "all") ? 0 : (uint16_t)first;
	l->last = (uint16_t)last;
	return true;
}

bool statement_range(struct world *w, const struct line *line, struct report *report)
{
	struct listener_def *l;
	int i;

	if (!words_need(line, 7,
			"range NAME tcp|udp ip4|ip6 ADDRESS[/BITS] FIRST-LAST|all GROUP|ACTION "
			"[local] [tcp_idle=N] [udp_idle=N]",
			report))
		return false;
	l = listener_make(w, line->words[1], report);
	if (!l || !listener_set_kind(l, line, report) ||
	    !set_prefix(w, l, line->words[4], report) || !set_ports(l, line->words[5], report) ||
	    !listener_set_group(w, l, line->words[6], report))
		return false;
	for (i = 7; i < line->count; i++)
		if (!listener_take_word(w, l, line->words[i], report))
			return false;
	put_range(w, l);
	return true;
}

/* ---- actions ---- */

/* GROUP=WEIGHT, with a '!' behind where the group takes no new flows */
static bool take_choice(struct world *w, struct nlb_action *a, const char *word,
			struct report *report)
{
	const char *equals = strchr(word, '=');
	bool is_able = word[strlen(word) - 1] != '!';
	unsigned i = a->count, before = i ? a->ends[i - 1] : 0, able = i ? a->able_ends[i - 1] : 0;
	const struct group_def *g;
	char name[NAME_BYTES];
	unsigned weight;

	if (i == NLB_ACTION_GROUPS || !equals ||
	    snprintf(name, sizeof(name), "%.*s", (int)(equals - word), word) >= NAME_BYTES)
		return report_fail(report, "'%s' is not GROUP=WEIGHT, or one too many", word);
	g = world_find_group(w, name);
	if (!g)
		return report_fail(report, "unknown group '%s'", name);
	weight = (unsigned)strtoul(equals + 1, NULL, 10);
	a->groups[i] = g->index;
	a->ends[i] = (__u16)(before + weight);
	a->able_ends[i] = (__u16)(able + (is_able ? weight : 0));
	a->able |= (__u8)((is_able && weight) << i);
	a->count++;
	return true;
}

bool statement_action(struct world *w, const struct line *line, struct report *report)
{
	struct action_def *a;
	int i;

	if (!words_need(line, 3, "action NAME [source] GROUP=WEIGHT[!]...", report))
		return false;
	if (w->action_count == ACTIONS_MAX)
		return report_fail(report, "too many actions");
	a = &w->actions[w->action_count];
	*a = (struct action_def){.index = FIRST_ACTION + (uint32_t)w->action_count};
	if (!words_name(a->name, line->words[1], report))
		return false;
	for (i = 2; i < line->count; i++) {
		if (word_is(line->words[i], "source"))
			a->value.hash_fields = NLB_HASH_SOURCE;
		else if (!take_choice(w, &a->value, line->words[i], report))
			return false;
	}
	w->action_count++;
	world_write(w, MAP_ACTIONS, a->index, &a->value);
	return true;
}
