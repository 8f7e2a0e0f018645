/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler: turns the times of schedule.c into timers, lets probes begin, bounds how many ask
 * at once, hands out the results. How to ask is in probe_*.c, what a result means in
 * model/health_state.c.
 *
 * Invariant: a probe that is ADMITTED or ASKING holds one of asking_max places. A process that is
 * out of descriptors would otherwise call healthy targets dead: better to ask a little later.
 */
#include "health.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/hash.h"
#include "probe.h"
#include "schedule.h"
#include "spec.h"

#define ASKING_MIN 16
#define ASKING_MAX 16384

/* ---- places ---- */

/* Half of the descriptors: the other half belongs to whoever else lives in this process. */
static unsigned places(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur / 2 < ASKING_MIN)
		return ASKING_MIN;
	return limit.rlim_cur / 2 < ASKING_MAX ? (unsigned)(limit.rlim_cur / 2) : ASKING_MAX;
}

static void wait_in_line(struct health_probe *probe)
{
	probe->phase = PROBE_WAITING;
	list_remove(&probe->node);
	list_append(&probe->health->waiting, &probe->node);
}

/* The place of one that has finished goes to the first in line, who begins on the next turn: not
 * from here, since this runs inside of other probes' callbacks. */
static void give_place(struct health *health)
{
	struct health_probe *next;

	if (list_is_empty(&health->waiting)) {
		health->asking--;
		return;
	}
	next = list_entry(health->waiting.next, struct health_probe, node);
	list_remove(&next->node);
	list_append(&health->probes, &next->node);
	next->phase = PROBE_ADMITTED;
	loop_timer_set(health->loop, &next->timer, 0);
}

/* ---- an attempt ---- */

static void begin(struct health_probe *probe)
{
	static const struct probe_kind *const kinds[] = {
		[HC_TCP] = &probe_tcp,
		[HC_HTTP] = &probe_http,
	};

	probe->phase = PROBE_ASKING;
	probe->started_ms = clock_mono_ms();
	probe->answered_ms = 0;
	probe->kind = kinds[probe->spec.protocol];
	loop_timer_set(probe->health->loop, &probe->timer, probe->spec.timeout_ms);
	probe->kind->begin(probe);
}

/* Back to IDLE from any phase, timer cleared, place given back. */
static void quiesce(struct health_probe *probe)
{
	struct health *health = probe->health;
	enum probe_phase phase = probe->phase;

	loop_timer_clear(&probe->timer);
	probe->phase = PROBE_IDLE;
	list_remove(&probe->node);
	list_append(&health->probes, &probe->node);
	if (phase == PROBE_ASKING) {
		probe->kind->cancel(probe);
		probe->kind = NULL;
	}
	if (phase == PROBE_ASKING || phase == PROBE_ADMITTED)
		give_place(health);
}

static void sleep_until_due(struct health_probe *probe)
{
	uint64_t now = clock_mono_ms();
	uint64_t due = schedule_next_due(probe->seed, probe->round, probe->due_ms,
					 probe->spec.interval_ms, now);

	loop_timer_set(probe->health->loop, &probe->timer, due - now);
}

void probe_finish(struct health_probe *probe, enum health_reason reason, int detail)
{
	uint64_t end = probe->answered_ms ? probe->answered_ms : clock_mono_ms();
	struct health_result result = {
		.passed = reason == HEALTH_NONE,
		.reason = reason,
		.detail = detail,
		.took_ms = (unsigned)(end - probe->started_ms),
	};

	quiesce(probe);
	sleep_until_due(probe);
	probe->on_result(probe, &result, probe->arg);
}

static void on_due(struct health_probe *probe)
{
	struct health *health = probe->health;

	probe->due_ms = clock_mono_ms();
	probe->round++;
	if (health->asking >= health->asking_max) {
		wait_in_line(probe);
		return;
	}
	health->asking++;
	begin(probe);
}

static void on_timer(struct loop_timer *timer)
{
	struct health_probe *probe = timer->owner;

	if (probe->phase == PROBE_IDLE)
		on_due(probe);
	else if (probe->phase == PROBE_ADMITTED)
		begin(probe);
	else
		probe->kind->expire(probe);
}

/* ---- the scheduler ---- */

int health_new(struct loop *loop, struct health **health, struct err *err)
{
	struct health *h = calloc(1, sizeof(*h));
	int ret;

	if (!h)
		abort();
	h->loop = loop;
	h->asking_max = places();
	list_init(&h->probes);
	list_init(&h->waiting);
	hash_random(h->key, sizeof(h->key));
	ret = http_prober_open(loop, &h->http, err);
	if (ret) {
		free(h);
		return ret;
	}
	*health = h;
	return 0;
}

static void stop_all(struct list *probes)
{
	while (!list_is_empty(probes))
		health_probe_stop(list_entry(probes->next, struct health_probe, node));
}

void health_free(struct health *health)
{
	if (!health)
		return;
	stop_all(&health->waiting);
	stop_all(&health->probes);
	http_prober_close(health->http);
	free(health);
}

/* The first of a burst asks at once, the others are spread. */
static unsigned first_delay(struct health *health, uint64_t seed)
{
	uint64_t now = clock_mono_ms();

	if (now - health->burst_ms < SCHEDULE_SPREAD_MS)
		return schedule_first_delay(seed);
	health->burst_ms = now;
	return 0;
}

struct health_probe *health_probe_start(struct health *health, const struct health_spec *spec,
					health_result_fn *on_result, void *arg, struct err *err)
{
	struct health_probe *probe = calloc(1, sizeof(*probe));

	if (!probe)
		abort();
	if (spec_copy(&probe->spec, spec, err)) {
		free(probe);
		return NULL;
	}
	probe->health = health;
	probe->on_result = on_result;
	probe->arg = arg;
	probe->timer = (struct loop_timer){.on_expire = on_timer, .owner = probe};
	probe->seed = hash_siphash24(health->key, &health->started, sizeof(health->started));
	health->started++;
	list_append(&health->probes, &probe->node);
	loop_timer_set(health->loop, &probe->timer, first_delay(health, probe->seed));
	return probe;
}

int health_probe_change(struct health_probe *probe, const struct health_spec *spec, struct err *err)
{
	enum probe_phase phase = probe->phase;
	struct health_spec copy;
	int ret;

	if (health_spec_equal(&probe->spec, spec))
		return 0;
	ret = spec_copy(&copy, spec, err);
	if (ret)
		return ret;
	quiesce(probe);
	spec_fini(&probe->spec);
	probe->spec = copy;
	/* An answer to the old question would be read as one to the new: an attempt under way is
	 * dropped and made anew. */
	if (phase != PROBE_IDLE || probe->round == 0)
		loop_timer_set(probe->health->loop, &probe->timer, 0);
	else
		sleep_until_due(probe);
	return 0;
}

void health_probe_stop(struct health_probe *probe)
{
	if (!probe)
		return;
	quiesce(probe);
	list_remove(&probe->node);
	spec_fini(&probe->spec);
	free(probe);
}
