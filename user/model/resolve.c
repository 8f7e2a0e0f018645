/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Defaults that depend on other fields. Runs once, before the rules of validate.c look at the
 * model; a field that was written is never touched.
 */
#include "model.h"

static void fill_matcher(struct health_check *hc, struct arena *arena)
{
	static const struct status_range usual = {200, 399};

	hc->matcher = arena_alloc(arena, sizeof(*hc->matcher));
	hc->matcher[0] = usual;
	hc->matcher_count = 1;
}

static void fill_health_check(struct health_check *hc, struct arena *arena)
{
	bool http = hc->protocol == HC_HTTP;
	unsigned timeout_s = http ? MODEL_HC_TIMEOUT_HTTP_S : MODEL_HC_TIMEOUT_TCP_S;

	if (http && !hc->path)
		hc->path = "/";
	if (http && !hc->matcher_count)
		fill_matcher(hc, arena);
	if (!hc->timeout_s)
		hc->timeout_s = timeout_s < hc->interval_s ? timeout_s : hc->interval_s;
}

void model_fill_defaults(struct target_group *tg, struct arena *arena)
{
	fill_health_check(&tg->health_check, arena);
	if (!tg->has_unhealthy_connection_termination)
		tg->unhealthy_connection_termination = tg->protocol == PROTOCOL_TCP;
	for (size_t i = 0; i < tg->target_count; i++)
		if (!tg->targets[i].port)
			tg->targets[i].port = tg->port;
}

void model_fill_listener_defaults(struct listener *listener)
{
	if (!listener->last_port)
		listener->last_port = listener->port;
}
