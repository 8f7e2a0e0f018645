// SPDX-License-Identifier: BSD-2-Clause
/* `target`: a row of targets, its next hop, its SNAT addresses, its health bit. */
#include <arpa/inet.h>

#include "leat/nlb_encap.h"
#include "statements.h"
#include "words.h"

#define FIRST_TARGET  60 /* 60 … 75: two words of health */
#define FIRST_NEXTHOP 90
#define FIRST_GEN     3

static void put_target(struct world *w, struct target_def *t)
{
	world_write(w, MAP_TARGETS, t->index, &t->value);
}

static bool set_nexthop(struct world *w, struct target_def *t, const char *out, const char *host,
			uint64_t mtu, struct report *report)
{
	uint32_t index = FIRST_NEXTHOP + (uint32_t)(t - w->targets);
	int interface = netns_find(out);
	bool is_raw;

	t->value.nexthop = 0;
	if (word_is(out, "none"))
		return true;
	if (!words_raw_index(w, out, &t->value.nexthop, &is_raw, report) || is_raw)
		return is_raw;
	if (interface < 0)
		return report_fail(report, "unknown interface '%s'", out);
	t->nexthop =
		(struct nlb_nexthop){.ifindex = netns_ifindexes[interface], .mtu = (uint16_t)mtu};
	if (!names_mac(&w->names, host, t->nexthop.dst_mac, report) ||
	    !names_mac(&w->names, out, t->nexthop.src_mac, report))
		return false;
	t->value.nexthop = index;
	world_write(w, MAP_NEXTHOPS, index, &t->nexthop);
	return true;
}

static bool set_snat(struct world *w, struct target_def *t, const char *name, struct report *report)
{
	const struct snat_def *s;

	t->value.snat = 0;
	if (word_is(name, "none"))
		return true;
	s = world_snat(w, name, report);
	if (s)
		t->value.snat = NLB_SNAT(s->first, s->count);
	return s != NULL;
}

struct target_words {
	bool keeps_port;
	const char *host, *out, *snat;
	uint64_t port, mtu, index, gen, link_bits, vary;
	uint64_t vlan_outer, vlan_inner, tpid; /* of its next hop */
};

/* After set_nexthop(). */
static void set_tags(struct world *w, struct target_def *t, const struct target_words *words)
{
	uint16_t usual = words->vlan_inner ? 0x88a8 : 0x8100;

	if (!words->vlan_outer)
		return;
	t->nexthop.vlan_outer = htons((uint16_t)words->vlan_outer);
	t->nexthop.vlan_inner = htons((uint16_t)words->vlan_inner);
	t->nexthop.vlan_outer_proto = htons(words->tpid ? (uint16_t)words->tpid : usual);
	world_write(w, MAP_NEXTHOPS, t->value.nexthop, &t->nexthop);
}

static bool take_tag_word(struct world *w, struct target_words *t, const char *word, bool *is_taken,
			  struct report *report)
{
	const char *text;

	*is_taken = true;
	if ((text = word_value(word, "vlan_outer")))
		return words_number(w, text, 0xffff, &t->vlan_outer, report);
	if ((text = word_value(word, "vlan_inner")))
		return words_number(w, text, 0xffff, &t->vlan_inner, report);
	if ((text = word_value(word, "tpid")))
		return words_number(w, text, 0xffff, &t->tpid, report);
	*is_taken = false;
	return true;
}

static bool take_target_word(struct world *w, struct target_words *t, const char *word,
			     struct report *report)
{
	const char *text;
	bool is_taken;

	if (!take_tag_word(w, t, word, &is_taken, report) || is_taken)
		return is_taken;
	if ((text = word_value(word, "host")))
		t->host = text;
	else if ((text = word_value(word, "out")))
		t->out = text;
	else if (word_is(word, "keep_port"))
		t->keeps_port = true;
	else if ((text = word_value(word, "snat")))
		t->snat = text;
	else if ((text = word_value(word, "port")))
		return words_number(w, text, 0xffff, &t->port, report);
	else if ((text = word_value(word, "mtu")))
		return words_number(w, text, 0xffff, &t->mtu, report);
	else if ((text = word_value(word, "link_bits")))
		return words_number(w, text, 128, &t->link_bits, report);
	else if ((text = word_value(word, "index")))
		return words_number(w, text, NLB_MAX_TARGETS - 1, &t->index, report);
	else if ((text = word_value(word, "vary")))
		return words_number(w, text, 32, &t->vary, report);
	else if ((text = word_value(word, "gen")))
		return words_number(w, text, NLB_TARGET_GEN_MAX, &t->gen, report);
	else
		return report_fail(report, "unknown word '%s' of a target", word);
	return true;
}

static struct target_def *make_target(struct world *w, const char *name, struct report *report)
{
	struct target_def *t = world_find_target(w, name);

	if (t)
		return t;
	if (w->target_count == TARGETS_MAX) {
		report_fail(report, "too many targets");
		return NULL;
	}
	t = &w->targets[w->target_count];
	*t = (struct target_def){.index = FIRST_TARGET + (uint32_t)w->target_count,
				 .gen = FIRST_GEN};
	if (!words_name(t->name, name, report))
		return NULL;
	w->target_count++;
	return t;
}

bool statement_target(struct world *w, const struct line *line, struct report *report)
{
	static const char usage[] = "target NAME GROUP ip4|ip6 [host=H] [port=N] [out=IF] [mtu=N] "
				    "[snat=S] [index=N] [gen=N] [link_bits=N] [vary=BITS] [keep_port]";
	struct target_words words = {.out = "back", .snat = "none", .port = 0, .mtu = 1500};
	struct group_def *g;
	struct target_def *t;
	int family, i;

	if (!words_need(line, 4, usage, report) || !words_family(line->words[3], &family, report))
		return false;
	g = world_find_group(w, line->words[2]);
	if (!g)
		return report_fail(report, "unknown group '%s'", line->words[2]);
	t = make_target(w, line->words[1], report);
	if (!t)
		return false;
	words.host = t->name;
	words.index = t->index;
	words.gen = t->gen;
	for (i = 4; i < line->count; i++)
		if (!take_target_word(w, &words, line->words[i], report))
			return false;
	t->index = (uint32_t)words.index;
	t->gen = (uint32_t)words.gen;
	t->value = (struct nlb_target){.id = NLB_TARGET_ID(t->index, t->gen),
				       .target_group = g->index,
				       .family = (uint8_t)family};
	t->value.forwarding = g->value.forwarding;
	t->value.overhead = nlb_encap_bytes(g->value.forwarding, (uint8_t)family);
	t->value.source_bits = (uint8_t)words.vary;
	t->value.port = htons((uint16_t)words.port);
	t->value.link_bits = (uint8_t)words.link_bits;
	t->value.flags = words.keeps_port ? NLB_TARGET_PRESERVE_PORT : 0;
	if (!names_address(&w->names, words.host, family, t->value.address, report) ||
	    !set_snat(w, t, words.snat, report) ||
	    !set_nexthop(w, t, words.out, words.host, words.mtu, report))
		return false;
	set_tags(w, t, &words);
	put_target(w, t);
	world_set_health(w, t, true);
	return true;
}
