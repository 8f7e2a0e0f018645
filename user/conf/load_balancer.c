/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of a load balancer and its listeners. The order of the fields is the order of the
 * dump. */
#include "codec.h"

#include "base/base.h"

#define TEXT_OF(x) #x
#define TEXT(x)	   TEXT_OF(x)

/* ---- listener ------------------------------------------------------------------------------ */

#define LISTENER(member) offsetof(struct listener, member)

static const struct field action_fields[] = {
	{.key = "forward",
	 .codec = &codec_text,
	 .offset = LISTENER(forward),
	 .max = MODEL_NAME_MAX,
	 .required = true,
	 .help = "name of the target group that takes the flows"},
};

static const struct noun noun_action = {
	.name = "default_action",
	.help = "what happens to a new flow",
	.fields = action_fields,
	.field_count = ARRAY_SIZE(action_fields),
	.line = NO_LINE,
};

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
	 .codec = &codec_u16,
	 .offset = LISTENER(port),
	 .min = 1,
	 .max = 65535,
	 .required = true,
	 .help = "on every address of the load balancer"},
	{.key = "default_action",
	 .codec = &codec_map,
	 .noun = &noun_action,
	 .required = true,
	 .help = "what happens to a new flow"},
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
	 .codec = &codec_addresses,
	 .offset = LB(addresses),
	 .also = LB(address_count),
	 .max = MODEL_ADDRESSES_MAX,
	 .required = true,
	 .help = "the virtual addresses (VIPs), IPv4 and IPv6"},
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
