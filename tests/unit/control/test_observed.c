/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of observed targets. */
#include "model_of.h"

#include <stdio.h>

#define MANY 5000

static void finds_what_was_added(void **state)
{
	struct observed observed;
	struct observed_target *seen;
	struct addr address = address_of("10.0.0.0");

	observed_init(&observed);
	for (unsigned i = 0; i < MANY; i++) {
		address.bytes[2] = (uint8_t)(i >> 8);
		address.bytes[3] = (uint8_t)i;
		observed_add(&observed, i % 2 ? "odd" : "even", &address, (uint16_t)(i + 1));
	}
	assert_int_equal(observed.count, MANY);
	for (unsigned i = 0; i < MANY; i++) {
		address.bytes[2] = (uint8_t)(i >> 8);
		address.bytes[3] = (uint8_t)i;
		seen = observed_find(&observed, i % 2 ? "odd" : "even", &address,
				     (uint16_t)(i + 1));
		assert_non_null(seen);
		assert_null(observed_find(&observed, i % 2 ? "even" : "odd", &address,
					  (uint16_t)(i + 1)));
		if (i % 3 == 0)
			observed_remove(&observed, seen);
	}
	assert_int_equal(observed.count, MANY - (MANY + 2) / 3);
	address = address_of("10.0.0.3");
	assert_null(observed_find(&observed, "odd", &address, 4));
	address = address_of("10.0.0.4");
	assert_non_null(observed_find(&observed, "even", &address, 5));
	observed_fini(&observed);
}

static void marks_what_the_model_has(void **state)
{
	struct model *model = model_of(
		"target_groups: [{name: web, protocol: TCP, port: 80, targets: [10.0.0.11]}]");
	struct observed_target *in, *out, *other_port;
	struct observed observed;
	unsigned pass;

	observed_init(&observed);
	in = observe(&observed, "web", "10.0.0.11", 80, TARGET_HEALTHY);
	other_port = observe(&observed, "web", "10.0.0.11", 81, TARGET_HEALTHY);
	out = observe(&observed, "api", "10.0.0.11", 80, TARGET_HEALTHY);
	pass = observed_pass(&observed, model);
	assert_int_equal(in->pass, pass);
	assert_int_not_equal(out->pass, pass);
	assert_int_not_equal(other_port->pass, pass);
	observed_fini(&observed);
	model_free(model);
}

static void names_targets(void **state)
{
	struct observed observed;
	char text[OBSERVED_NAME_MAX];

	observed_init(&observed);
	assert_string_equal(
		observed_name(observe(&observed, "web", "fd00::1", 80, TARGET_HEALTHY), text),
		"web/[fd00::1]:80");
	observed_fini(&observed);
	observed_fini(&observed); /* twice is fine */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_was_added),
		cmocka_unit_test(marks_what_the_model_has),
		cmocka_unit_test(names_targets),
	};

	return cmocka_run_group_tests_name("control/observed", tests, NULL, NULL);
}
