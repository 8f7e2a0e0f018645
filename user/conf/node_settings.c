/* SPDX-License-Identifier: BSD-2-Clause */
/* Node settings (leatd.yaml): their table, and the kinds of values that only they have. */
#include "codec.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

#define TEXT_OF(x)   #x
#define TEXT(x)	     TEXT_OF(x)
#define NODE(member) offsetof(struct conf_node_settings, member)

#define NAT_PORT_FIRST	1024
#define NAT_PORT_LAST	32767
#define STATE_DIR	"/var/lib/leat"
#define SOCKET		"/run/leat/leatd.sock"
#define SOCKET_GROUP	"leat"
#define BPFFS		"/sys/fs/bpf/leat"
#define HTTP_ADDRESS	"127.0.0.1:9101"
#define FLOWS		1000000
#define LOG_LEVEL	"info"
#define PATH_BYTES_MAX	4095 /* PATH_MAX without the zero */
#define GROUP_BYTES_MAX 32

static json_t *describe_text(const struct field *field)
{
	return json_pack("{s:s}", "type", "string");
}

/* ---- absolute paths ------------------------------------------------------------------------ */

static int path_decode(const struct decoder *d, const struct field *field, const struct node *node,
		       void *record)
{
	const char *text = codec_decode_text(d, node, "an absolute path");

	if (!text)
		return -EINVAL;
	if (text[0] != '/')
		return node_refuse_kind(&d->reader, node, "an absolute path");
	if (strlen(text) > field->max)
		return node_refuse(&d->reader, node, "a path of %zu bytes, at most %u are allowed",
				   strlen(text), field->max);
	return codec_text.decode(d, field, node, record);
}

static const struct codec codec_path = {path_decode, NULL, describe_text};

/* ---- names ---------------------------------------------------------------------------------- */

static int name_decode(const struct decoder *d, const struct field *field, const struct node *node,
		       void *record)
{
	const char *text = codec_decode_text(d, node, "a name");

	if (!text)
		return -EINVAL;
	if (!*text || strlen(text) > field->max)
		return node_refuse(&d->reader, node, "a name has 1 to %u characters", field->max);
	return codec_text.decode(d, field, node, record);
}

static const struct codec codec_name = {name_decode, NULL, describe_text};

/* ---- words that stay text ------------------------------------------------------------------- */

static int level_decode(const struct decoder *d, const struct field *field, const struct node *node,
			void *record)
{
	unsigned value; /* only checks the word; the record keeps the text */
	struct field as_word = *field;
	int rc;

	as_word.offset = 0;
	rc = codec_word.decode(d, &as_word, node, &value);
	return rc ? rc : codec_text.decode(d, field, node, record);
}

static const struct codec codec_level = {level_decode, NULL, codec_word_describe};

/* ---- "1024-32767" --------------------------------------------------------------------------- */

/* One to five digits, no leading zero, 1..65535; 0 when it is none. *text moves behind it. */
static unsigned parse_port(const char **text)
{
	char *end;
	unsigned long port;

	if (!isdigit((unsigned char)**text) || **text == '0')
		return 0;
	port = strtoul(*text, &end, 10);
	*text = end;
	return port <= UINT16_MAX ? (unsigned)port : 0;
}

static int ports_decode(const struct decoder *d, const struct field *field, const struct node *node,
			void *record)
{
	struct conf_node_settings *settings = record;
	const char *text = codec_decode_text(d, node, "FIRST-LAST");
	unsigned first, last = 0;

	if (!text)
		return -EINVAL;
	first = parse_port(&text);
	if (first && *text++ == '-')
		last = parse_port(&text);
	if (!last || *text)
		return node_refuse_kind(&d->reader, node, "FIRST-LAST with ports of 1..65535");
	if (first > last)
		return node_refuse(&d->reader, node, "%u is above %u", first, last);
	settings->nat_port_first = (uint16_t)first;
	settings->nat_port_last = (uint16_t)last;
	return 0;
}

static json_t *ports_describe(const struct field *field)
{
	return json_pack("{s:s, s:s}", "type", "string", "pattern", "^[0-9]{1,5}-[0-9]{1,5}$");
}

static const struct codec codec_ports = {ports_decode, NULL, ports_describe};

/* ---- "127.0.0.1:9101", "off" ---------------------------------------------------------------- */

static int http_decode(const struct decoder *d, const struct field *field, const struct node *node,
		       void *record)
{
	const char *text = codec_decode_text(d, node, "ADDRESS:PORT or off");
	struct addr address;
	uint16_t port = 0;

	if (!text)
		return -EINVAL;
	if (strcmp(text, "off") != 0 && (endpoint_parse(text, &address, &port, NULL) || !port))
		return node_refuse_kind(&d->reader, node, "ADDRESS:PORT or off");
	return codec_text.decode(d, field, node, record);
}

static const struct codec codec_http = {http_decode, NULL, describe_text};

/* ---- prefixes, one a family ----------------------------------------------------------------- */

static int decode_source(const struct decoder *d, const struct node *node,
			 const struct conf_node_settings *settings, struct prefix *prefix)
{
	const char *text = codec_decode_text(d, node, "an address prefix"), *unusable;
	struct err why = {0};

	if (!text)
		return -EINVAL;
	if (prefix_parse(text, prefix, &why))
		return node_refuse(&d->reader, node, "%s", why.text);
	unusable = address_is_unusable(&prefix->address);
	if (unusable)
		return node_refuse(&d->reader, node, "%s is %s and cannot be used", text, unusable);
	for (size_t i = 0; i < settings->encap_source_count; i++)
		if (settings->encap_sources[i].address.family == prefix->address.family)
			return node_refuse(&d->reader, node, "a second %s prefix, one is allowed",
					   prefix->address.family == AF_INET ? "IPv4" : "IPv6");
	return 0;
}

static int sources_decode(const struct decoder *d, const struct field *field,
			  const struct node *node, void *record)
{
	struct conf_node_settings *settings = record;
	struct prefix prefix;

	if (node->kind != NODE_LIST && !node_is_nothing(node))
		return node_refuse_kind(&d->reader, node, "a list");
	for (const struct node *n = node->first; n; n = n->next) {
		if (decode_source(d, n, settings, &prefix))
			return -EINVAL;
		settings->encap_sources = arena_grow(d->reader.arena, settings->encap_sources,
						     settings->encap_source_count, sizeof(prefix));
		settings->encap_sources[settings->encap_source_count++] = prefix;
	}
	return 0;
}

static json_t *sources_describe(const struct field *field)
{
	return json_pack("{s:s, s:i, s:{s:s}}", "type", "array", "maxItems", (int)field->max,
			 "items", "type", "string");
}

static const struct codec codec_sources = {sources_decode, NULL, sources_describe};

/* ---- a number or "auto" --------------------------------------------------------------------- */

static int workers_decode(const struct decoder *d, const struct field *field,
			  const struct node *node, void *record)
{
	struct conf_node_settings *settings = record;

	if (node->kind == NODE_SCALAR && strcmp(node->text, "auto") == 0) {
		settings->workers = 0;
		return 0;
	}
	if (node->kind != NODE_SCALAR || !node->plain || !isdigit((unsigned char)*node->text))
		return node_refuse_kind(&d->reader, node, "a number or auto");
	return codec_uint.decode(d, field, node, record);
}

static json_t *workers_describe(const struct field *field)
{
	return json_pack("{s:[{s:s}, o]}", "anyOf", "const", "auto", codec_uint.describe(field));
}

static const struct codec codec_workers = {workers_decode, NULL, workers_describe};

/* ---- the table ------------------------------------------------------------------------------ */

static const char *const xdp_mode_words[] = {"auto", "native", "generic", NULL};
static const char *const log_level_words[] = {"error", "warn", "info", "debug", NULL};

static const struct field node_fields[] = {
	{.key = "interfaces",
	 .codec = &codec_interfaces,
	 .offset = NODE(interfaces),
	 .also = NODE(interface_count),
	 .min = 1,
	 .max = CONF_INTERFACES_MAX,
	 .required = true,
	 .help = "where the data path is attached; it redirects between them"},
	{.key = "xdp_mode",
	 .codec = &codec_word,
	 .offset = NODE(xdp_mode),
	 .min = CONF_XDP_AUTO,
	 .words = xdp_mode_words,
	 .fallback = "auto",
	 .help = "auto and native: in the driver, refused with a reason where that cannot be; "
		 "generic: in the kernel's stack, slower"},
	{.key = "snat_addresses",
	 .codec = &codec_addresses,
	 .offset = NODE(snat_addresses),
	 .also = NODE(snat_address_count),
	 .max = CONF_SNAT_ADDRESSES_MAX,
	 .help = "source addresses of nat forwarding; none: the egress interface's own"},
	{.key = "encap_sources",
	 .codec = &codec_sources,
	 .max = CONF_ENCAP_SOURCES_MAX,
	 .help = "outer source addresses of ipip forwarding, one prefix a family: each flow's is "
		 "another one, so that targets spread flows over their queues; none: the egress "
		 "interface's own, for all"},
	{.key = "nat_ports",
	 .codec = &codec_ports,
	 .fallback = TEXT(NAT_PORT_FIRST) "-" TEXT(NAT_PORT_LAST),
	 .help = "source ports of nat forwarding, FIRST-LAST; keep them apart from the host's own "
		 "net.ipv4.ip_local_port_range"},
	{.key = "state_dir",
	 .codec = &codec_path,
	 .offset = NODE(state_dir),
	 .max = PATH_BYTES_MAX,
	 .fallback = STATE_DIR,
	 .help = "where the desired state is kept"},
	{.key = "socket",
	 .codec = &codec_path,
	 .offset = NODE(socket),
	 .max = CONF_SOCKET_MAX,
	 .fallback = SOCKET,
	 .help = "the API's unix socket"},
	{.key = "socket_group",
	 .codec = &codec_name,
	 .offset = NODE(socket_group),
	 .max = GROUP_BYTES_MAX,
	 .fallback = SOCKET_GROUP,
	 .help = "group that may use the socket; ignored when it does not exist"},
	{.key = "bpffs",
	 .codec = &codec_path,
	 .offset = NODE(bpffs),
	 .max = PATH_BYTES_MAX,
	 .fallback = BPFFS,
	 .help = "where program, link and maps are pinned"},
	{.key = "http",
	 .codec = &codec_http,
	 .offset = NODE(http_address),
	 .fallback = HTTP_ADDRESS,
	 .help = "ADDRESS:PORT of /metrics and /healthz, or off"},
	{.key = "workers",
	 .codec = &codec_workers,
	 .offset = NODE(workers),
	 .min = 1,
	 .max = CONF_WORKERS_MAX,
	 .fallback = "auto",
	 .help = "HTTP worker processes; not used yet"},
	{.key = "flows",
	 .codec = &codec_uint,
	 .offset = NODE(flows),
	 .min = CONF_FLOWS_MIN,
	 .max = CONF_FLOWS_MAX,
	 .fallback = TEXT(FLOWS),
	 .help = "size of the flow table"},
	{.key = "log_level",
	 .codec = &codec_level,
	 .offset = NODE(log_level),
	 .words = log_level_words,
	 .fallback = LOG_LEVEL,
	 .help = "what is logged"},
};

const struct noun noun_node = {
	.name = "node",
	.help = "settings of one machine",
	.fields = node_fields,
	.field_count = ARRAY_SIZE(node_fields),
	.bytes = sizeof(struct conf_node_settings),
	.line = NO_LINE,
};

static const struct conf_node_settings defaults = {
	.xdp_mode = CONF_XDP_AUTO,
	.nat_port_first = NAT_PORT_FIRST,
	.nat_port_last = NAT_PORT_LAST,
	.state_dir = STATE_DIR,
	.socket = SOCKET,
	.socket_group = SOCKET_GROUP,
	.bpffs = BPFFS,
	.http_address = HTTP_ADDRESS,
	.flows = FLOWS,
	.log_level = LOG_LEVEL,
};

int conf_parse_node_settings(const char *text, size_t len, const char *source, struct arena *arena,
			     struct conf_node_settings *settings, struct err *err)
{
	static const struct node empty = {.kind = NODE_MAP, .line = 1};
	struct decoder d = {.reader = {arena, source, err}};
	struct node *root;
	int rc = tree_parse(&d.reader, text, len, &root);

	*settings = defaults;
	return rc ? rc : codec_decode_record(&d, &noun_node, root ? root : &empty, settings);
}
