// SPDX-License-Identifier: BSD-2-Clause
/* Flow and reply entries as fixtures see them. */
#include "entries.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/base.h"

#define NS_PER_S 1000000000ull

static const struct {
	const char *name;
	uint8_t value;
} states[] =
	{
		{"udp", NLB_FLOW_UDP},
		{"syn_sent", NLB_FLOW_SYN_SENT},
		{"syn_received", NLB_FLOW_SYN_RECEIVED},
		{"established", NLB_FLOW_ESTABLISHED},
		{"closing", NLB_FLOW_CLOSING},
		{"time_wait", NLB_FLOW_TIME_WAIT},
		{"closed", NLB_FLOW_CLOSED},
},
  fins[] = {
	  {"none", 0},
	  {"client", NLB_FLOW_FIN_CLIENT},
	  {"target", NLB_FLOW_FIN_TARGET},
	  {"both", NLB_FLOW_FIN_CLIENT | NLB_FLOW_FIN_TARGET},
};

#define FIN_FLAGS (NLB_FLOW_FIN_CLIENT | NLB_FLOW_FIN_TARGET)

bool state_find(const char *name, uint8_t *state)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		if (word_is(states[i].name, name)) {
			*state = states[i].value;
			return true;
		}
	}
	return false;
}

const char *state_name(uint8_t state)
{
	return state < ARRAY_SIZE(states) ? states[state].name : "?";
}

bool fin_find(const char *name, uint8_t *flags)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fins); i++) {
		if (word_is(fins[i].name, name)) {
			*flags = fins[i].value;
			return true;
		}
	}
	return false;
}

const char *fin_name(uint8_t flags)
{
	return fins[flags & FIN_FLAGS].name;
}

static bool shift_flag(const char *name, size_t len, uint16_t *flags)
{
	static const struct {
		const char *name;
		uint16_t flag;
	} known[] = {
		{"proxy", NLB_SHIFT_PROXY},
		{"on_ack", NLB_SHIFT_ON_ACK},
		{"acked", NLB_SHIFT_ACKED},
		{"seq", NLB_SHIFT_SEQ},
		{"none", 0},
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		if (strlen(known[i].name) == len && !strncmp(known[i].name, name, len)) {
			*flags |= known[i].flag;
			return true;
		}
	}
	return false;
}

bool shift_find(const char *names, uint16_t *flags)
{
	size_t len;

	for (*flags = 0;; names += len + 1) {
		len = strcspn(names, "+");
		if (!shift_flag(names, len, flags))
			return false;
		if (!names[len])
			return true;
	}
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

char *tuple_format(const struct nlb_tuple *t, char text[TUPLE_TEXT_MAX])
{
	int family = t->family == NLB_IPV4 ? AF_INET : AF_INET6;
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];

	snprintf(text, TUPLE_TEXT_MAX, "[%s]:%u > [%s]:%u protocol %u",
		 inet_ntop(family, t->src, src, sizeof(src)), ntohs(t->sport),
		 inet_ntop(family, t->dst, dst, sizeof(dst)), ntohs(t->dport), t->protocol);
	return text;
}

/* ---- given ---- */

struct given {
	struct nlb_tuple client; /* key of the flow */
	struct nlb_tuple reply;	 /* key of the reply */
	struct nlb_flow flow;
	const char *from, *to;
	uint64_t age_s;
};

static bool family_and_protocol(const struct line *line, struct nlb_tuple *t, struct report *report)
{
	const char *protocol = line->words[2], *family = line->words[3];

	if (!word_is(protocol, "tcp") && !word_is(protocol, "udp"))
		return report_fail(report, "'%s' is neither tcp nor udp", protocol);
	if (!word_is(family, "ip4") && !word_is(family, "ip6"))
		return report_fail(report, "'%s' is neither ip4 nor ip6", family);
	t->protocol = word_is(protocol, "tcp") ? IPPROTO_TCP : IPPROTO_UDP;
	t->family = word_is(family, "ip4") ? NLB_IPV4 : NLB_IPV6;
	return true;
}

static bool take_number(struct world *w, const char *text, uint64_t max, uint64_t *n,
			struct report *report)
{
	return names_number(&w->names, text, max, n, report);
}

static bool take_sources(struct world *w, struct given *g, const char *text, struct report *report)
{
	uint64_t list;

	if (!take_number(w, text, 0xffff, &list, report))
		return false;
	g->flow.sources = (uint16_t)list;
	return true;
}

static bool take_target(struct world *w, struct given *g, const char *name, struct report *report)
{
	const struct target_def *t = world_target(w, name, report);

	if (!t)
		return false;
	g->flow.target = NLB_TARGET_ID(t->index, t->gen);
	memcpy(g->reply.src, t->value.address, 16);
	g->reply.sport = t->value.port;
	g->reply.family = t->value.family;
	return true;
}

static bool take_interface(struct given *g, const char *name, struct report *report)
{
	int interface = netns_find(name);

	if (interface < 0)
		return report_fail(report, "unknown interface '%s'", name);
	g->flow.link.ifindex = netns_ifindexes[interface];
	return true;
}

static bool take_listener(struct world *w, struct given *g, const struct listener_def *l)
{
	if (!l)
		return false;
	g->flow.listener = l->value.id;
	g->flow.idle_s =
		g->client.protocol == IPPROTO_TCP ? l->value.tcp_idle_s : l->value.udp_idle_s;
	return true;
}

static bool take_tag(struct world *w, const char *text, __be16 *tag, struct report *report)
{
	uint64_t n;

	if (!take_number(w, text, 0xffff, &n, report))
		return false;
	*tag = htons((uint16_t)n);
	return true;
}

static bool take_shift(struct world *w, struct nlb_shift *shift, const char *word, bool *known,
		       struct report *report)
{
	const char *text;
	uint64_t n = 0;

	*known = true;
	if ((text = word_value(word, "shift")))
		return shift_find(text, &shift->flags) ||
		       report_fail(report, "unknown shift '%s'", text);
	if ((text = word_value(word, "isn"))) {
		if (!take_number(w, text, UINT32_MAX, &n, report))
			return false;
		shift->isn = (uint32_t)n;
	} else if ((text = word_value(word, "to_client"))) {
		if (!take_number(w, text, UINT32_MAX, &n, report))
			return false;
		shift->to_client = (uint32_t)n;
	} else if ((text = word_value(word, "to_target"))) {
		if (!take_number(w, text, UINT16_MAX, &n, report))
			return false;
		shift->to_target = (uint16_t)n;
	} else {
		*known = false;
	}
	return true;
}

static bool take_word(struct world *w, struct given *g, const char *word, struct report *report)
{
	bool known, ok = take_shift(w, &g->flow.shift, word, &known, report);
	const char *text;

	if (known)
		return ok;
	if ((text = word_value(word, "target")))
		return take_target(w, g, text, report);
	if ((text = word_value(word, "snat")))
		return names_endpoint(&w->names, text,
				      g->reply.family ? g->reply.family : g->client.family,
				      g->flow.snat, &g->flow.snat_port, report);
	if ((text = word_value(word, "state")))
		return state_find(text, &g->flow.state) ||
		       report_fail(report, "unknown state '%s'", text);
	if ((text = word_value(word, "fin")))
		return fin_find(text, &g->flow.flags) ||
		       report_fail(report, "unknown fin '%s'", text);
	if ((text = word_value(word, "listener")))
		return take_listener(w, g, world_listener(w, text, report));
	if ((text = word_value(word, "on")))
		return take_interface(g, text, report);
	if ((text = word_value(word, "from")))
		return (g->from = text);
	if ((text = word_value(word, "to")))
		return (g->to = text);
	if ((text = word_value(word, "age")))
		return take_number(w, text, 1000000, &g->age_s, report);
	if ((text = word_value(word, "vlan_outer")))
		return take_tag(w, text, &g->flow.link.vlan_outer, report);
	if ((text = word_value(word, "sources")))
		return take_sources(w, g, text, report);
	if ((text = word_value(word, "vlan_inner")))
		return take_tag(w, text, &g->flow.link.vlan_inner, report);
	return report_fail(report, "unknown word '%s' of a given entry", word);
}

static bool is_old_enough(uint64_t age_s, struct report *report)
{
	return now_ns() > age_s * NS_PER_S ||
	       report_skip(
		       report,
		       "the machine has been up for less than the %llu s that the test goes back",
		       (unsigned long long)age_s);
}

static void put_given(struct world *w, struct given *g, bool flow, bool reply)
{
	struct nlb_reply r = {.target = g->flow.target,
			      .listener = g->flow.listener,
			      .state = g->flow.state,
			      .flags = g->flow.flags,
			      .idle_s = g->flow.idle_s,
			      .client = g->client,
			      .link = g->flow.link,
			      .shift = g->flow.shift};

	g->flow.last_seen_ns = now_ns() - g->age_s * NS_PER_S;
	g->flow.created_s = g->flow.synced_s = (uint32_t)(g->flow.last_seen_ns / NS_PER_S);
	r.last_seen_ns = g->flow.last_seen_ns;
	r.synced_s = g->flow.synced_s;
	memcpy(g->reply.dst, g->flow.snat, 16);
	g->reply.dport = g->flow.snat_port;
	g->reply.protocol = g->client.protocol;
	if (flow)
		program_put(w->program, MAP_FLOWS, &g->client, &g->flow);
	if (reply)
		program_put(w->program, MAP_REPLIES, &g->reply, &r);
}

static const char given_usage[] = "given flow|reply|both tcp|udp ip4|ip6 CLIENT:PORT > VIP:PORT "
				  "target=T snat=ADDRESS:PORT state=S ...";

static bool given_entry(struct world *w, const struct line *line, struct report *report)
{
	bool both = word_is(line->words[1], "both"), flow = word_is(line->words[1], "flow");
	struct given g = {.from = "client",
			  .to = "front",
			  .flow.link.ifindex = netns_ifindexes[IF_FRONT],
			  .flow.state = NLB_FLOW_STATES};
	int i;

	if (line->count < 9 || !word_is(line->words[5], ">"))
		return report_fail(report, "usage: %s", given_usage);
	if (!family_and_protocol(line, &g.client, report) ||
	    !names_endpoint(&w->names, line->words[4], g.client.family, g.client.src,
			    &g.client.sport, report) ||
	    !names_endpoint(&w->names, line->words[6], g.client.family, g.client.dst,
			    &g.client.dport, report))
		return false;
	take_listener(w, &g, world_listener_by_key(w, &g.client));
	for (i = 7; i < line->count; i++)
		if (!take_word(w, &g, line->words[i], report))
			return false;
	if (!g.flow.target || g.flow.state == NLB_FLOW_STATES)
		return report_fail(report, "usage: %s", given_usage);
	if (!names_mac(&w->names, g.from, g.flow.link.client_mac, report) ||
	    !names_mac(&w->names, g.to, g.flow.link.local_mac, report) ||
	    !is_old_enough(g.age_s, report))
		return false;
	put_given(w, &g, flow || both, !flow);
	return true;
}

/* Each port of a range belongs to another client's flow. */
static bool given_taken(struct world *w, const struct line *line, struct report *report)
{
	struct given g = {.flow = {.state = NLB_FLOW_ESTABLISHED,
				   .idle_s = 30,
				   .listener = w->listeners[0].value.id}};
	unsigned int first, last;
	const char *text;
	uint64_t age = 0;
	char rest;

	if (line->count < 7)
		return report_fail(report, "usage: given taken tcp|udp ip4|ip6 TARGET SNAT-ADDRESS "
					   "FIRST-LAST [age=N]");
	if (!family_and_protocol(line, &g.client, report) ||
	    !take_target(w, &g, line->words[4], report) ||
	    !names_address(&w->names, line->words[5], g.reply.family, g.flow.snat, report))
		return false;
	if (sscanf(line->words[6], "%u-%u%c", &first, &last, &rest) != 2 || last > 0xffff)
		return report_fail(report, "'%s' is not a range of ports", line->words[6]);
	text = line->count == 8 ? word_value(line->words[7], "age") : NULL;
	if (line->count > 7 && !text)
		return report_fail(report, "unknown word '%s'", line->words[7]);
	if ((text && !take_number(w, text, 1000000, &age, report)) || !is_old_enough(age, report))
		return false;
	g.age_s = age;
	if (g.client.protocol == IPPROTO_UDP)
		g.flow.state = NLB_FLOW_UDP;
	memset(g.client.src, 0x77, g.client.family == NLB_IPV4 ? 4 : 16);
	for (; first <= last; first++) {
		g.client.sport = g.flow.snat_port = htons((uint16_t)first);
		put_given(w, &g, false, true);
	}
	return true;
}

static bool statement_given(struct world *w, const struct line *line, struct report *report)
{
	const char *what = line->count > 1 ? line->words[1] : "";

	if (word_is(what, "taken"))
		return given_taken(w, line, report);
	if (word_is(what, "flow") || word_is(what, "reply") || word_is(what, "both"))
		return given_entry(w, line, report);
	return report_fail(report, "given what? flow, reply, both or taken");
}

/* ---- forget, age ---- */

static bool is_table(const char *word)
{
	return word_is(word, "flows") || word_is(word, "replies");
}

static bool statement_forget(struct world *w, const struct line *line, struct report *report)
{
	if (line->count != 2 || !is_table(line->words[1]))
		return report_fail(report, "usage: forget flows|replies");
	program_clear(w->program, word_is(line->words[1], "flows") ? MAP_FLOWS : MAP_REPLIES);
	return true;
}

static void age_flows(struct program *p, struct flows *flows, uint64_t seconds)
{
	uint32_t i;

	for (i = 0; i < flows->count; i++) {
		flows->values[i].last_seen_ns -= seconds * NS_PER_S;
		flows->values[i].synced_s -= (uint32_t)seconds;
		flows->values[i].created_s -= (uint32_t)seconds;
		program_put(p, MAP_FLOWS, &flows->keys[i], &flows->values[i]);
	}
}

static void age_replies(struct program *p, struct replies *replies, uint64_t seconds)
{
	uint32_t i;

	for (i = 0; i < replies->count; i++) {
		replies->values[i].last_seen_ns -= seconds * NS_PER_S;
		replies->values[i].synced_s -= (uint32_t)seconds;
		program_put(p, MAP_REPLIES, &replies->keys[i], &replies->values[i]);
	}
}

/* Time can't be put forward; what the entries remember of it can be put back. */
static bool statement_age(struct world *w, const struct line *line, struct report *report)
{
	static struct tables tables;
	uint64_t seconds;

	if (line->count != 2 && (line->count != 3 || !is_table(line->words[1])))
		return report_fail(report, "usage: age [flows|replies] SECONDS");
	if (!take_number(w, line->words[line->count - 1], 1000000, &seconds, report) ||
	    !is_old_enough(seconds, report))
		return false;
	tables_read(w->program, &tables);
	if (line->count == 2 || word_is(line->words[1], "flows"))
		age_flows(w->program, &tables.flows, seconds);
	if (line->count == 2 || word_is(line->words[1], "replies"))
		age_replies(w->program, &tables.replies, seconds);
	return true;
}

bool entries_statement(struct world *w, const struct line *line, bool *known, struct report *report)
{
	*known = true;
	if (word_is(line->words[0], "given"))
		return statement_given(w, line, report);
	if (word_is(line->words[0], "forget"))
		return statement_forget(w, line, report);
	if (word_is(line->words[0], "age"))
		return statement_age(w, line, report);
	*known = false;
	return true;
}
