// SPDX-License-Identifier: BSD-2-Clause
/* Flow and reply entries against what a fixture says of them. Pairs are found by the contract, not
 * by what the entries say of each other. */
#include "look.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_S 1000000000ull
#define CLOCK_NS 50000000ull /* the coarse clock may be this much behind */

/* What both kinds of entry have, and what one has. */
struct entry {
	const char *kind;
	uint64_t last_seen_ns;
	uint32_t target, listener, created_s;
	uint8_t state, flags;
	uint16_t idle_s;
	struct nlb_link link;
	struct nlb_shift shift;
	const struct nlb_flow *flow;   /* NULL: a reply */
	const struct nlb_reply *reply; /* NULL: a flow */
};

struct look {
	struct world *world;
	struct report *report;
	struct entry entry;
	uint64_t started_ns;
	bool has_shift; /* the line says something of it */
};

/* ---- finding ---- */

/* Of a dnat target, whose answers go to the client's own address. */
static bool is_answer(const struct world *w, const struct nlb_tuple *t)
{
	int i;

	for (i = 0; i < w->target_count; i++) {
		const struct nlb_target *target = &w->targets[i].value;

		if (target->forwarding == NLB_FORWARD_DNAT && target->family == t->family &&
		    target->port == t->sport && !memcmp(target->address, t->src, 16))
			return true;
	}
	return false;
}

static bool is_reply_packet(const struct world *w, const struct nlb_tuple *t)
{
	int i, k;

	if (is_answer(w, t))
		return true;

	for (i = 0; i < w->snat_count; i++)
		for (k = 0; k < (int)w->snats[i].count; k++)
			if (w->snats[i].family == t->family &&
			    !memcmp(w->snats[i].addresses[k], t->dst, 16))
				return true;
	return false;
}

static struct nlb_tuple reply_key(const struct nlb_flow *f, const struct nlb_tuple *client,
				  const struct target_def *t)
{
	struct nlb_tuple key = {.sport = t->value.port,
				.dport = f->snat_port,
				.protocol = client->protocol,
				.family = t->value.family};

	memcpy(key.src, t->value.address, 16);
	memcpy(key.dst, f->snat, 16);
	return key;
}

/* The flow that a packet of a target answers: the one whose reply key the packet has. */
static bool find_answered(struct world *w, const struct nlb_tuple *packet, struct nlb_tuple *client)
{
	static struct tables tables;
	uint32_t i;

	tables_read(w->program, &tables);
	for (i = 0; i < tables.flows.count; i++) {
		const struct target_def *t = world_target_by_id(w, tables.flows.values[i].target);
		struct nlb_tuple key;

		if (!t)
			continue;
		key = reply_key(&tables.flows.values[i], &tables.flows.keys[i], t);
		if (!memcmp(&key, packet, sizeof(key))) {
			*client = tables.flows.keys[i];
			return true;
		}
	}
	return false;
}

static bool find_flow(struct world *w, const struct nlb_tuple *packet, struct nlb_tuple *client,
		      struct nlb_flow *f)
{
	if (!is_reply_packet(w, packet))
		*client = *packet;
	else if (!find_answered(w, packet, client))
		return false;
	return program_get(w->program, MAP_FLOWS, client, f);
}

static bool find_reply(struct world *w, const struct nlb_tuple *packet, struct nlb_reply *r)
{
	const struct target_def *t;
	struct nlb_tuple client, key;
	struct nlb_flow f;

	if (is_reply_packet(w, packet))
		return program_get(w->program, MAP_REPLIES, packet, r);
	if (!find_flow(w, packet, &client, &f))
		return false;
	t = world_target_by_id(w, f.target);
	if (!t)
		return false;
	key = reply_key(&f, &client, t);
	return program_get(w->program, MAP_REPLIES, &key, r);
}

/* ---- comparing ---- */

static bool differs(struct look *l, const char *field, const char *seen, const char *expected)
{
	return report_fail(l->report, "%s %s is %s, not %s", l->entry.kind, field, seen, expected);
}

static bool look_target(struct look *l, const char *text)
{
	const struct target_def *expected = world_target(l->world, text, l->report);
	const struct target_def *seen = world_target_by_id(l->world, l->entry.target);

	return expected &&
	       (seen == expected || differs(l, "target", seen ? seen->name : "one unknown", text));
}

/* gue: what the entry remembers of the slot. */
static bool look_alternate(struct look *l, const char *text)
{
	const struct target_def *seen = world_target_by_id(l->world, l->entry.flow->alternate);
	const struct target_def *expected = NULL;

	if (!word_is(text, "none") && !(expected = world_target(l->world, text, l->report)))
		return false;
	return seen == expected || differs(l, "alternate", seen ? seen->name : "none", text);
}

static bool look_listener(struct look *l, const char *text)
{
	const struct listener_def *expected = world_listener(l->world, text, l->report);

	return expected && (expected->value.id == l->entry.listener ||
			    differs(l, "listener", "another one", text));
}

static bool look_state(struct look *l, const char *text)
{
	uint8_t state;

	if (!state_find(text, &state))
		return report_fail(l->report, "unknown state '%s'", text);
	return state == l->entry.state || differs(l, "state", state_name(l->entry.state), text);
}

static bool look_fin(struct look *l, const char *text)
{
	uint8_t flags;

	if (!fin_find(text, &flags))
		return report_fail(l->report, "unknown fin '%s'", text);
	return flags == (l->entry.flags & (NLB_FLOW_FIN_CLIENT | NLB_FLOW_FIN_TARGET)) ||
	       differs(l, "fin", fin_name(l->entry.flags), text);
}

static bool look_number(struct look *l, const char *field, const char *text, uint64_t seen)
{
	uint64_t expected;
	char number[32];

	if (!names_number(&l->world->names, text, UINT64_MAX, &expected, l->report))
		return false;
	snprintf(number, sizeof(number), "%llu", (unsigned long long)seen);
	return expected == seen || differs(l, field, number, text);
}

/* now: during this step; old: before it. */
static bool look_time(struct look *l, const char *field, const char *text, uint64_t seen_ns,
		      uint64_t now)
{
	bool is_now = seen_ns + CLOCK_NS >= now;

	if (!word_is(text, "now") && !word_is(text, "old"))
		return report_fail(l->report, "unknown time '%s'", text);
	return is_now == word_is(text, "now") || differs(l, field, is_now ? "now" : "old", text);
}

static bool look_shift_flags(struct look *l, const char *text)
{
	uint16_t flags;

	if (!shift_find(text, &flags))
		return report_fail(l->report, "unknown shift '%s'", text);
	return flags == l->entry.shift.flags || differs(l, "shift", "another one", text);
}

static bool look_shift(struct look *l, const char *word, bool *known)
{
	const struct nlb_shift *s = &l->entry.shift;
	const char *text;

	*known = true;
	if ((text = word_value(word, "shift")))
		return look_shift_flags(l, text);
	if ((text = word_value(word, "isn")))
		return look_number(l, "isn", text, s->isn);
	if ((text = word_value(word, "to_client")))
		return look_number(l, "to_client", text, s->to_client);
	if ((text = word_value(word, "to_target")))
		return look_number(l, "to_target", text, s->to_target);
	*known = false;
	return true;
}

static bool look_mac(struct look *l, const char *field, const char *text, const uint8_t seen[6])
{
	uint8_t expected[6];

	if (!names_mac(&l->world->names, text, expected, l->report))
		return false;
	return !memcmp(expected, seen, 6) || differs(l, field, "another one", text);
}

static bool look_interface(struct look *l, const char *text)
{
	int interface = netns_find(text);
	char number[32];

	if (interface < 0)
		return report_fail(l->report, "unknown interface '%s'", text);
	snprintf(number, sizeof(number), "ifindex %u", l->entry.link.ifindex);
	return netns_ifindexes[interface] == l->entry.link.ifindex ||
	       differs(l, "on", number, text);
}

/* What a flow says of its source is of its target's family. */
static int target_family(const struct look *l)
{
	const struct target_def *t = world_target_by_id(l->world, l->entry.target);

	return t ? t->value.family : NLB_IPV4;
}

static bool look_endpoint(struct look *l, const char *field, const char *text, int family,
			  const uint8_t seen[16], __be16 seen_port)
{
	uint8_t address[16];
	char got[INET6_ADDRSTRLEN + 16];
	__be16 port;

	if (!names_endpoint(&l->world->names, text, family, address, &port, l->report))
		return false;
	if (port == seen_port && !memcmp(address, seen, 16))
		return true;
	inet_ntop(family == NLB_IPV4 ? AF_INET : AF_INET6, seen, got, INET6_ADDRSTRLEN);
	snprintf(got + strlen(got), 16, " port %u", ntohs(seen_port));
	return differs(l, field, got, text);
}

static bool look_common(struct look *l, const char *word, bool *known)
{
	const struct entry *e = &l->entry;
	const char *text;

	*known = true;
	if ((text = word_value(word, "target")))
		return look_target(l, text);
	if ((text = word_value(word, "listener")))
		return look_listener(l, text);
	if ((text = word_value(word, "state")))
		return look_state(l, text);
	if ((text = word_value(word, "fin")))
		return look_fin(l, text);
	if ((text = word_value(word, "idle")))
		return look_number(l, "idle", text, e->idle_s);
	if ((text = word_value(word, "seen")))
		return look_time(l, "seen", text, e->last_seen_ns, l->started_ns);
	if ((text = word_value(word, "from")))
		return look_mac(l, "from", text, e->link.client_mac);
	if ((text = word_value(word, "to")))
		return look_mac(l, "to", text, e->link.local_mac);
	if ((text = word_value(word, "on")))
		return look_interface(l, text);
	if ((text = word_value(word, "vlan_outer")))
		return look_number(l, "vlan_outer", text, ntohs(e->link.vlan_outer));
	if ((text = word_value(word, "vlan_inner")))
		return look_number(l, "vlan_inner", text, ntohs(e->link.vlan_inner));
	*known = false;
	return true;
}

static bool look_word(struct look *l, const char *word)
{
	const struct entry *e = &l->entry;
	const char *text;
	bool known, ok = look_common(l, word, &known);

	if (known)
		return ok;
	ok = look_shift(l, word, &known);
	l->has_shift |= known;
	if (known)
		return ok;
	if (e->flow && (text = word_value(word, "snat")))
		return look_endpoint(l, "snat", text, target_family(l), e->flow->snat,
				     e->flow->snat_port);
	if (e->flow && (text = word_value(word, "alternate")))
		return look_alternate(l, text);
	if (e->flow && (text = word_value(word, "sources")))
		return look_number(l, "sources", text, e->flow->sources);
	if (e->flow && (text = word_value(word, "created")))
		return look_time(l, "created", text, e->created_s * NS_PER_S,
				 l->started_ns - NS_PER_S);
	if (e->reply && (text = word_value(word, "client")))
		return look_endpoint(l, "client", text, e->reply->client.family,
				     e->reply->client.src, e->reply->client.sport);
	if (e->reply && (text = word_value(word, "vip")))
		return look_endpoint(l, "vip", text, e->reply->client.family, e->reply->client.dst,
				     e->reply->client.dport);
	return report_fail(l->report, "unknown word '%s' of a %s", word, e->kind);
}

static bool is_zero(const void *bytes, size_t n)
{
	const uint8_t *b = bytes;

	while (n--)
		if (*b++)
			return false;
	return true;
}

/* Entries outlive the program: what one version leaves in padding, another one reads. Of a shift
 * that the line doesn't speak of, there is none. */
static bool look_padding(struct look *l)
{
	bool ok = l->has_shift || is_zero(&l->entry.shift, sizeof(l->entry.shift));

	return ok || report_fail(l->report, "%s padding is not zero", l->entry.kind);
}

static struct entry entry_of_flow(const struct nlb_flow *f)
{
	return (struct entry){"flow",	    f->last_seen_ns, f->target, f->listener,
			      f->created_s, f->state,	     f->flags,	f->idle_s,
			      f->link,	    f->shift,	     f,		NULL};
}

static struct entry entry_of_reply(const struct nlb_reply *r)
{
	return (struct entry){"reply",	r->last_seen_ns, r->target, r->listener, 0,    r->state,
			      r->flags, r->idle_s,	 r->link,   r->shift,	 NULL, r};
}

bool look_entry(struct world *world, const struct line *line, const struct nlb_tuple *packet,
		uint64_t started_ns, struct report *report)
{
	struct look l = {.world = world, .report = report, .started_ns = started_ns};
	const char *kind = line->words[0];
	struct nlb_tuple client;
	struct nlb_reply r;
	struct nlb_flow f;
	bool found, ok;
	int i;

	if (line->count < 2)
		return report_fail(report, "%s: what of it?", kind);
	found = word_is(kind, "flow") ? find_flow(world, packet, &client, &f)
				      : find_reply(world, packet, &r);
	if (word_is(line->words[1], "none"))
		return !found || report_fail(report, "there is a %s", kind);
	if (!found)
		return report_fail(report, "there is no %s", kind);
	l.entry = word_is(kind, "flow") ? entry_of_flow(&f) : entry_of_reply(&r);
	for (i = 1, ok = true; i < line->count; i++)
		ok = look_word(&l, line->words[i]) && ok;
	return look_padding(&l) && ok;
}

bool look_entries(struct world *w, const struct line *line, struct report *report)
{
	static struct tables tables;
	const char *text;
	uint64_t n;
	int i;

	tables_read(w->program, &tables);
	if (line->count < 2)
		return report_fail(report, "usage: entries [flows=N] [replies=N]");
	for (i = 1; i < line->count; i++) {
		bool flows = (text = word_value(line->words[i], "flows")) != NULL;
		uint32_t seen = flows ? tables.flows.count : tables.replies.count;

		if (!flows && !(text = word_value(line->words[i], "replies")))
			return report_fail(report, "unknown word '%s'", line->words[i]);
		if (!names_number(&w->names, text, PROGRAM_FLOWS, &n, report))
			return false;
		if (n != seen)
			return report_fail(report, "%u %s, not %llu", seen,
					   flows ? "flows" : "replies", (unsigned long long)n);
	}
	return true;
}
