/* SPDX-License-Identifier: BSD-2-Clause */
/* What a target gets: health, fail-open, weights, drains, restarts, next hops. */
#include "model_of.h"

#include "control/route.h"

#define NOW 1000000

static const char two_targets[] =
	"load_balancers: [{name: edge, addresses: [192.0.2.1], listeners: [{protocol: TCP, port: "
	"80, "
	"default_action: {forward: web}}]}]\n"
	"target_groups: [{name: web, protocol: TCP, port: 80, targets: [10.0.0.11, {address: "
	"10.0.0.12, weight: 3}]}]\n";

enum path { GOOD, LOST, BOTH_LOST, UNSEEN, PORTLESS };

/* The first target's circumstances; the second is always healthy and reachable unless `other` says
 * otherwise. */
/* clang-format off */
static const struct row {
	const char *name;
	enum target_state state, other;
	enum path path;
	bool was_routed;
	bool fails_open, takes_new, other_takes_new;
} rows[] = {
	{"healthy", TARGET_HEALTHY, TARGET_HEALTHY, GOOD, false, false, true, true},
	{"unhealthy", TARGET_UNHEALTHY, TARGET_HEALTHY, GOOD, false, false, false, true},
	{"initial counts as not healthy", TARGET_INITIAL, TARGET_HEALTHY, GOOD, false, false, false, true},
	{"initial, was routed before the restart", TARGET_INITIAL, TARGET_HEALTHY, GOOD, true, false, true, true},
	{"was routed, but is unhealthy now", TARGET_UNHEALTHY, TARGET_HEALTHY, GOOD, true, false, false, true},
	{"none healthy: fails open", TARGET_UNHEALTHY, TARGET_UNHEALTHY, GOOD, false, true, true, true},
	{"all initial: fails open", TARGET_INITIAL, TARGET_INITIAL, GOOD, false, true, true, true},
	{"healthy without a next hop", TARGET_HEALTHY, TARGET_HEALTHY, LOST, false, false, false, true},
	{"the only healthy one is unreachable: fails open", TARGET_HEALTHY, TARGET_UNHEALTHY, LOST, false, true, false, true},
	{"cut off: the bits follow health", TARGET_HEALTHY, TARGET_UNHEALTHY, BOTH_LOST, false, false, true, false},
	{"cut off and unhealthy: fails open", TARGET_UNHEALTHY, TARGET_UNHEALTHY, BOTH_LOST, false, true, true, true},
	{"reached by an interface that is not attached", TARGET_HEALTHY, TARGET_HEALTHY, PORTLESS, false, false, false, true},
	{"not seen yet", TARGET_INITIAL, TARGET_HEALTHY, UNSEEN, false, false, false, true},
};
/* clang-format on */

static void check_row(const struct row *row)
{
	struct model *model = model_of(two_targets);
	const struct target_group *tg = &model->target_groups[0];
	struct observed_target *seen = NULL, *other;
	struct observed observed;
	struct route_ring ring;

	observed_init(&observed);
	if (row->path != UNSEEN) {
		seen = observe(&observed, "web", "10.0.0.11", 80, row->state);
		seen->was_routed = row->was_routed;
		if (row->path == LOST || row->path == BOTH_LOST)
			seen->path.state = NEIGH_UNREACHABLE;
		seen->lacks_port = row->path == PORTLESS;
	}
	other = observe(&observed, "web", "10.0.0.12", 80, row->other);
	if (row->path == BOTH_LOST)
		other->path.state = NEIGH_LINK_DOWN;
	ring = route_ring(tg, AF_INET, &observed);
	if (ring.fails_open != row->fails_open)
		fail_msg("%s: fails_open is %d", row->name, ring.fails_open);
	if (route_target(tg, &tg->targets[0], seen, &ring, NOW).takes_new != row->takes_new)
		fail_msg("%s: takes_new", row->name);
	if (route_target(tg, &tg->targets[1], other, &ring, NOW).takes_new != row->other_takes_new)
		fail_msg("%s: takes_new of the other", row->name);
	observed_fini(&observed);
	model_free(model);
}

static void decides_by_health_and_path(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i]);
}

static void shares_follow_weights(void **state)
{
	struct model *model = model_of(two_targets);
	const struct target_group *tg = &model->target_groups[0];
	struct observed_target *a, *b;
	struct observed observed;
	struct route_ring ring;
	struct route route;

	observed_init(&observed);
	a = observe(&observed, "web", "10.0.0.11", 80, TARGET_HEALTHY);
	b = observe(&observed, "web", "10.0.0.12", 80, TARGET_HEALTHY);
	ring = route_ring(tg, AF_INET, &observed);
	route = route_target(tg, &tg->targets[1], b, &ring, NOW);
	assert_true(route_share_pct(&tg->targets[1], &route, &ring) == 75.0);
	a->health.state = TARGET_UNHEALTHY;
	ring = route_ring(tg, AF_INET, &observed);
	assert_true(route_share_pct(&tg->targets[1], &route, &ring) == 100.0);
	route = route_target(tg, &tg->targets[0], a, &ring, NOW);
	assert_true(route_share_pct(&tg->targets[0], &route, &ring) == 0.0);
	observed_fini(&observed);
	model_free(model);
}

static void families_fail_open_apart(void **state)
{
	struct model *model = model_of(
		"load_balancers: [{name: edge, addresses: [192.0.2.1, \"2001:db8::1\"], listeners: "
		"[{protocol: TCP, port: 80, default_action: {forward: web}}]}]\n"
		"target_groups: [{name: web, protocol: TCP, port: 80, targets: [10.0.0.11, "
		"\"fd00::11\"]}]\n");
	struct observed observed;

	observed_init(&observed);
	observe(&observed, "web", "10.0.0.11", 80, TARGET_HEALTHY);
	observe(&observed, "web", "fd00::11", 80, TARGET_UNHEALTHY);
	assert_false(route_ring(&model->target_groups[0], AF_INET, &observed).fails_open);
	assert_true(route_ring(&model->target_groups[0], AF_INET6, &observed).fails_open);
	observed_fini(&observed);
	model_free(model);
}

/* Weight 0, drained and unused targets are no part of the count. */
static void only_the_ring_counts(void **state)
{
	struct model *model = model_of(
		"load_balancers: [{name: edge, addresses: [192.0.2.1], listeners: [{protocol: TCP, "
		"port: 80, default_action: {forward: web}}]}]\n"
		"target_groups:\n"
		"  - {name: web, protocol: TCP, port: 80, targets: [10.0.0.11, {address: "
		"10.0.0.12, "
		"weight: 0}, {address: 10.0.0.13, drain: true}]}\n"
		"  - {name: idle, protocol: TCP, port: 80, targets: [10.0.0.14]}\n");
	struct observed observed;
	struct observed_target *zero;
	struct route_ring ring;
	struct route route;

	observed_init(&observed);
	observe(&observed, "web", "10.0.0.11", 80, TARGET_UNHEALTHY);
	zero = observe(&observed, "web", "10.0.0.12", 80, TARGET_HEALTHY);
	observe(&observed, "web", "10.0.0.13", 80, TARGET_DRAINING);
	ring = route_ring(&model->target_groups[0], AF_INET, &observed);
	assert_int_equal(ring.total, 1);
	assert_true(ring.fails_open);
	route = route_target(&model->target_groups[0], &model->target_groups[0].targets[1], zero,
			     &ring, NOW);
	assert_true(route.is_present && route.takes_new && !route.in_ring);
	zero->health.state = TARGET_UNHEALTHY; /* its flows are reset where the group says so */
	route = route_target(&model->target_groups[0], &model->target_groups[0].targets[1], zero,
			     &ring, NOW);
	assert_true(route.is_present && !route.takes_new);
	assert_int_equal(route_ring(&model->target_groups[1], AF_INET, &observed).total, 0);
	observed_fini(&observed);
	model_free(model);
}

static void leavers_stay_until_their_deadline(void **state)
{
	struct observed_target seen = {.delay_s = 300};

	assert_true(route_leaver(&seen, NOW).is_present); /* about to begin */
	assert_true(route_leaver(&seen, NOW).takes_new);
	assert_false(route_leaver(&seen, NOW).in_ring);
	seen.drain_until_ms = NOW + 1;
	assert_true(route_leaver(&seen, NOW).is_present);
	seen.drain_until_ms = NOW;
	assert_false(route_leaver(&seen, NOW).is_present);
	seen = (struct observed_target){.delay_s = 0};
	assert_false(route_leaver(&seen, NOW).is_present);
	seen = (struct observed_target){.delay_s = 300, .ends_now = true};
	assert_false(route_leaver(&seen, NOW).is_present);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides_by_health_and_path),
		cmocka_unit_test(shares_follow_weights),
		cmocka_unit_test(families_fail_open_apart),
		cmocka_unit_test(only_the_ring_counts),
		cmocka_unit_test(leavers_stay_until_their_deadline),
	};

	return cmocka_run_group_tests_name("control/route", tests, NULL, NULL);
}
