/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables of a target group, its health check, attributes and targets. Kinds of values that only
 * one key has are in front of the table that uses them. The order of the fields is the order of the
 * dump.
 */
#include "codec.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/base.h"

#define TEXT_OF(x) #x
#define TEXT(x)	   TEXT_OF(x)

/* ---- target -------------------------------------------------------------------------------- */

#define TARGET(member) offsetof(struct target, member)

static int address_decode(const struct decoder *d, const struct field *field,
			  const struct node *node, void *record)
{
	struct target *target = record;
	const char *text = codec_decode_text(d, node, "an IP address");
	struct err why = {0};

	if (!text)
		return -EINVAL;
	if (addr_parse(text, &target->address, &why))
		return node_refuse(&d->reader, node, "%s", why.text);
	return 0;
}

static json_t *address_encode(const struct encoder *e, const struct field *field,
			      const void *record, const void *plain)
{
	const struct target *target = record;
	char text[ADDR_TEXT_MAX];

	return json_string(addr_format(&target->address, text));
}

static json_t *address_describe(const struct field *field)
{
	return json_pack("{s:s}", "type", "string");
}

static const struct codec codec_address = {address_decode, address_encode, address_describe};

static const struct field target_fields[] = {
	{.key = "address", .codec = &codec_address, .required = true, .help = "IPv4 or IPv6"},
	{.key = "port",
	 .codec = &codec_u16,
	 .offset = TARGET(port),
	 .min = 1,
	 .max = 65535,
	 .help = "default: the target group's port"},
	{.key = "weight",
	 .codec = &codec_uint,
	 .offset = TARGET(weight),
	 .max = MODEL_WEIGHT_MAX,
	 .fallback = TEXT(MODEL_WEIGHT_DEFAULT),
	 .help = "share of new flows relative to the other targets; 0: none"},
	{.key = "drain",
	 .codec = &codec_bool,
	 .offset = TARGET(drain),
	 .fallback = "false",
	 .help = "takes no new flows, open ones go on for the deregistration delay"},
};

static int target_decode_short(const struct decoder *d, const struct node *node, void *record)
{
	struct target *target = record;
	const char *text = codec_decode_text(d, node, "ADDRESS, ADDRESS:PORT or a map");
	struct err why = {0};

	if (!text)
		return -EINVAL;
	if (endpoint_parse(text, &target->address, &target->port, &why))
		return node_refuse(&d->reader, node, "%s", why.text);
	return 0;
}

/* Only for an object that holds nothing but an endpoint. */
static json_t *target_encode_short(const json_t *object)
{
	const json_t *port = json_object_get(object, "port");
	char text[ENDPOINT_TEXT_MAX];
	struct addr address;

	if (json_object_size(object) != (port ? 2 : 1))
		return NULL;
	if (addr_parse(json_string_value(json_object_get(object, "address")), &address, NULL))
		return NULL;
	return json_string(endpoint_format(&address, (uint16_t)json_integer_value(port), text));
}

static void *target_add(const struct decoder *d, void *parent)
{
	return model_add_target(d->model, parent);
}

static const void *target_plain(const struct encoder *e, const void *parent, const void *record)
{
	const struct target_group *tg = parent;
	struct target_group nowhere = {0};
	struct target *target = model_add_target(e->plain, &nowhere);

	target->port = tg->port;
	return target;
}

const struct noun noun_target = {
	.name = "target",
	.help = "an address and a port that serves flows; ADDRESS or ADDRESS:PORT is short for a "
		"map",
	.fields = target_fields,
	.field_count = ARRAY_SIZE(target_fields),
	.bytes = sizeof(struct target),
	.line = TARGET(line),
	.add = target_add,
	.plain = target_plain,
	.decode_short = target_decode_short,
	.encode_short = target_encode_short,
};

/* ---- health check -------------------------------------------------------------------------- */

#define GROUP(member) offsetof(struct target_group, member)

static int check_port_decode(const struct decoder *d, const struct field *field,
			     const struct node *node, void *record)
{
	struct target_group *tg = record;

	if (node->kind == NODE_SCALAR && strcmp(node->text, "traffic-port") == 0) {
		tg->health_check.port = 0;
		return 0;
	}
	if (node->kind != NODE_SCALAR || !node->plain || !isdigit((unsigned char)*node->text))
		return node_refuse_kind(&d->reader, node, "a number or traffic-port");
	return codec_u16.decode(d, field, node, record);
}

static json_t *check_port_encode(const struct encoder *e, const struct field *field,
				 const void *record, const void *plain)
{
	const struct target_group *tg = record;

	return tg->health_check.port ? json_integer(tg->health_check.port)
				     : json_string("traffic-port");
}

static json_t *check_port_describe(const struct field *field)
{
	return json_pack("{s:[{s:s}, o]}", "anyOf", "const", "traffic-port",
			 codec_u16.describe(field));
}

static const struct codec codec_check_port = {check_port_decode, check_port_encode,
					      check_port_describe};

/* Three digits; 0 when there are none. */
static uint16_t parse_status(const char **text)
{
	const char *c = *text;

	if (!isdigit((unsigned char)c[0]) || !isdigit((unsigned char)c[1]) ||
	    !isdigit((unsigned char)c[2]) || isdigit((unsigned char)c[3]))
		return 0;
	*text += 3;
	return (uint16_t)((c[0] - '0') * 100 + (c[1] - '0') * 10 + (c[2] - '0'));
}

/* "200" or "200-299"; *text moves behind it. */
static bool parse_range(const char **text, struct status_range *range)
{
	range->first = range->last = parse_status(text);
	if (range->first && **text == '-') {
		(*text)++;
		range->last = parse_status(text);
	}
	return range->first && range->last;
}

static int matcher_decode(const struct decoder *d, const struct field *field,
			  const struct node *node, void *record)
{
	struct health_check *hc = &((struct target_group *)record)->health_check;
	const char *text = codec_decode_text(d, node, "status codes like 200-399 or 200,204");
	struct status_range range;

	if (!text)
		return -EINVAL;
	for (hc->matcher_count = 0; hc->matcher_count < MODEL_MATCHER_RANGES_MAX; text++) {
		if (!parse_range(&text, &range))
			break;
		hc->matcher = arena_grow(d->reader.arena, hc->matcher, hc->matcher_count,
					 sizeof(*hc->matcher));
		hc->matcher[hc->matcher_count++] = range;
		if (!*text)
			return 0;
		if (*text != ',')
			break;
	}
	return node_refuse(
		&d->reader, node,
		"expected at most %d status codes like 200-399 or 200,204, found '%.64s'",
		MODEL_MATCHER_RANGES_MAX, node->text);
}

static json_t *matcher_encode(const struct encoder *e, const struct field *field,
			      const void *record, const void *plain)
{
	const struct health_check *hc = &((const struct target_group *)record)->health_check;
	char text[MATCHER_TEXT_MAX];

	if (!hc->matcher_count)
		return NULL;
	return json_string(matcher_format(hc->matcher, hc->matcher_count, text));
}

static json_t *matcher_describe(const struct field *field)
{
	return json_pack(
		"{s:[{s:s, s:s}, {s:s, s:i, s:i}]}", "anyOf", "type", "string", "pattern",
		"^[2-5][0-9][0-9](-[2-5][0-9][0-9])?(,[2-5][0-9][0-9](-[2-5][0-9][0-9])?)*$",
		"type", "integer", "minimum", MODEL_MATCHER_STATUS_MIN, "maximum",
		MODEL_MATCHER_STATUS_MAX);
}

static const struct codec codec_matcher = {matcher_decode, matcher_encode, matcher_describe};

static const struct field health_check_fields[] = {
	{.key = "enabled",
	 .codec = &codec_bool,
	 .offset = GROUP(health_check.enabled),
	 .fallback = "true",
	 .help = "false: targets count as healthy without being asked"},
	{.key = "protocol",
	 .codec = &codec_word,
	 .offset = GROUP(health_check.protocol),
	 .min = 1,
	 .words = hc_protocol_words,
	 .fallback = "TCP",
	 .help = "TCP: the connection is accepted; HTTP: a GET is answered with a status of "
		 "matcher"},
	{.key = "port",
	 .codec = &codec_check_port,
	 .offset = GROUP(health_check.port),
	 .min = 1,
	 .max = 65535,
	 .fallback = "traffic-port",
	 .help = "a number, or traffic-port: the target's own"},
	{.key = "path",
	 .codec = &codec_text,
	 .offset = GROUP(health_check.path),
	 .max = MODEL_PATH_MAX,
	 .help = "HTTP only; default: /"},
	{.key = "matcher",
	 .codec = &codec_matcher,
	 .help = "HTTP only; status codes that count as healthy; default: 200-399"},
	{.key = "interval_seconds",
	 .codec = &codec_uint,
	 .offset = GROUP(health_check.interval_s),
	 .min = 1,
	 .max = MODEL_HC_INTERVAL_MAX_S,
	 .fallback = TEXT(MODEL_HC_INTERVAL_DEFAULT_S),
	 .help = "from one check of a target to the next"},
	{.key = "timeout_seconds",
	 .codec = &codec_uint,
	 .offset = GROUP(health_check.timeout_s),
	 .min = 1,
	 .max = MODEL_HC_TIMEOUT_MAX_S,
	 .help = "at most the interval; default: TCP 10, HTTP 6, or the interval if that is "
		 "shorter"},
	{.key = "healthy_threshold",
	 .codec = &codec_uint,
	 .offset = GROUP(health_check.healthy_threshold),
	 .min = 1,
	 .max = MODEL_HC_THRESHOLD_MAX,
	 .fallback = TEXT(MODEL_HC_HEALTHY_DEFAULT),
	 .help = "successes in a row that make an unhealthy target healthy; a new target needs "
		 "one"},
	{.key = "unhealthy_threshold",
	 .codec = &codec_uint,
	 .offset = GROUP(health_check.unhealthy_threshold),
	 .min = 1,
	 .max = MODEL_HC_THRESHOLD_MAX,
	 .fallback = TEXT(MODEL_HC_UNHEALTHY_DEFAULT),
	 .help = "failures in a row that make a target unhealthy"},
};

static const struct noun noun_health_check = {
	.name = "health_check",
	.help = "how targets are asked whether they are well",
	.fields = health_check_fields,
	.field_count = ARRAY_SIZE(health_check_fields),
	.line = NO_LINE,
};

/* ---- target group attributes --------------------------------------------------------------- */

/* Only one type exists here; the key is accepted because AWS's has it. */
static int stickiness_type_decode(const struct decoder *d, const struct field *field,
				  const struct node *node, void *record)
{
	if (node->kind == NODE_SCALAR && strcmp(node->text, "source_ip") == 0)
		return 0;
	return node_refuse_kind(&d->reader, node, "source_ip");
}

static json_t *stickiness_type_encode(const struct encoder *e, const struct field *field,
				      const void *record, const void *plain)
{
	return json_string("source_ip");
}

static json_t *stickiness_type_describe(const struct field *field)
{
	return json_pack("{s:s}", "const", "source_ip");
}

static const struct codec codec_stickiness_type = {stickiness_type_decode, stickiness_type_encode,
						   stickiness_type_describe};

static int percentage_decode(const struct decoder *d, const struct field *field,
			     const struct node *node, void *record)
{
	struct target_group *tg = record;

	if (node->kind == NODE_SCALAR && strcmp(node->text, "off") == 0) {
		tg->min_healthy_pct = 0;
		return 0;
	}
	if (node->kind != NODE_SCALAR || !node->plain || !isdigit((unsigned char)*node->text))
		return node_refuse_kind(&d->reader, node, "a number or off");
	return codec_uint.decode(d, field, node, record);
}

static json_t *percentage_encode(const struct encoder *e, const struct field *field,
				 const void *record, const void *plain)
{
	const struct target_group *tg = record;

	return tg->min_healthy_pct ? json_integer(tg->min_healthy_pct) : json_string("off");
}

static json_t *percentage_describe(const struct field *field)
{
	return json_pack("{s:[{s:s}, o]}", "anyOf", "const", "off", codec_uint.describe(field));
}

static const struct codec codec_percentage = {percentage_decode, percentage_encode,
					      percentage_describe};

static const struct field group_attribute_fields[] = {
	{.key = "deregistration_delay.timeout_seconds",
	 .codec = &codec_uint,
	 .offset = GROUP(deregistration_delay_s),
	 .max = MODEL_DEREGISTRATION_MAX_S,
	 .fallback = TEXT(MODEL_DEREGISTRATION_DEFAULT_S),
	 .help = "how long open flows of a removed or drained target go on"},
	{.key = "stickiness.enabled",
	 .codec = &codec_bool,
	 .offset = GROUP(source_ip_stickiness),
	 .fallback = "false",
	 .help = "every flow of a client address goes to the same target"},
	{.key = "stickiness.type",
	 .codec = &codec_stickiness_type,
	 .fallback = "source_ip",
	 .help = "by source address"},
	{.key = "preserve_port.enabled",
	 .codec = &codec_bool,
	 .offset = GROUP(preserve_port),
	 .fallback = "false",
	 .help = "nat, dnat: flows go to the port that the client sent to; the target's own is for "
		 "health checks"},
	{.key = "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
	 .codec = &codec_uint,
	 .offset = GROUP(min_healthy_count),
	 .min = 1,
	 .max = MODEL_TARGETS_MAX,
	 .fallback = "1",
	 .help = "with fewer healthy targets all targets take new flows"},
	{.key = "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
	 .codec = &codec_percentage,
	 .offset = GROUP(min_healthy_pct),
	 .min = 1,
	 .max = 100,
	 .fallback = "off",
	 .help = "with a smaller part of healthy targets all targets take new flows"},
	{.key = "target_health_state.unhealthy.connection_termination.enabled",
	 .codec = &codec_bool,
	 .offset = GROUP(unhealthy_connection_termination),
	 .also = GROUP(has_unhealthy_connection_termination),
	 .help = "open flows of a target that turns unhealthy are reset; default: true for TCP, "
		 "else "
		 "false; cannot be true for UDP and TCP_UDP"},
	{.key = "proxy_protocol_v2.enabled",
	 .codec = &codec_bool,
	 .offset = GROUP(proxy_protocol),
	 .fallback = "false",
	 .help = "new flows begin with a header that names the client; needs protocol TCP and "
		 "forwarding nat"},
	{.key = "proxy_protocol_v2.client_to_server.header_placement",
	 .codec = &codec_word,
	 .offset = GROUP(proxy_placement),
	 .min = 1,
	 .words = proxy_placement_words,
	 .fallback = "on_first_ack",
	 .help = "on_first_ack: with the handshake, so servers that speak first see it too; "
		 "on_first_ack_with_payload: with the client's first data"},
	{.key = "proxy_protocol_v2.health_checks.enabled",
	 .codec = &codec_bool,
	 .offset = GROUP(proxy_health_checks),
	 .fallback = "true",
	 .help = "health checks begin with a header, too, which says that they are Leat's own"},
	{.key = "tcp.mss.maximum",
	 .codec = &codec_uint,
	 .offset = GROUP(mss_max),
	 .max = MODEL_MSS_MAX,
	 .fallback = "0",
	 .help = "nat: no SYN or SYN-ACK announces a larger MSS; 0: what the path to the target "
		 "carries, which is the limit in any case"},
};

static const struct noun noun_group_attributes = {
	.name = "target_group_attributes",
	.help = "attributes by AWS's names",
	.fields = group_attribute_fields,
	.field_count = ARRAY_SIZE(group_attribute_fields),
	.line = NO_LINE,
};

/* ---- target group -------------------------------------------------------------------------- */

/* Those that validation makes are not the operator's. */
static json_t *targets_encode(const struct encoder *e, const struct field *field,
			      const void *record, const void *plain)
{
	const struct target_group *tg = record;

	return tg->has_own_targets ? json_array() : codec_nouns.encode(e, field, record, plain);
}

static int targets_decode(const struct decoder *d, const struct field *field,
			  const struct node *node, void *record)
{
	return codec_nouns.decode(d, field, node, record);
}

static json_t *targets_describe(const struct field *field)
{
	return codec_nouns.describe(field);
}

static const struct codec codec_targets = {targets_decode, targets_encode, targets_describe};

static const struct field group_fields[] = {
	{.key = "name",
	 .codec = &codec_text,
	 .offset = GROUP(name),
	 .max = MODEL_NAME_MAX,
	 .required = true,
	 .help = "letters, digits and hyphens, no hyphen at either end"},
	{.key = "protocol",
	 .codec = &codec_word,
	 .offset = GROUP(protocol),
	 .min = 1,
	 .words = protocol_words,
	 .required = true,
	 .help = "what the targets speak"},
	{.key = "port",
	 .codec = &codec_u16,
	 .offset = GROUP(port),
	 .min = 1,
	 .max = 65535,
	 .required = true,
	 .help = "of targets that name none"},
	{.key = "target_type",
	 .codec = &codec_word,
	 .offset = GROUP(target_type),
	 .min = 1,
	 .words = target_type_words,
	 .fallback = "ip",
	 .help = "ip: the targets below; alb: flows are handed to what listens on this host at the "
		 "load balancer's address and port, there are no targets to name"},
	{.key = "forwarding",
	 .codec = &codec_word,
	 .offset = GROUP(forwarding),
	 .min = 1,
	 .words = forwarding_words,
	 .fallback = "nat",
	 .help = "nat: both directions pass here, targets need nothing; l2: targets answer the "
		 "client "
		 "directly, they have the load balancer's address on loopback and the same port; "
		 "dnat: as nat, but targets see the client's address, and their route back to it "
		 "leads here; ipip, gue: as l2, inside packets to the target, which may be anywhere "
		 "and unpacks them (leat-target)"},
	{.key = "health_check",
	 .codec = &codec_map,
	 .noun = &noun_health_check,
	 .help = "how targets are asked whether they are well"},
	{.key = "attributes",
	 .codec = &codec_map,
	 .noun = &noun_group_attributes,
	 .help = "attributes by AWS's names"},
	{.key = "targets",
	 .codec = &codec_targets,
	 .offset = GROUP(targets),
	 .also = GROUP(target_count),
	 .max = MODEL_TARGETS_MAX,
	 .noun = &noun_target,
	 .help = "who serves the flows"},
};

static void *group_add(const struct decoder *d, void *parent)
{
	return model_add_target_group(parent, NULL);
}

static const void *group_plain(const struct encoder *e, const void *parent, const void *record)
{
	const struct target_group *tg = record;
	struct target_group *plain = model_add_target_group(e->plain, NULL);

	plain->protocol = tg->protocol;
	plain->health_check.protocol = tg->health_check.protocol;
	plain->health_check.interval_s = tg->health_check.interval_s;
	model_fill_defaults(plain, e->plain->arena);
	plain->health_check.protocol = HC_TCP; /* these two have defaults of their own */
	plain->health_check.interval_s = MODEL_HC_INTERVAL_DEFAULT_S;
	return plain;
}

const struct noun noun_target_group = {
	.name = "target_group",
	.help = "targets that serve the same, and how they are checked and reached",
	.fields = group_fields,
	.field_count = ARRAY_SIZE(group_fields),
	.bytes = sizeof(struct target_group),
	.line = GROUP(line),
	.add = group_add,
	.plain = group_plain,
};
