/* SPDX-License-Identifier: BSD-2-Clause */
/* Drain decisions, with the time as the test has it. */
#include "model_of.h"

#include "control/drain.h"

#define NOW 1000000

static const char text[] = "target_groups:\n"
			   "  - {name: web, protocol: TCP, port: 80, attributes: "
			   "{deregistration_delay.timeout_seconds: 20}, targets: [10.0.0.11, "
			   "{address: 10.0.0.12, drain: "
			   "true}]}\n"
			   "  - {name: fast, protocol: TCP, port: 80, attributes: "
			   "{deregistration_delay.timeout_seconds: 0}, targets: [{address: "
			   "10.0.0.12, drain: true}]}\n";

enum fate { GONE, PLAIN, DRAINED };

/* clang-format off */
static const struct row {
	const char *name;
	const char *group;
	enum fate fate; /* in the next model */
	int64_t until_ms;   /* as observed so far */
	bool ends_now;
	enum drain_step step;
	int64_t next_until_ms; /* 0: not looked at */
} rows[] = {
	{"a target like any other", "web", PLAIN, 0, false, DRAIN_NONE, 0},
	{"deregistered", "web", GONE, 0, false, DRAIN_BEGIN, NOW + 20000},
	{"drained", "web", DRAINED, 0, false, DRAIN_BEGIN, NOW + 20000},
	{"goes on, whatever the delay is now", "web", GONE, NOW + 5, false, DRAIN_GOES_ON, NOW + 5},
	{"drained, then deregistered: the first deadline holds", "web", GONE, NOW + 5, false, DRAIN_GOES_ON, NOW + 5},
	{"at its deadline", "web", GONE, NOW, false, DRAIN_OVER, 0},
	{"drained, long over", "web", DRAINED, NOW - 99999, false, DRAIN_OVER, 0},
	{"taken back in time", "web", PLAIN, NOW + 5, false, DRAIN_TAKEN_BACK, 0},
	{"taken back after its end", "web", PLAIN, NOW - 5, false, DRAIN_TAKEN_BACK, 0},
	{"deregistered --now", "web", GONE, 0, true, DRAIN_OVER, 0},
	{"deregistered --now while it drains", "web", GONE, NOW + 5, true, DRAIN_OVER, 0},
	{"no delay", "fast", DRAINED, 0, false, DRAIN_OVER, 0},
	{"no delay, deregistered", "fast", GONE, 0, false, DRAIN_OVER, 0},
	{"its group is gone too: the delay it had", "old", GONE, 0, false, DRAIN_BEGIN, NOW + 7000},
};
/* clang-format on */

static void check_row(const struct model *model, const struct row *row)
{
	const struct target_group *web = &model->target_groups[0];
	const struct target *targets[] = {NULL, &web->targets[0], &web->targets[1]};
	struct observed_target seen = {
		.delay_s = 7, .drain_until_ms = row->until_ms, .ends_now = row->ends_now};
	int64_t until_ms = 0;

	strcpy(seen.group, row->group);
	if (drain_next(&seen, model, targets[row->fate], NOW, &until_ms) != row->step)
		fail_msg("%s: wrong step", row->name);
	if (row->next_until_ms && until_ms != row->next_until_ms)
		fail_msg("%s: until %lld", row->name, (long long)until_ms);
}

static void steps(void **state)
{
	struct model *model = model_of(text);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(model, &rows[i]);
	model_free(model);
}

static void is_over_at_the_deadline(void **state)
{
	struct observed_target seen = {0};

	assert_false(drain_is_over(&seen, NOW));
	seen.drain_until_ms = NOW + 1;
	assert_false(drain_is_over(&seen, NOW));
	assert_true(drain_is_over(&seen, NOW + 1));
}

/* Two more passes: the first may have begun before the maps knew. */
static void counts_by_a_pass_that_began_afterwards(void **state)
{
	static const struct target target;
	struct observed_target seen = {
		.drain_until_ms = NOW + 5, .drain_is_in_maps = true, .drain_passes = 7};

	assert_false(drain_is_counted(&seen, 7, NOW));
	assert_false(drain_is_counted(&seen, 8, NOW));
	assert_true(drain_is_counted(&seen, 9, NOW));
	assert_false(drain_is_counted(&seen, 9, NOW + 5)); /* over anyway */
	seen.target = &target;				    /* drained, not deregistered */
	assert_false(drain_is_counted(&seen, 9, NOW));
	seen.target = NULL;
	seen.drain_is_in_maps = false;
	assert_false(drain_is_counted(&seen, 9, NOW));
	seen.drain_is_in_maps = true;
	seen.drain_until_ms = 0;
	assert_false(drain_is_counted(&seen, 9, NOW));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps),
		cmocka_unit_test(is_over_at_the_deadline),
		cmocka_unit_test(counts_by_a_pass_that_began_afterwards),
	};

	return cmocka_run_group_tests_name("control/drain", tests, NULL, NULL);
}
