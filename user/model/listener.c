/* SPDX-License-Identifier: BSD-2-Clause */
/* What a listener hears and does: its ports and its actions, as values and as text. Pure. */
#include "model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- ports --------------------------------------------------------------------------------- */

bool listener_has_range(const struct listener *listener)
{
	return listener->last_port && listener->last_port != listener->port;
}

char *ports_format(uint16_t first, uint16_t last, char text[PORTS_TEXT_MAX])
{
	if (!last || first == last)
		snprintf(text, PORTS_TEXT_MAX, "%u", first);
	else if (first == 1 && last == MODEL_PORT_MAX)
		snprintf(text, PORTS_TEXT_MAX, "all");
	else
		snprintf(text, PORTS_TEXT_MAX, "%u-%u", first, last);
	return text;
}

/* Returns what is behind the number; NULL: there is none, or it is no port. */
static const char *parse_port(const char *text, uint16_t *port)
{
	size_t digits = strspn(text, "0123456789");
	long number = strtol(text, NULL, 10);

	if (!digits || digits > 5 || text[0] == '0' || number > MODEL_PORT_MAX)
		return NULL;
	*port = (uint16_t)number;
	return text + digits;
}

int ports_parse(const char *text, uint16_t *first, uint16_t *last, struct err *err)
{
	const char *rest;

	if (strcmp(text, "all") == 0) {
		*first = 1;
		*last = MODEL_PORT_MAX;
		return 0;
	}
	rest = parse_port(text, first);
	*last = *first;
	if (rest && *rest == '-')
		rest = parse_port(rest + 1, last);
	if (!rest || *rest)
		return err_set(err, -EINVAL,
			       "'%.32s' is neither a port (1..65535) nor FIRST-LAST nor all", text);
	if (*first > *last)
		return err_set(err, -EINVAL, "range %u-%u ends before it begins", *first, *last);
	return 0;
}

char *listener_format(const struct listener *listener, char text[LISTENER_TEXT_MAX])
{
	char ports[PORTS_TEXT_MAX];

	snprintf(text, LISTENER_TEXT_MAX, "%s:%s", protocol_name(listener->protocol),
		 ports_format(listener->port, listener->last_port, ports));
	return text;
}

/* ---- actions ------------------------------------------------------------------------------- */

static bool fits(const struct rule *rule, int family)
{
	return rule->source_ip == (family == AF_INET ? SOURCE_IPV4 : SOURCE_IPV6);
}

const struct action *listener_action(const struct listener *listener, int family)
{
	const struct rule *best = NULL;

	for (size_t i = 0; i < listener->rule_count; i++) {
		const struct rule *rule = &listener->rules[i];

		if (fits(rule, family) && (!best || rule->priority < best->priority))
			best = rule;
	}
	return best ? &best->action : &listener->default_action;
}

static bool action_names(const struct action *action, const char *target_group)
{
	for (size_t i = 0; i < action->group_count; i++)
		if (strcmp(action->groups[i].name, target_group) == 0)
			return true;
	return false;
}

bool listener_forwards_to(const struct listener *listener, const char *target_group)
{
	for (size_t i = 0; i < listener->rule_count; i++)
		if (action_names(&listener->rules[i].action, target_group))
			return true;
	return action_names(&listener->default_action, target_group);
}

bool action_is_local(const struct action *action)
{
	return action->group_count && action->groups[0].target_group &&
	       action->groups[0].target_group->target_type == TARGET_TYPE_ALB;
}

char *action_format(const struct action *action, char text[ACTION_TEXT_MAX])
{
	size_t len = 0;

	text[0] = '\0';
	if (action->group_count == 1 && action->groups[0].weight == MODEL_WEIGHT_DEFAULT) {
		snprintf(text, ACTION_TEXT_MAX, "%s", action->groups[0].name);
		return text;
	}
	for (size_t i = 0; i < action->group_count && i < MODEL_FORWARD_GROUPS_MAX; i++)
		len += (size_t)snprintf(text + len, ACTION_TEXT_MAX - len, "%s%.32s=%u",
					i ? "," : "", action->groups[i].name,
					action->groups[i].weight);
	return text;
}
