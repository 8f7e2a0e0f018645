/* SPDX-License-Identifier: BSD-2-Clause */
/* The two columns of a ring: exact shares, independence of order, few moves, second choices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/hash.h"
#include "leat/nlb_abi.h"
#include "nlb/maglev.h"

static const uint64_t key[2] = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};

static struct maglev_target *new_targets(size_t count, uint64_t seed, uint32_t max_weight)
{
	struct maglev_target *targets = calloc(count + 1, sizeof(*targets));

	for (uint64_t i = 0; i < count; i++) {
		uint64_t words[2] = {seed, i};

		targets[i].identity = hash_siphash24(key, words, sizeof(words));
		targets[i].weight = 1 + (uint32_t)(targets[i].identity >> 40) % max_weight;
		targets[i].takes_new = true;
	}
	return targets;
}

static uint32_t *new_primary(const struct maglev_target *targets, size_t count)
{
	uint32_t size = maglev_ring_size(count);
	uint32_t *primary = malloc((size + 1) * sizeof(*primary));

	memset(primary, 0xff, (size + 1) * sizeof(*primary));
	maglev_primary(targets, count, key, primary, size);
	assert_true(primary[size] == MAGLEV_NONE);
	return primary;
}

static uint32_t *new_secondary(const struct maglev_target *targets, size_t count,
			       const uint32_t *primary)
{
	uint32_t size = maglev_ring_size(count);
	uint32_t *secondary = malloc((size + 1) * sizeof(*secondary));

	secondary[size] = 12345;
	maglev_secondary(targets, count, key, primary, secondary, size);
	assert_int_equal(secondary[size], 12345);
	return secondary;
}

static uint32_t *count_slots(const uint32_t *column, uint32_t size, size_t count)
{
	uint32_t *slots = calloc(count + 1, sizeof(*slots));

	for (uint32_t i = 0; i < size; i++) {
		assert_true(column[i] < count || column[i] == MAGLEV_NONE);
		slots[column[i] == MAGLEV_NONE ? count : column[i]]++;
	}
	return slots;
}

/* ---- size ---- */

static bool is_prime(uint32_t n)
{
	for (uint32_t i = 2; i * i <= n; i++)
		if (n % i == 0)
			return false;
	return n > 1;
}

static void test_ring_size(void **state)
{
	assert_int_equal(maglev_ring_size(0), 0);
	assert_int_equal(maglev_ring_size(1), 101);
	assert_int_equal(maglev_ring_size(2), 8209);
	assert_int_equal(maglev_ring_size(40), 8209);
	assert_int_equal(maglev_ring_size(41), 16411);
	assert_int_equal(maglev_ring_size(164), 16411);
	assert_int_equal(maglev_ring_size(165), 65537);
	assert_int_equal(maglev_ring_size(10000), 1048573);
	assert_int_equal(maglev_ring_size(NLB_MAX_TARGETS), 1048573);
	for (size_t n = 1; n <= 10485; n++) {
		assert_true(maglev_ring_size(n) >= 100 * n);
		assert_true(maglev_ring_size(n) >= maglev_ring_size(n - 1));
	}
	for (size_t n = 1; n <= 16384; n *= 2)
		assert_true(is_prime(maglev_ring_size(n)));
	assert_true(2 * maglev_ring_size(NLB_MAX_TARGETS) <= NLB_MAX_SLOTS);
}

/* ---- primary ---- */

static void check_shares(size_t count, uint32_t max_weight)
{
	struct maglev_target *targets = new_targets(count, count, max_weight);
	uint32_t *primary = new_primary(targets, count), size = maglev_ring_size(count);
	uint32_t *slots = count_slots(primary, size, count);
	double weights = 0;

	for (size_t i = 0; i < count; i++)
		weights += targets[i].weight;
	for (size_t i = 0; i < count; i++) {
		double share = size * (targets[i].weight / weights);

		if (slots[i] <= share - 1.0001 || slots[i] >= share + 1.0001)
			fail_msg("%zu targets, weight %u of %.0f: %u slots, not %.2f", count,
				 targets[i].weight, weights, slots[i], share);
	}
	assert_int_equal(slots[count], 0);
	free(slots);
	free(primary);
	free(targets);
}

static void test_shares_are_exact(void **state)
{
	static const size_t counts[] = {1, 2, 3, 7, 10, 40, 41, 100, 1000};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		check_shares(counts[i], 1);
		check_shares(counts[i], 10);
		check_shares(counts[i], 999);
	}
}

static void test_extreme_weights(void **state)
{
	struct maglev_target targets[] = {{1, 1, true}, {2, UINT32_MAX, true}, {3, 1000000, true}};
	uint32_t *primary = new_primary(targets, 3), size = maglev_ring_size(3);
	uint32_t *slots = count_slots(primary, size, 3);

	assert_true(slots[0] <= 1);
	assert_true(slots[2] >= 1 && slots[2] <= 3);
	assert_int_equal(slots[0] + slots[1] + slots[2], size);
	free(slots);
	free(primary);
}

static void test_small_rings(void **state)
{
	struct maglev_target targets[] = {{1, 1, true}, {2, 1, true}, {3, 1, true}};
	uint32_t primary[7], secondary[7];

	for (uint32_t size = 1; size <= 7; size++) {
		maglev_primary(targets, 3, key, primary, size);
		maglev_secondary(targets, 3, key, primary, secondary, size);
		for (uint32_t i = 0; i < size; i++)
			assert_true(primary[i] < 3 && secondary[i] < 3 &&
				    primary[i] != secondary[i]);
	}
	maglev_primary(targets, 3, key, primary, 0);
	maglev_primary(targets, 0, key, primary, 0);
	maglev_secondary(targets, 0, key, primary, secondary, 0);
}

static void shuffle(struct maglev_target *targets, size_t count)
{
	for (size_t i = count - 1; i > 0; i--) {
		size_t j = (size_t)rand() % (i + 1);
		struct maglev_target other = targets[i];

		targets[i] = targets[j];
		targets[j] = other;
	}
}

static void test_order_does_not_matter(void **state)
{
	for (size_t count = 2; count < 60; count += 19) {
		struct maglev_target *targets = new_targets(count, 7, 5),
				     *mixed = new_targets(count, 7, 5);
		uint32_t size = maglev_ring_size(count);

		targets[1].takes_new = mixed[1].takes_new = false;
		shuffle(mixed, count);
		uint32_t *a = new_primary(targets, count), *b = new_primary(mixed, count);
		uint32_t *c = new_secondary(targets, count, a), *d = new_secondary(mixed, count, b);

		for (uint32_t i = 0; i < size; i++) {
			assert_true(targets[a[i]].identity == mixed[b[i]].identity);
			assert_true((c[i] == MAGLEV_NONE) == (d[i] == MAGLEV_NONE));
			if (c[i] != MAGLEV_NONE)
				assert_true(targets[c[i]].identity == mixed[d[i]].identity);
		}
		free(a);
		free(b);
		free(c);
		free(d);
		free(targets);
		free(mixed);
	}
}

/* Nodes of different versions must agree: who changes these values changes every ring of every
 * node. */
static void test_columns_are_those_of_version_1(void **state)
{
	struct maglev_target *targets = new_targets(10, 1, 4);
	uint32_t *primary = new_primary(targets, 10),
		 *secondary = new_secondary(targets, 10, primary);

	assert_true(hash_fnv1a(0, primary, 8209 * 4) == 0xbda1b37202fb3319u);
	assert_true(hash_fnv1a(0, secondary, 8209 * 4) == 0x4581a8576050f7u);
	free(primary);
	free(secondary);
	free(targets);
}

/* Share of the hash space whose owner differs. Indexes of `a` below `same` and of `b` are the same
 * targets. */
static double moved(const uint32_t *a, uint64_t a_size, const uint32_t *b, uint64_t b_size)
{
	uint64_t moves = 0;

	for (uint64_t i = 0; i < a_size; i++)
		moves += a[i] != b[(2 * i + 1) * b_size / (2 * a_size)];
	return (double)moves / (double)a_size;
}

/* Without the last of n. */
static double moved_by_removal(size_t n, uint64_t seed, uint32_t max_weight, double *share)
{
	struct maglev_target *targets = new_targets(n, seed, max_weight);
	uint32_t *before = new_primary(targets, n), *after = new_primary(targets, n - 1);
	double moves = moved(before, maglev_ring_size(n), after, maglev_ring_size(n - 1));
	double weights = 0;

	for (size_t i = 0; i < n; i++)
		weights += targets[i].weight;
	*share = targets[n - 1].weight / weights;
	free(targets);
	free(before);
	free(after);
	return moves;
}

static void test_removal_moves_few(void **state)
{
	static const size_t counts[] = {2, 4, 10, 100};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		double share, moves, worst = 0, sum = 0;

		for (uint64_t seed = 0; seed < 40; seed++) {
			moves = moved_by_removal(counts[i], seed, 1, &share) - share;
			worst = moves > worst ? moves : worst;
			sum += moves;
		}
		print_message("  one of %zu goes: 1/%zu + %.2f %% of the slots move (mean of 40; "
			      "worst %.2f %%)\n",
			      counts[i], counts[i], sum / 40 * 100, worst * 100);
		assert_true(worst <= 0.01);
	}
}

static void test_removal_moves_few_with_weights(void **state)
{
	for (size_t n = 2; n <= 40; n++) {
		double share, moves = moved_by_removal(n, n, 10, &share);

		assert_true(moves <= share + 0.015);
	}
}

static void test_weight_moves_few(void **state)
{
	struct maglev_target *targets = new_targets(10, 3, 1);
	uint32_t *before = new_primary(targets, 10), *after;
	double moves;

	targets[4].weight = 2; /* from 1/10 to 2/11 */
	after = new_primary(targets, 10);
	moves = moved(before, 8209, after, 8209);
	assert_true(moves >= 2.0 / 11 - 0.1 - 0.001 && moves <= 2.0 / 11 - 0.1 + 0.01);
	free(before);
	free(after);
	free(targets);
}

/* ---- secondary ---- */

static void test_secondary_is_another_that_takes_new(void **state)
{
	struct maglev_target *targets = new_targets(12, 5, 3);
	uint32_t *primary = new_primary(targets, 12), *secondary;

	targets[3].takes_new = targets[8].takes_new = false;
	secondary = new_secondary(targets, 12, primary);
	for (uint32_t i = 0; i < 8209; i++) {
		assert_true(secondary[i] < 12 && secondary[i] != primary[i]);
		assert_true(targets[secondary[i]].takes_new);
	}
	free(primary);
	free(secondary);
	free(targets);
}

static void test_secondary_where_there_is_none(void **state)
{
	struct maglev_target *targets = new_targets(3, 5, 1);
	uint32_t *primary = new_primary(targets, 3), *secondary;

	targets[0].takes_new = targets[2].takes_new = false;
	secondary = new_secondary(targets, 3, primary); /* only 1 takes */
	for (uint32_t i = 0; i < 8209; i++)
		assert_true(secondary[i] == (primary[i] == 1 ? MAGLEV_NONE : 1));
	free(secondary);
	targets[1].takes_new = false;
	secondary = new_secondary(targets, 3, primary);
	for (uint32_t i = 0; i < 8209; i++)
		assert_true(secondary[i] == MAGLEV_NONE);
	free(secondary);
	free(primary);
	primary = new_primary(targets, 1);
	secondary = new_secondary(targets, 1, primary);
	for (uint32_t i = 0; i < 101; i++)
		assert_true(primary[i] == 0 && secondary[i] == MAGLEV_NONE);
	free(primary);
	free(secondary);
	free(targets);
}

/* The slots of one that fails go to the others by weight. */
static void test_secondary_spreads_by_weight(void **state)
{
	struct maglev_target *targets = new_targets(5, 11, 1);
	uint32_t *primary, *secondary, slots[5] = {0};
	double all;

	targets[1].weight = 4;
	targets[2].weight = 2;
	primary = new_primary(targets, 5);
	secondary = new_secondary(targets, 5, primary);
	for (uint32_t i = 0; i < 8209; i++)
		if (primary[i] == 1)
			slots[secondary[i]]++;
	all = slots[0] + slots[2] + slots[3] + slots[4];
	assert_int_equal(slots[1], 0);
	assert_true(slots[2] / all > 0.36 && slots[2] / all < 0.44);
	for (int i = 0; i < 5; i++)
		if (i != 1 && i != 2)
			assert_true(slots[i] / all > 0.17 && slots[i] / all < 0.23);
	free(primary);
	free(secondary);
	free(targets);
}

/* Another one that fails changes only the second choices that were it. */
static void test_secondary_is_stable(void **state)
{
	struct maglev_target *targets = new_targets(10, 13, 1);
	uint32_t *primary = new_primary(targets, 10), *before = new_secondary(targets, 10, primary),
		 *after;

	targets[6].takes_new = false;
	after = new_secondary(targets, 10, primary);
	for (uint32_t i = 0; i < 8209; i++)
		assert_true(before[i] == 6 ? after[i] != 6 : after[i] == before[i]);
	free(primary);
	free(before);
	free(after);
	free(targets);
}

/* So few that looking around does not find them. */
static void test_secondary_slow_way(void **state)
{
	struct maglev_target *targets = new_targets(1000, 17, 1);
	uint32_t *primary = new_primary(targets, 1000), size = maglev_ring_size(1000), *secondary,
		 *slots;

	for (size_t i = 0; i < 1000; i++)
		targets[i].takes_new = i == 10 || i == 500 || i == 900;
	targets[900].weight = 2;
	secondary = new_secondary(targets, 1000, primary);
	for (uint32_t i = 0; i < size; i++)
		assert_true(secondary[i] != primary[i] && targets[secondary[i]].takes_new);
	slots = count_slots(secondary, size, 1000);
	assert_true(slots[10] > size * 0.22 && slots[10] < size * 0.28);
	assert_true(slots[900] > size * 0.44 && slots[900] < size * 0.56);
	free(slots);
	free(primary);
	free(secondary);
	free(targets);
}

/* ---- time ---- */

static void time_build(size_t count, uint32_t max_weight)
{
	struct maglev_target *targets = new_targets(count, 1, max_weight);
	uint64_t start = clock_mono_ns(), middle, end;
	uint32_t *primary = new_primary(targets, count), *secondary;

	middle = clock_mono_ns();
	secondary = new_secondary(targets, count, primary);
	end = clock_mono_ns();
	print_message(
		"  %zu targets, weights 1..%u, %u slots: primary %.1f ms, secondary %.1f ms\n",
		count, max_weight, maglev_ring_size(count), (double)(middle - start) / 1e6,
		(double)(end - middle) / 1e6);
	assert_true(end - start < 10000000000u); /* generous: sanitizers, a busy machine */
	free(primary);
	free(secondary);
	free(targets);
}

static void test_build_time(void **state)
{
	time_build(10, 1);
	time_build(1000, 1);
	time_build(10000, 1);
	time_build(10000, 999);
	time_build(NLB_MAX_TARGETS, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring_size),
		cmocka_unit_test(test_shares_are_exact),
		cmocka_unit_test(test_extreme_weights),
		cmocka_unit_test(test_small_rings),
		cmocka_unit_test(test_order_does_not_matter),
		cmocka_unit_test(test_columns_are_those_of_version_1),
		cmocka_unit_test(test_removal_moves_few),
		cmocka_unit_test(test_removal_moves_few_with_weights),
		cmocka_unit_test(test_weight_moves_few),
		cmocka_unit_test(test_secondary_is_another_that_takes_new),
		cmocka_unit_test(test_secondary_where_there_is_none),
		cmocka_unit_test(test_secondary_spreads_by_weight),
		cmocka_unit_test(test_secondary_is_stable),
		cmocka_unit_test(test_secondary_slow_way),
		cmocka_unit_test(test_build_time),
	};

	return cmocka_run_group_tests_name("nlb: maglev", tests, NULL, NULL);
}
