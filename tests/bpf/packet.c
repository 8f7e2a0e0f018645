// SPDX-License-Identifier: BSD-2-Clause
/* Grammar of packets: which words a layer takes. */
#include "packet.h"

#include <string.h>

#include "base/base.h"

static const struct layer_kind kinds[] = {
	{"eth", LAYER_ETH, 2, {"type"}, {0}},
	{"vlan", LAYER_VLAN, 1, {"pcp", "tpid", "type"}, {"dei"}},
	{"arp", LAYER_ARP, 0, {0}, {0}},
	{"ip4",
	 LAYER_IP4,
	 2,
	 {"ttl", "tos", "id", "frag", "len", "ihl", "version", "proto", "options", "csum"},
	 {"df", "mf"}},
	{"ip6", LAYER_IP6, 2, {"hop", "tc", "label", "len", "version", "next"}, {0}},
	{"ext", LAYER_EXT, 1, {"size", "len", "next", "off", "id"}, {"mf"}},
	{"tcp",
	 LAYER_TCP,
	 2,
	 {"seq", "ack", "ackno", "win", "doff", "urgent", "options", "csum"},
	 {"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"}},
	{"udp", LAYER_UDP, 2, {"len", "csum"}, {0}},
	{"icmp", LAYER_ICMP, 0, {"type", "code", "rest", "csum", "quote"}, {0}},
	{"proxy", LAYER_PROXY, 2, {0}, {0}},
	{"data", LAYER_DATA, 1, {0}, {0}},
	{"word", LAYER_WORD, 1, {0}, {0}},
	{"hex", LAYER_HEX, 1, {0}, {0}},
	{"gue", LAYER_GUE, 0, {"alternate", "proto"}, {0}},
	{"pad", LAYER_PAD, 1, {0}, {0}},
	{"cut", LAYER_CUT, 1, {0}, {0}},
};

static const struct layer_kind *find_kind(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

static const char *find_key(const struct layer_kind *kind, const char *word)
{
	int i;

	for (i = 0; i < PARAMS_MAX && kind->keys[i]; i++)
		if (word_value(word, kind->keys[i]))
			return kind->keys[i];
	return NULL;
}

static const char *find_flag(const struct layer_kind *kind, const char *word)
{
	int i;

	for (i = 0; i < PARAMS_MAX && kind->flags[i]; i++)
		if (word_is(word, kind->flags[i]))
			return kind->flags[i];
	return NULL;
}

static bool take_param(struct layer *layer, const char *word, struct report *report)
{
	const char *key = find_key(layer->kind, word);
	const char *flag = key ? NULL : find_flag(layer->kind, word);

	if (!key && !flag)
		return report_fail(report, "unknown word '%s' of %s", word, layer->kind->name);
	if (key ? layer_value(layer, key) != NULL : layer_has_flag(layer, flag))
		return report_fail(report, "'%s' twice in %s", word, layer->kind->name);
	if (layer->param_count == PARAMS_MAX)
		return report_fail(report, "too many words of %s", layer->kind->name);
	layer->params[layer->param_count].key = key ? key : flag;
	layer->params[layer->param_count++].value = key ? word_value(word, key) : NULL;
	return true;
}

/* The words of one layer: [from, to). */
static bool take_layer(struct layer *layer, const char **words, int from, int to,
		       struct report *report)
{
	int args;

	if (from == to)
		return report_fail(report, "an empty layer");
	*layer = (struct layer){.kind = find_kind(words[from])};
	if (!layer->kind)
		return report_fail(report, "unknown layer '%s'", words[from]);
	args = layer->kind->args == 2 ? 3 : layer->kind->args;
	if (to - from < 1 + args || (args == 3 && !word_is(words[from + 2], ">")))
		return report_fail(report,
				   args == 3 ? "%s without SOURCE > DESTINATION"
					     : "%s without its argument",
				   layer->kind->name);
	if (args == 3) {
		layer->src = words[from + 1];
		layer->dst = words[from + 3];
	} else if (args) {
		layer->arg = words[from + 1];
	}
	for (from += 1 + args; from < to; from++)
		if (!take_param(layer, words[from], report))
			return false;
	return true;
}

bool packet_parse(struct packet *packet, const struct line *line, int first, struct report *report)
{
	int from = first, to;

	for (packet->count = 0; from <= line->count; from = to + 1) {
		for (to = from; to < line->count && !word_is(line->words[to], "|");)
			to++;
		if (packet->count == LAYERS_MAX)
			return report_fail(report, "more than %d layers", LAYERS_MAX);
		if (!take_layer(&packet->layers[packet->count++], line->words, from, to, report))
			return false;
	}
	return true;
}

const char *layer_value(const struct layer *layer, const char *key)
{
	int i;

	for (i = 0; i < layer->param_count; i++)
		if (layer->params[i].value && word_is(layer->params[i].key, key))
			return layer->params[i].value;
	return NULL;
}

bool layer_has_flag(const struct layer *layer, const char *flag)
{
	int i;

	for (i = 0; i < layer->param_count; i++)
		if (!layer->params[i].value && word_is(layer->params[i].key, flag))
			return true;
	return false;
}
