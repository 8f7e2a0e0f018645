// SPDX-License-Identifier: BSD-2-Clause
/* Statements about state: words to structs of the world, and on into the maps. */
#include "statements.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "statement_range.h"
#include "twin.h"
#include "words.h"

#define FIRST_GROUP    7
#define FIRST_LISTENER 21
#define FIRST_SNAT     5

static void put_group(struct world *w, struct group_def *g)
{
	world_write(w, MAP_TARGET_GROUPS, g->index, &g->value);
}

static bool statement_host(struct world *w, const struct line *line, struct report *report)
{
	struct host *h;

	if (!words_need(line, 3, "host NAME MAC|- [IPv4|-] [IPv6]", report))
		return false;
	h = names_host(&w->names, line->words[1], true);
	if (!h || line->count > 5)
		return report_fail(report, "too many hosts, or words of a host");
	h->has_mac = h->has_ip4 = h->has_ip6 =
		false; /* or literals would be looked up as this host */
	if (!word_is(line->words[2], "-") && !names_mac(&w->names, line->words[2], h->mac, report))
		return false;
	h->has_mac = !word_is(line->words[2], "-");
	if (line->count > 3 && !word_is(line->words[3], "-")) {
		if (!names_address(&w->names, line->words[3], NLB_IPV4, h->ip4, report))
			return false;
		h->has_ip4 = true;
	}
	if (line->count > 4 && !names_address(&w->names, line->words[4], NLB_IPV6, h->ip6, report))
		return false;
	h->has_ip6 = line->count > 4;
	return true;
}

static bool set_ports(struct world *w, const char *range, struct report *report)
{
	unsigned int first, last;
	char rest;

	if (sscanf(range, "%u-%u%c", &first, &last, &rest) != 2 || first > last || last > 0xffff)
		return report_fail(report, "'%s' is not a range of ports", range);
	w->settings.nat_port_first = (uint16_t)first;
	w->settings.nat_port_last = (uint16_t)last;
	return true;
}

static const struct {
	const char *key;
	enum nlb_flow_state state;
} timeouts[] = {
	{"syn_sent", NLB_FLOW_SYN_SENT}, {"syn_received", NLB_FLOW_SYN_RECEIVED},
	{"closing", NLB_FLOW_CLOSING},	 {"time_wait", NLB_FLOW_TIME_WAIT},
	{"closed", NLB_FLOW_CLOSED},
};

static bool take_setting(struct world *w, const char *word, struct report *report)
{
	const char *text;
	uint64_t n;
	size_t i;

	if (word_is(word, "dnat") || word_is(word, "no_dnat")) {
		w->settings.flags = word_is(word, "dnat") ? NLB_SETTINGS_DNAT : 0;
		return true;
	}
	if ((text = word_value(word, "ports")))
		return set_ports(w, text, report);
	if ((text = word_value(word, "key"))) {
		if (!words_number(w, text, UINT64_MAX, &n, report))
			return false;
		w->settings.hash_key[0] = n;
		w->settings.hash_key[1] = ~n * 0x9e3779b97f4a7c15ull;
		return true;
	}
	for (i = 0; i < ARRAY_SIZE(timeouts); i++) {
		if ((text = word_value(word, timeouts[i].key))) {
			if (!words_number(w, text, UINT32_MAX, &n, report))
				return false;
			w->settings.timeout_s[timeouts[i].state] = (uint32_t)n;
			return true;
		}
	}
	return report_fail(report, "unknown setting '%s'", word);
}

static bool statement_settings(struct world *w, const struct line *line, struct report *report)
{
	int i;

	w->settings.abi = NLB_ABI;
	for (i = 1; i < line->count; i++)
		if (!take_setting(w, line->words[i], report))
			return false;
	world_write(w, MAP_SETTINGS, 0, &w->settings);
	return true;
}

static bool statement_snats(struct world *w, const struct line *line, struct report *report)
{
	struct snat_def *s = &w->snats[w->snat_count];
	int i;

	if (!words_need(line, 4, "snats NAME ip4|ip6 ADDRESS...", report))
		return false;
	if (w->snat_count == SNATS_MAX || line->count - 3 > SNAT_ADDRESSES_MAX)
		return report_fail(report, "too many snats");
	*s = (struct snat_def){.first = FIRST_SNAT + (uint32_t)w->snat_count * SNAT_ADDRESSES_MAX,
			       .count = (uint32_t)line->count - 3};
	if (!words_name(s->name, line->words[1], report) ||
	    !words_family(line->words[2], &s->family, report))
		return false;
	for (i = 0; i < line->count - 3; i++) {
		if (!names_address(&w->names, line->words[3 + i], s->family, s->addresses[i],
				   report))
			return false;
		world_write(w, MAP_SNATS, s->first + (uint32_t)i, s->addresses[i]);
	}
	w->snat_count++;
	return true;
}

static bool take_mss(struct world *w, struct nlb_target_group *g, const char *text,
		     struct report *report)
{
	uint64_t n;

	if (!words_number(w, text, 0xffff, &n, report))
		return false;
	g->mss_max = (uint16_t)n;
	return true;
}

static bool take_group_word(struct world *w, struct nlb_target_group *g, const char *word,
			    struct report *report)
{
	if (word_is(word, "nat"))
		g->forwarding = NLB_FORWARD_NAT;
	else if (word_is(word, "l2"))
		g->forwarding = NLB_FORWARD_L2;
	else if (word_is(word, "dnat"))
		g->forwarding = NLB_FORWARD_DNAT;
	else if (word_is(word, "ipip"))
		g->forwarding = NLB_FORWARD_IPIP;
	else if (word_is(word, "gue"))
		g->forwarding = NLB_FORWARD_GUE;
	else if (word_value(word, "mss"))
		return take_mss(w, g, word_value(word, "mss"), report);
	else if (word_is(word, "source"))
		g->hash_fields = NLB_HASH_SOURCE;
	else if (word_is(word, "proxy"))
		g->flags |= NLB_GROUP_PROXY;
	else if (word_is(word, "proxy_on_ack"))
		g->flags |= NLB_GROUP_PROXY | NLB_GROUP_PROXY_ON_ACK;
	else if (word_is(word, "reset_unhealthy"))
		g->flags |= NLB_GROUP_RESET_UNHEALTHY;
	else if (word_is(word, "move_unhealthy"))
		g->flags |= NLB_GROUP_MOVE_UNHEALTHY;
	else
		return report_fail(report, "unknown word '%s' of a group", word);
	return true;
}

static bool statement_group(struct world *w, const struct line *line, struct report *report)
{
	struct group_def *g;
	uint64_t ring;
	int i;

	if (!words_need(line, 3,
			"group NAME nat|l2|dnat|ipip|gue [source] [reset_unhealthy] "
			"[move_unhealthy] [proxy|proxy_on_ack] [mss=N]",
			report))
		return false;
	g = world_find_group(w, line->words[1]);
	if (!g && w->group_count == GROUPS_MAX)
		return report_fail(report, "too many groups");
	if (!g) {
		g = &w->groups[w->group_count];
		*g = (struct group_def){.index = FIRST_GROUP + (uint32_t)w->group_count};
		w->group_count++;
	}
	ring = g->value.ring;
	g->value = (struct nlb_target_group){.ring = ring, .hash_fields = NLB_HASH_5TUPLE};
	if (!words_name(g->name, line->words[1], report) ||
	    !words_name(g->value.name, line->words[1], report))
		return false;
	for (i = 2; i < line->count; i++)
		if (!take_group_word(w, &g->value, line->words[i], report))
			return false;
	put_group(w, g);
	return true;
}

bool listener_set_group(struct world *w, struct listener_def *l, const char *word,
			     struct report *report)
{
	const struct group_def *g;
	const struct action_def *a;
	bool is_raw;

	if (!words_raw_index(w, word, &l->value.target_group, &is_raw, report) || is_raw)
		return is_raw;
	g = world_find_group(w, word);
	a = world_find_action(w, word);
	if (!g && !a)
		return report_fail(report, "unknown group or action '%s'", word);
	l->value.target_group = g ? g->index : a->index;
	l->value.flags = g ? 0 : NLB_LISTENER_ACTION;
	return true;
}

bool listener_take_word(struct world *w, struct listener_def *l, const char *word,
			       struct report *report)
{
	const char *text;
	uint64_t n;

	if ((text = word_value(word, "tcp_idle"))) {
		if (!words_number(w, text, 0xffff, &n, report))
			return false;
		l->value.tcp_idle_s = (uint16_t)n;
		return true;
	}
	if ((text = word_value(word, "udp_idle"))) {
		if (!words_number(w, text, 0xffff, &n, report))
			return false;
		l->value.udp_idle_s = (uint16_t)n;
		return true;
	}
	if (word_is(word, "local")) {
		l->value.flags |= NLB_LISTENER_LOCAL;
		return true;
	}
	if ((text = word_value(word, "sources"))) {
		if (!words_number(w, text, 0xffff, &n, report))
			return false;
		l->value.sources = (uint16_t)n;
		l->value.flags |= NLB_LISTENER_ADMITS;
		return true;
	}
	if ((text = word_value(word, "rate"))) {
		if (!words_number(w, text, 1000000, &n, report))
			return false;
		l->value.flows_per_s = l->value.flows_burst = (uint32_t)n;
		l->value.flags |= NLB_LISTENER_ADMITS;
		return true;
	}
	return report_fail(report, "unknown word '%s' of a listener", word);
}

/* A listener, and the mark that says that fragments to its address are Leat's. */
static void put_listener(struct world *w, const struct listener_def *l)
{
	struct nlb_listener_key mark = l->key;
	struct nlb_listener nothing = {0};

	mark.port = 0;
	mark.protocol = 0;
	program_put(w->program, MAP_LISTENERS, &mark, &nothing);
	program_put(w->program, MAP_LISTENERS, &l->key, &l->value);
}

/* A listener that is known by this name keeps its id. */
struct listener_def *listener_make(struct world *w, const char *name, struct report *report)
{
	struct listener_def *l = world_find_listener(w, name);
	uint32_t number = l ? (uint32_t)(l - w->listeners) : (uint32_t)w->listener_count;

	if (number == LISTENERS_MAX) {
		report_fail(report, "too many listeners");
		return NULL;
	}
	l = &w->listeners[number];
	*l = (struct listener_def){
		.value = {.id = FIRST_LISTENER + number, .tcp_idle_s = 30, .udp_idle_s = 10}};
	if (!words_name(l->name, name, report))
		return NULL;
	w->listener_count += number == (uint32_t)w->listener_count;
	return l;
}

/* tcp|udp ip4|ip6, from the second word on */
bool listener_set_kind(struct listener_def *l, const struct line *line, struct report *report)
{
	int family;

	if (!words_family(line->words[3], &family, report))
		return false;
	if (!word_is(line->words[2], "tcp") && !word_is(line->words[2], "udp"))
		return report_fail(report, "'%s' is neither tcp nor udp", line->words[2]);
	l->key.protocol = word_is(line->words[2], "tcp") ? IPPROTO_TCP : IPPROTO_UDP;
	l->key.family = (uint8_t)family;
	return true;
}

static bool statement_listener(struct world *w, const struct line *line, struct report *report)
{
	struct listener_def *l;
	int family, i;

	if (!words_need(
		    line, 6,
		    "listener NAME tcp|udp ip4|ip6 ADDRESS:PORT GROUP [tcp_idle=N] [udp_idle=N] "
		    "[sources=LIST] [rate=N]",
		    report))
		return false;
	l = listener_make(w, line->words[1], report);
	if (!l || !listener_set_kind(l, line, report))
		return false;
	family = l->key.family;
	if (!names_endpoint(&w->names, line->words[4], family, l->key.address, &l->key.port,
			    report) ||
	    !listener_set_group(w, l, line->words[5], report))
		return false;
	for (i = 6; i < line->count; i++)
		if (!listener_take_word(w, l, line->words[i], report))
			return false;
	put_listener(w, l);
	return true;
}

static bool slot_target(struct world *w, const char *name, uint32_t *id, struct report *report)
{
	const struct target_def *t;

	*id = 0;
	if (word_is(name, "none"))
		return true;
	t = world_target(w, name, report);
	if (t)
		*id = NLB_TARGET_ID(t->index, t->gen);
	return t != NULL;
}

/* PRIMARY[/SECONDARY][*TIMES] */
static bool take_slots(struct world *w, struct group_def *g, const char *word,
		       struct report *report)
{
	struct nlb_slot slot = {0};
	char text[3 * NAME_BYTES], *slash, *star;
	uint64_t times = 1;

	if (snprintf(text, sizeof(text), "%s", word) >= (int)sizeof(text))
		return report_fail(report, "'%s' is too long", word);
	star = strchr(text, '*');
	slash = strchr(text, '/');
	if (star)
		*star = '\0';
	if (slash)
		*slash = '\0';
	if (star && !words_number(w, star + 1, RING_MAX, &times, report))
		return false;
	if (!slot_target(w, text, &slot.primary, report) ||
	    (slash && !slot_target(w, slash + 1, &slot.secondary, report)))
		return false;
	if (g->ring_size + times > RING_MAX)
		return report_fail(report, "more than %d slots", RING_MAX);
	while (times--)
		g->ring[g->ring_size++] = slot;
	return true;
}

static bool statement_ring(struct world *w, const struct line *line, struct report *report)
{
	struct group_def *g;
	uint32_t base, i;
	int k;

	if (!words_need(line, 3, "ring GROUP empty|damaged|PRIMARY[/SECONDARY][*TIMES]...", report))
		return false;
	g = world_find_group(w, line->words[1]);
	if (!g)
		return report_fail(report, "unknown group '%s'", line->words[1]);
	g->ring_size = 0;
	g->ring_half = !g->ring_half;
	base = (uint32_t)(2 * (g - w->groups) + g->ring_half) * RING_MAX;
	if (line->count == 3 &&
	    (word_is(line->words[2], "empty") || word_is(line->words[2], "damaged"))) {
		g->value.ring = word_is(line->words[2], "empty") ? 0 : NLB_RING(NLB_MAX_SLOTS, 16);
	} else {
		for (k = 2; k < line->count; k++)
			if (!take_slots(w, g, line->words[k], report))
				return false;
		for (i = 0; i < g->ring_size; i++)
			world_write(w, MAP_SLOTS, base + i, &g->ring[i]);
		g->value.ring = NLB_RING(base, g->ring_size);
	}
	put_group(w, g);
	return true;
}

static bool each_target(struct world *w, const struct line *line, struct report *report,
			void (*verb)(struct world *, struct target_def *))
{
	struct target_def *t;
	int i;

	if (!words_need(line, 2, "healthy|unhealthy|gone TARGET...", report))
		return false;
	for (i = 1; i < line->count; i++) {
		t = world_target(w, line->words[i], report);
		if (!t)
			return false;
		verb(w, t);
	}
	return true;
}

static void make_healthy(struct world *w, struct target_def *t)
{
	world_set_health(w, t, true);
}

static void make_unhealthy(struct world *w, struct target_def *t)
{
	world_set_health(w, t, false);
}

static void make_gone(struct world *w, struct target_def *t)
{
	struct nlb_target free_target = t->value;

	free_target.id = 0;
	world_write(w, MAP_TARGETS, t->index, &free_target);
}

static bool statement_healthy(struct world *w, const struct line *line, struct report *report)
{
	return each_target(w, line, report, make_healthy);
}

static bool statement_unhealthy(struct world *w, const struct line *line, struct report *report)
{
	return each_target(w, line, report, make_unhealthy);
}

static bool statement_gone(struct world *w, const struct line *line, struct report *report)
{
	return each_target(w, line, report, make_gone);
}

static bool statement_tx(struct world *w, const struct line *line, struct report *report)
{
	int i, interface;

	memset(w->tx_ports, 0, sizeof(w->tx_ports));
	for (i = 1; i < line->count; i++) {
		interface = netns_find(line->words[i]);
		if (interface < 0)
			return report_fail(report, "unknown interface '%s'", line->words[i]);
		w->tx_ports[interface] = true;
	}
	world_limit_tx(w, IF_COUNT);
	return true;
}

/* sources LIST ip4|ip6 ADDRESS/BITS allow|deny */
static bool statement_sources(struct world *w, const struct line *line, struct report *report)
{
	struct nlb_source_key key = {0};
	char address[NAME_BYTES], *bits;
	uint32_t answer = NLB_SOURCE_ALLOWED;
	uint64_t list, length;
	int family;

	if (!words_need(line, 5, "sources LIST ip4|ip6 ADDRESS/BITS allow|deny", report) ||
	    !words_number(w, line->words[1], 0xffff, &list, report) ||
	    !words_family(line->words[2], &family, report))
		return false;
	snprintf(address, sizeof(address), "%s", line->words[3]);
	bits = strchr(address, '/');
	if (!bits)
		return report_fail(report, "'%s' has no prefix length", address);
	*bits++ = '\0';
	if (!words_number(w, bits, 128, &length, report))
		return false;
	if (length &&
	    !names_address(&w->names, address, family, key.address, report))
		return false;
	if (word_is(line->words[4], "deny"))
		answer = NLB_SOURCE_DENIED;
	else if (!word_is(line->words[4], "allow"))
		return report_fail(report, "'%s' is neither allow nor deny", line->words[4]);
	key.list = (uint16_t)list;
	key.family = (uint8_t)family;
	key.prefix_bits = NLB_SOURCE_LIST_BITS + (uint32_t)length;
	program_put(w->program, MAP_SOURCES, &key, &answer);
	return true;
}

/* bucket empty: no CPU sends anything of its own making */
static bool statement_bucket(struct world *w, const struct line *line, struct report *report)
{
	if (line->count != 2 || !word_is(line->words[1], "empty"))
		return report_fail(report, "usage: bucket empty");
	program_fill_buckets(w->program, false);
	return true;
}

/* natively forget MAP: the native build's copy alone, for tests of the comparison */
static bool statement_natively(struct world *w, const struct line *line, struct report *report)
{
	if (line->count != 3 || !word_is(line->words[1], "forget"))
		return report_fail(report, "usage: natively forget MAP");
	if (!w->program->twin)
		return report_skip(report, "there is no native build in this run");
	return twin_forget(w->program->twin, line->words[2]) ||
	       report_fail(report, "unknown map '%s'", line->words[2]);
}

bool statements_run(struct world *w, const struct line *line, bool *known, struct report *report)
{
	static const struct {
		const char *word;
		bool (*carry_out)(struct world *, const struct line *, struct report *);
	} statements[] = {
		{"host", statement_host},
		{"settings", statement_settings},
		{"snats", statement_snats},
		{"group", statement_group},
		{"target", statement_target},
		{"listener", statement_listener},
		{"range", statement_range},
		{"action", statement_action},
		{"ring", statement_ring},
		{"healthy", statement_healthy},
		{"unhealthy", statement_unhealthy},
		{"gone", statement_gone},
		{"tx", statement_tx},
		{"bucket", statement_bucket},
		{"natively", statement_natively},
		{"sources", statement_sources},
	};
	size_t i;

	*known = true;
	for (i = 0; i < ARRAY_SIZE(statements); i++)
		if (word_is(line->words[0], statements[i].word))
			return statements[i].carry_out(w, line, report);
	*known = false;
	return true;
}
