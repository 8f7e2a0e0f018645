/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding and merging in the JSON tree of the desired state. The tree comes from our own dump, so
 * its shape is known. */
#include "tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUOTE_MAX	  64
#define LISTENER_NAME_MAX 128

json_t *tree_list(json_t *state, const char *key)
{
	json_t *list = json_object_get(state, key);

	if (!list) {
		list = json_array();
		json_object_set_new(state, key, list);
	}
	return list;
}

json_t *tree_find_named(const json_t *list, const char *name, size_t *index)
{
	const char *other;
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)list, i, item)
	{
		other = json_string_value(json_object_get(item, "name"));
		if (!other || strcmp(other, name) != 0)
			continue;
		if (index)
			*index = i;
		return item;
	}
	return NULL;
}

json_t *tree_find_load_balancer(json_t *state, const char *name, struct refusal *refusal)
{
	json_t *lb = tree_find_named(tree_list(state, "load_balancers"), name, NULL);

	if (!lb)
		refuse(refusal, REFUSED_NO_LOAD_BALANCER, "there is no load balancer '%.*s'",
		       QUOTE_MAX, name);
	return lb;
}

json_t *tree_find_target_group(json_t *state, const char *name, struct refusal *refusal)
{
	json_t *tg = tree_find_named(tree_list(state, "target_groups"), name, NULL);

	if (!tg)
		refuse(refusal, REFUSED_NO_TARGET_GROUP, "there is no target group '%.*s'",
		       QUOTE_MAX, name);
	return tg;
}

json_t *tree_find_security_group(json_t *state, const char *name, struct refusal *refusal)
{
	json_t *sg = tree_find_named(tree_list(state, "security_groups"), name, NULL);

	if (!sg)
		refuse(refusal, REFUSED_NO_SECURITY_GROUP, "there is no security group '%.*s'",
		       QUOTE_MAX, name);
	return sg;
}

void tree_unblank(json_t *object, const char *key)
{
	json_t *list = json_object_get(object, key);
	const char *only =
		json_array_size(list) == 1 ? json_string_value(json_array_get(list, 0)) : NULL;

	if (only && !only[0])
		json_array_clear(list);
}

char *tree_ports_text(const json_t *port, char text[PORTS_TEXT_MAX])
{
	const char *range = json_string_value(port);
	uint16_t first, last;

	if (json_is_integer(port))
		snprintf(text, PORTS_TEXT_MAX, "%lld", json_integer_value(port) % 1000000);
	else if (range && !ports_parse(range, &first, &last, NULL))
		ports_format(first, last, text);
	else
		snprintf(text, PORTS_TEXT_MAX, "%.*s", PORTS_TEXT_MAX - 1, range ? range : "");
	return text;
}

json_t *tree_find_listener_at(json_t *lb, const char *protocol, const char *ports, size_t *index)
{
	char text[PORTS_TEXT_MAX];
	const char *other;
	json_t *listener;
	size_t i;

	json_array_foreach(tree_list(lb, "listeners"), i, listener)
	{
		other = json_string_value(json_object_get(listener, "protocol"));
		if (!other || strcmp(other, protocol) != 0 ||
		    strcmp(tree_ports_text(json_object_get(listener, "port"), text), ports) != 0)
			continue;
		if (index)
			*index = i;
		return listener;
	}
	return NULL;
}

/* Splits "edge/TCP:80" in place. */
static int split_listener_name(char *text, char **protocol, char **port)
{
	uint16_t first, last;

	*protocol = strchr(text, '/');
	*port = *protocol ? strchr(*protocol, ':') : NULL;
	if (!*port || ports_parse(*port + 1, &first, &last, NULL))
		return -1;
	*(*protocol)++ = '\0';
	*(*port)++ = '\0';
	return 0;
}

json_t *tree_find_listener(json_t *state, const char *name, json_t **lb, size_t *index,
			   struct refusal *refusal)
{
	char text[LISTENER_NAME_MAX], *protocol, *port;
	json_t *listener = NULL;

	snprintf(text, sizeof(text), "%s", name);
	if (split_listener_name(text, &protocol, &port)) {
		refuse(refusal, REFUSED_NO_LISTENER,
		       "'%.*s' is not the name of a listener (LB/PROTOCOL:PORT, as 'edge/TCP:80')",
		       QUOTE_MAX, name);
		return NULL;
	}
	*lb = tree_find_load_balancer(state, text, refusal);
	if (*lb)
		listener = tree_find_listener_at(*lb, protocol, port, index);
	if (!listener)
		refuse(refusal, REFUSED_NO_LISTENER, "there is no listener '%.*s'", QUOTE_MAX,
		       name);
	return listener;
}

int tree_parse_target(const json_t *tg, const char *text, struct addr *address, uint16_t *port,
		      struct refusal *refusal)
{
	struct err err = {0};

	if (endpoint_parse(text, address, port, &err))
		return refuse(refusal, REFUSED_INVALID_TARGET, "%s", err.text);
	if (!*port)
		*port = (uint16_t)json_integer_value(json_object_get(tg, "port"));
	return 0;
}

static bool is_target(const json_t *tg, const json_t *item, const struct addr *address,
		      uint16_t port)
{
	const char *text = json_string_value(json_object_get(item, "address"));
	const json_t *own_port = json_object_get(item, "port");
	struct addr other;

	if (!text || addr_parse(text, &other, NULL) || !addr_equal(&other, address))
		return false;
	if (!own_port)
		own_port = json_object_get(tg, "port");
	return json_integer_value(own_port) == port;
}

json_t *tree_find_target(json_t *tg, const struct addr *address, uint16_t port, size_t *index)
{
	json_t *item;
	size_t i;

	json_array_foreach(tree_list(tg, "targets"), i, item)
	{
		if (!is_target(tg, item, address, port))
			continue;
		if (index)
			*index = i;
		return item;
	}
	return NULL;
}

void tree_merge(json_t *into, const json_t *from)
{
	const char *key;
	json_t *value, *old;

	json_object_foreach((json_t *)from, key, value)
	{
		old = json_object_get(into, key);
		if (json_is_object(value) && json_is_object(old))
			tree_merge(old, value);
		else
			json_object_set_new(into, key, json_deep_copy(value));
	}
}
