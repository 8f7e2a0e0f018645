/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Health checks: probes (TCP connect, HTTP through libcurl) and their schedule. A sensor: it reports results and decides nothing; the
 * state machine is model/health_state.h, who reads it is control.
 *
 * First probe at once (spread over the first 200 ms when many are added together); then one every interval_s, with ±5 % jitter so that
 * probes do not march in step; a probe that is not answered in timeout_s has failed with its named reason. At most one probe of a target
 * is under way. Thousands a second on one core: no thread, no fork, one epoll loop.
 */
#ifndef LEAT_HEALTH_HEALTH_H
#define LEAT_HEALTH_HEALTH_H

#include "base/addr.h"
#include "base/loop.h"
#include "model/model.h"

struct health;	     /* the scheduler */
struct health_probe; /* one target that is being checked; owned by the scheduler until health_probe_stop() */

struct health_spec {
	enum hc_protocol protocol;
	struct addr address;
	uint16_t port;	     /* resolved: traffic-port or the override */
	const char *path;    /* HTTP; copied */
	const struct status_range *matcher; /* HTTP; copied */
	size_t matcher_count;
	unsigned interval_ms, timeout_ms;
	bool proxy_header; /* each connection begins with one of the PROXY protocol, command LOCAL */
};

/* Called in the loop, never from within health_probe_start(). The probe may be stopped in here. */
typedef void health_result_fn(struct health_probe *probe, const struct health_result *result, void *arg);

__must_check int health_new(struct loop *loop, struct health **health, struct err *err);
void health_free(struct health *health); /* stops all probes; not from within on_result */

/* NULL only for a spec that can't be asked (no port, no interval, a path that is no request target; err). arg is handed to on_result. */
struct health_probe *health_probe_start(struct health *health, const struct health_spec *spec, health_result_fn *on_result, void *arg,
					struct err *err);
/* Same target, other spec (interval, path …): the next probe uses it. One that is under way is dropped, not reported, and made anew. An equal
 * spec changes nothing. -EINVAL as above, the old spec stays. */
__must_check int health_probe_change(struct health_probe *probe, const struct health_spec *spec, struct err *err);
void health_probe_stop(struct health_probe *probe); /* NULL is fine; nothing is reported afterwards */

/* True when a and b ask the same question as often: nothing to change. */
bool health_spec_equal(const struct health_spec *a, const struct health_spec *b);

#endif
