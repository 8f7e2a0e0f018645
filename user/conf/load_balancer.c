/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of a load balancer and its listeners. The order of the fields is the order of the
 * dump. */
#include "codec.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

#define TEXT_OF(x) #x
#define TEXT(x)	   TEXT_OF(x)

#define LISTENER(member) offsetof(struct listener, member)

/* Where a kind of value has its own offset in the record: the same table serves several. */
static void *part(const struct field *field, const void *record)
{
	return (char *)record + field->offset;
}

/* ---- actions ------------------------------------------------------------------------------- */

#define ACTION(member) offsetof(struct action, member)

static const struct field forward_fields[] = {
	{.key = "target_group",
	 .codec = &codec_text,
	 .offset = offsetof(struct forward_group, name),
	 .max = MODEL_NAME_MAX,
	 .required = true,
	 .help = "name of a target group"},
	{.key = "weight",
	 .codec = &codec_uint,
	 .offset = offsetof(struct forward_group, weight),
	 .max = MODEL_WEIGHT_MAX,
	 .fallback = TEXT(MODEL_WEIGHT_DEFAULT),
	 .help = "share of new flows relative to the other groups; 0: none"},
};

static void *forward_add(const struct decoder *d, void *parent)
{
	return model_add_forward(d->model, parent, NULL);
}

static const void *forward_plain(const struct encoder *e, const void *parent, const void *record)
{
	struct action nothing = {0};

	return model_add_forward(e->plain, &nothing, NULL);
}

static const struct noun noun_forward = {
	.name = "forward",
	.help = "a target group and its share of new flows",
	.fields = forward_fields,
	.field_count = ARRAY_SIZE(forward_fields),
	.bytes = sizeof(struct forward_group),
	.line = offsetof(struct forward_group, line),
	.add = forward_add,
	.plain = forward_plain,
};

/* "blue=3": one group of a forward in short. Returns what is behind it, NULL: refused. */
static const char *decode_choice(const struct decoder *d, const struct node *node, const char *text,
				 struct action *action)
{
	size_t len = strcspn(text, "=,");
	struct forward_group *group = model_add_forward(d->model, action, NULL);
	unsigned long weight = MODEL_WEIGHT_DEFAULT;
	char *rest = (char *)text + len;

	group->line = node->line;
	group->name = arena_printf(d->reader.arena, "%.*s", (int)len, text);
	if (*rest == '=' && isdigit((unsigned char)rest[1]))
		weight = strtoul(rest + 1, &rest, 10);
	if (!len || (*rest && (*rest != ',' || !rest[1])) || weight > MODEL_WEIGHT_MAX) {
		node_refuse(&d->reader, node,
			    "'%.64s' is neither a target group nor GROUP=WEIGHT,… (weights 0..%d)",
			    node->text, MODEL_WEIGHT_MAX);
		return NULL;
	}
	group->weight = (unsigned)weight;
	return *rest ? rest + 1 : rest;
}

static int decode_choices(const struct decoder *d, const struct node *node, struct action *action)
{
	const char *text = codec_decode_text(d, node, "a target group, or a list of them");

	if (!text)
		return -EINVAL;
	do {
		text = decode_choice(d, node, text, action);
	} while (text && *text);
	return text ? 0 : -EINVAL;
}

static int forward_decode(const struct decoder *d, const struct field *field,
			  const struct node *node, void *record)
{
	struct action *action = record;

	action->group_count = 0;
	if (node->kind == NODE_LIST)
		return codec_nouns.decode(d, field, node, record);
	return decode_choices(d, node, action);
}

/* One group is written by its name. */
static json_t *forward_encode(const struct encoder *e, const struct field *field,
			      const void *record, const void *plain)
{
	const struct action *action = record;

	if (action->group_count == 1 && action->groups[0].weight == MODEL_WEIGHT_DEFAULT)
		return json_string(action->groups[0].name);
	return codec_nouns.encode(e, field, record, plain);
}

static json_t *forward_describe(const struct field *field)
{
	return json_pack("{s:[{s:s}, o]}", "anyOf", "type", "string", codec_nouns.describe(field));
}

static const struct codec codec_forward = {forward_decode, forward_encode, forward_describe};

static const struct field stickiness_fields[] = {
	{.key = "enabled",
	 .codec = &codec_bool,
	 .offset = ACTION(sticky),
	 .fallback = "false",
	 .help = "every flow of a client address goes to the same target group"},
};

static const struct noun noun_stickiness = {
	.name = "stickiness",
	.help = "whether a client keeps its target group",
	.fields = stickiness_fields,
	.field_count = ARRAY_SIZE(stickiness_fields),
	.line = NO_LINE,
};

static const struct field action_fields[] = {
	{.key = "forward",
	 .codec = &codec_forward,
	 .offset = ACTION(groups),
	 .also = ACTION(group_count),
	 .max = MODEL_FORWARD_GROUPS_MAX,
	 .noun = &noun_forward,
	 .required = true,
	 .help = "the target group that takes the flows, or several with weights"},
	{.key = "stickiness",
	 .codec = &codec_map,
	 .noun = &noun_stickiness,
	 .help = "whether a client keeps its target group"},
};

static const struct noun noun_action = {
	.name = "action",
	.help = "what happens to a new flow",
	.fields = action_fields,
	.field_count = ARRAY_SIZE(action_fields),
	.line = NO_LINE,
};

static int action_decode(const struct decoder *d, const struct field *field,
			 const struct node *node, void *record)
{
	return codec_decode_record(d, &noun_action, node, part(field, record));
}

static json_t *action_encode(const struct encoder *e, const struct field *field, const void *record,
			     const void *plain)
{
	return codec_encode_record(e, &noun_action, part(field, record), part(field, plain));
}

static json_t *action_describe(const struct field *field)
{
	return codec_describe_noun(&noun_action);
}

static const struct codec codec_action = {action_decode, action_encode, action_describe};

/* ---- rules --------------------------------------------------------------------------------- */

#define RULE(member) offsetof(struct rule, member)

static const struct field condition_fields[] = {
	{.key = "source_ip",
	 .codec = &codec_word,
	 .offset = RULE(source_ip),
	 .min = 1,
	 .words = source_ip_words,
	 .required = true,
	 .help = "the client's address family"},
};

static const struct noun noun_condition = {
	.name = "if",
	.help = "which flows the rule is for",
	.fields = condition_fields,
	.field_count = ARRAY_SIZE(condition_fields),
	.line = NO_LINE,
};

static const struct field rule_fields[] = {
	{.key = "priority",
	 .codec = &codec_uint,
	 .offset = RULE(priority),
	 .min = 1,
	 .max = MODEL_PRIORITY_MAX,
	 .required = true,
	 .help = "the lowest that fits decides"},
	{.key = "if",
	 .codec = &codec_map,
	 .noun = &noun_condition,
	 .required = true,
	 .help = "which flows the rule is for"},
	{.key = "then",
	 .codec = &codec_action,
	 .offset = RULE(action),
	 .required = true,
	 .help = "what happens to them"},
};

static void *rule_add(const struct decoder *d, void *parent)
{
	return model_add_rule(d->model, parent);
}

static const void *rule_plain(const struct encoder *e, const void *parent, const void *record)
{
	struct listener nowhere = {0};

	return model_add_rule(e->plain, &nowhere);
}

static const struct noun noun_rule = {
	.name = "rule",
	.help = "an action for some of the flows",
	.fields = rule_fields,
	.field_count = ARRAY_SIZE(rule_fields),
	.bytes = sizeof(struct rule),
	.line = RULE(line),
	.add = rule_add,
	.plain = rule_plain,
};

/* ---- ports --------------------------------------------------------------------------------- */

static int ports_decode(const struct decoder *d, const struct field *field, const struct node *node,
			void *record)
{
	struct listener *listener = record;
	const char *text = codec_decode_text(d, node, "a port, FIRST-LAST or all");
	struct err why = {0};
	unsigned port = 0;
	int rc;

	if (!text)
		return -EINVAL;
	if (isdigit((unsigned char)*text) && !strchr(text, '-') && node->plain) {
		rc = codec_decode_number(d, node, field->min, field->max, &port);
		listener->port = listener->last_port = (uint16_t)port;
		return rc;
	}
	if (ports_parse(text, &listener->port, &listener->last_port, &why))
		return node_refuse(&d->reader, node, "%s", why.text);
	return 0;
}

static json_t *ports_encode(const struct encoder *e, const struct field *field, const void *record,
			    const void *plain)
{
	const struct listener *listener = record;
	char text[PORTS_TEXT_MAX];

	if (!listener_has_range(listener))
		return json_integer(listener->port);
	return json_string(ports_format(listener->port, listener->last_port, text));
}

static json_t *ports_describe(const struct field *field)
{
	return json_pack("{s:[{s:s, s:i, s:i}, {s:s, s:s}]}", "anyOf", "type", "integer", "minimum",
			 (int)field->min, "maximum", (int)field->max, "type", "string", "pattern",
			 "^([0-9]+-[0-9]+|all)$");
}

static const struct codec codec_ports = {ports_decode, ports_encode, ports_describe};

/* ---- listener ------------------------------------------------------------------------------ */

static const struct field listener_attribute_fields[] = {
	{.key = "tcp.idle_timeout.seconds",
	 .codec = &codec_uint,
	 .offset = LISTENER(tcp_idle_s),
	 .min = 1,
	 .max = MODEL_IDLE_MAX_S,
	 .fallback = TEXT(MODEL_TCP_IDLE_DEFAULT_S),
	 .help = "a TCP flow without packets for so long is forgotten"},
	{.key = "udp.idle_timeout.seconds",
	 .codec = &codec_uint,
	 .offset = LISTENER(udp_idle_s),
	 .min = 1,
	 .max = MODEL_IDLE_MAX_S,
	 .fallback = TEXT(MODEL_UDP_IDLE_DEFAULT_S),
	 .help = "a UDP flow without packets for so long is forgotten"},
	{.key = "new_flows_per_source.per_second",
	 .codec = &codec_uint,
	 .offset = LISTENER(flows_per_source),
	 .max = MODEL_FLOWS_PER_SOURCE_MAX,
	 .fallback = "0",
	 .help = "new flows a second that one source may begin (an IPv4 address, an IPv6 network of "
		 "64 bits); 0: no limit"},
	{.key = "new_flows_per_source.burst",
	 .codec = &codec_uint,
	 .offset = LISTENER(flows_per_source_burst),
	 .max = MODEL_FLOWS_PER_SOURCE_MAX,
	 .fallback = "0",
	 .help = "new flows at once after a pause; 0: as many as in a second"},
};

static const struct noun noun_listener_attributes = {
	.name = "listener_attributes",
	.help = "attributes by AWS's names",
	.fields = listener_attribute_fields,
	.field_count = ARRAY_SIZE(listener_attribute_fields),
	.line = NO_LINE,
};

static const struct field listener_fields[] = {
	{.key = "protocol",
	 .codec = &codec_word,
	 .offset = LISTENER(protocol),
	 .min = 1,
	 .words = protocol_words,
	 .required = true,
	 .help = "what the listener hears"},
	{.key = "port",
	 .codec = &codec_ports,
	 .min = 1,
	 .max = MODEL_PORT_MAX,
	 .required = true,
	 .help = "on every address of the load balancer; FIRST-LAST: a range, all: every port; "
		 "what is more specific goes first"},
	{.key = "rules",
	 .codec = &codec_nouns,
	 .offset = LISTENER(rules),
	 .also = LISTENER(rule_count),
	 .max = MODEL_RULES_MAX,
	 .noun = &noun_rule,
	 .help = "actions for flows of a kind, before the default"},
	{.key = "default_action",
	 .codec = &codec_action,
	 .offset = LISTENER(default_action),
	 .required = true,
	 .help = "what happens to a new flow"},
	{.key = "security_groups",
	 .codec = &codec_names,
	 .offset = LISTENER(security_groups),
	 .also = LISTENER(security_group_count),
	 .max = MODEL_GROUPS_PER_LISTENER_MAX,
	 .help = "names of the security groups that say which sources may use it; none: all may"},
	{.key = "attributes",
	 .codec = &codec_map,
	 .noun = &noun_listener_attributes,
	 .help = "attributes by AWS's names"},
};

static void *listener_add(const struct decoder *d, void *parent)
{
	return model_add_listener(d->model, parent);
}

static const void *listener_plain(const struct encoder *e, const void *parent, const void *record)
{
	struct load_balancer nowhere = {0};

	return model_add_listener(e->plain, &nowhere);
}

const struct noun noun_listener = {
	.name = "listener",
	.help = "a protocol and a port on every address of its load balancer",
	.fields = listener_fields,
	.field_count = ARRAY_SIZE(listener_fields),
	.bytes = sizeof(struct listener),
	.line = LISTENER(line),
	.add = listener_add,
	.plain = listener_plain,
};

/* ---- load balancer ------------------------------------------------------------------------- */

#define LB(member) offsetof(struct load_balancer, member)

/* Refused at once: what else an application load balancer holds would only be unknown keys. */
static int type_decode(const struct decoder *d, const struct field *field, const struct node *node,
		       void *record)
{
	struct load_balancer *lb = record;
	int rc = codec_word.decode(d, field, node, record);

	if (!rc && lb->type == LB_APPLICATION)
		return node_refuse(&d->reader, node, "%s", MODEL_APPLICATION_REFUSED);
	return rc;
}

static const struct codec codec_lb_type = {type_decode, codec_word_encode, codec_word_describe};

static int decode_vip(const struct decoder *d, const struct node *node, struct load_balancer *lb)
{
	const char *text = codec_decode_text(d, node, "an IP address");
	const char *unusable;
	struct prefix prefix;
	struct err why = {0};

	if (!text)
		return -EINVAL;
	if (strchr(text, '/') ? prefix_parse(text, &prefix, &why)
			      : addr_parse(text, &prefix.address, &why))
		return node_refuse(&d->reader, node, "%s", why.text);
	if (!strchr(text, '/'))
		prefix.bits = (uint8_t)prefix_bits_max(prefix.address.family);
	unusable = address_is_unusable(&prefix.address);
	if (unusable)
		return node_refuse(&d->reader, node, "%s is %s and cannot be used", text, unusable);
	if (prefix_is_one(&prefix))
		model_add_address(d->model, lb, &prefix.address);
	else
		model_add_prefix(d->model, lb, &prefix);
	return 0;
}

static int vips_decode(const struct decoder *d, const struct field *field, const struct node *node,
		       void *record)
{
	int rc = codec_check_list(d, field, node);

	for (const struct node *n = node->first; n && !rc; n = n->next)
		rc = decode_vip(d, n, record);
	return rc;
}

static json_t *vips_encode(const struct encoder *e, const struct field *field, const void *record,
			   const void *plain)
{
	const struct load_balancer *lb = record;
	json_t *list = json_array();
	char text[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < lb->address_count; i++)
		json_array_append_new(list, json_string(addr_format(&lb->addresses[i], text)));
	for (size_t i = 0; i < lb->prefix_count; i++)
		json_array_append_new(list, json_string(prefix_format(&lb->prefixes[i], text)));
	return list;
}

static json_t *vips_describe(const struct field *field)
{
	return json_pack("{s:s, s:i, s:{s:s}}", "type", "array", "maxItems", (int)field->max,
			 "items", "type", "string");
}

static const struct codec codec_vips = {vips_decode, vips_encode, vips_describe};

static const struct field lb_fields[] = {
	{.key = "name",
	 .codec = &codec_text,
	 .offset = LB(name),
	 .max = MODEL_NAME_MAX,
	 .required = true,
	 .help = "letters, digits and hyphens, no hyphen at either end"},
	{.key = "type",
	 .codec = &codec_lb_type,
	 .offset = LB(type),
	 .min = 1,
	 .words = lb_type_words,
	 .fallback = "network",
	 .help = "application isn't available yet"},
	{.key = "addresses",
	 .codec = &codec_vips,
	 .max = MODEL_ADDRESSES_MAX,
	 .required = true,
	 .help = "the virtual addresses (VIPs), IPv4 and IPv6; ADDRESS/BITS: every address of a "
		 "prefix (announce: none)"},
	{.key = "announce",
	 .codec = &codec_word,
	 .offset = LB(announce),
	 .min = 1,
	 .words = lb_announce_words,
	 .fallback = "address",
	 .help = "how the network learns that the addresses are here: address puts them on an "
		 "interface and says so by gratuitous ARP and neighbour advertisements, none "
		 "leaves it "
		 "to others"},
	{.key = "interfaces",
	 .codec = &codec_interfaces,
	 .offset = LB(interfaces),
	 .also = LB(interface_count),
	 .max = MODEL_INTERFACES_MAX,
	 .help = "where the addresses are announced; none: the node's first interface"},
	{.key = "listeners",
	 .codec = &codec_nouns,
	 .offset = LB(listeners),
	 .also = LB(listener_count),
	 .max = MODEL_LISTENERS_MAX,
	 .noun = &noun_listener,
	 .help = "what the load balancer listens to"},
};

static void *lb_add(const struct decoder *d, void *parent)
{
	return model_add_load_balancer(parent, NULL);
}

static const void *lb_plain(const struct encoder *e, const void *parent, const void *record)
{
	return model_add_load_balancer(e->plain, NULL);
}

const struct noun noun_load_balancer = {
	.name = "load_balancer",
	.help = "virtual addresses and what listens on them",
	.fields = lb_fields,
	.field_count = ARRAY_SIZE(lb_fields),
	.bytes = sizeof(struct load_balancer),
	.line = LB(line),
	.add = lb_add,
	.plain = lb_plain,
};
