/* SPDX-License-Identifier: BSD-2-Clause */
/* Arena, buf and list. The sanitizer build is half of these tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"

static void test_arena_is_zeroed_aligned_and_disjoint(void **state)
{
	struct arena *arena = arena_new();
	unsigned char *blocks[600];

	for (size_t i = 0; i < 600; i++) {
		blocks[i] = arena_alloc(arena, i);
		assert_int_equal((uintptr_t)blocks[i] % 16, 0);
		for (size_t b = 0; b < i; b++)
			assert_int_equal(blocks[i][b], 0);
		memset(blocks[i], (int)(i & 0xff), i);
	}
	for (size_t i = 0; i < 600; i++)
		for (size_t b = 0; b < i; b++)
			assert_int_equal(blocks[i][b], i & 0xff);
	arena_free(arena);
	arena_free(NULL);
}

static void test_arena_larger_than_a_chunk(void **state)
{
	struct arena *arena = arena_new();
	char *large = arena_alloc(arena, 5u << 20);
	char *small = arena_alloc(arena, 1);

	memset(large, 'x', 5u << 20);
	assert_int_equal(*small, 0);
	arena_free(arena);
}

static void test_arena_nothing_is_something(void **state)
{
	struct arena *arena = arena_new();
	void *a = arena_alloc(arena, 0), *b = arena_alloc(arena, 0);

	assert_non_null(a);
	assert_ptr_not_equal(a, b);
	arena_free(arena);
}

static void test_arena_text(void **state)
{
	struct arena *arena = arena_new();

	assert_null(arena_strdup(arena, NULL));
	assert_string_equal(arena_strdup(arena, ""), "");
	assert_string_equal(arena_strdup(arena, "leat"), "leat");
	assert_string_equal(arena_strndup(arena, "leatd", 4), "leat");
	assert_string_equal(arena_strndup(arena, "le", 100), "le");
	assert_string_equal(arena_printf(arena, "%s:%d", "web", 80), "web:80");
	assert_int_equal(strlen(arena_printf(arena, "%10000d", 1)), 10000);
	arena_free(arena);
}

static void test_arena_grow(void **state)
{
	struct arena *arena = arena_new();
	int *numbers = NULL, *before;
	size_t count = 0, moves = 0;

	while (count < 1000) {
		before = numbers;
		numbers = arena_grow(arena, numbers, count, sizeof(*numbers));
		moves += numbers != before;
		numbers[count] = (int)count;
		count++;
	}
	for (size_t i = 0; i < count; i++)
		assert_int_equal(numbers[i], i);
	assert_int_equal(moves, 11); /* at 0, 1, 2, 4 … 512 */
	arena_free(arena);
}

static void test_buf_grows(void **state)
{
	struct buf buf = {0};

	for (int i = 0; i < 1000; i++) {
		buf_append(&buf, "0123456789", 10);
		assert_int_equal(buf.len, (size_t)(i + 1) * 10);
		assert_int_equal(buf.data[buf.len], 0);
	}
	for (size_t i = 0; i < buf.len; i++)
		assert_int_equal(buf.data[i], '0' + i % 10);
	buf_fini(&buf);
	assert_null(buf.data);
	buf_fini(&buf);
}

static void test_buf_bytes_and_text(void **state)
{
	struct buf buf = {0};

	buf_append(&buf, "", 0);
	assert_string_equal(buf.data, "");
	buf_append(&buf, "a\0b", 3);
	buf_append_text(&buf, "c");
	assert_int_equal(buf.len, 4);
	assert_memory_equal(buf.data, "a\0bc", 5);
	buf_clear(&buf);
	assert_int_equal(buf.len, 0);
	assert_string_equal(buf.data, "");
	buf_fini(&buf);
	buf_clear(&buf);
}

/* Every length around the first capacity: the zero must always fit. */
static void test_buf_printf_at_the_edge(void **state)
{
	for (int len = 0; len < 300; len++) {
		struct buf buf = {0};

		buf_printf(&buf, "%*s", len, "");
		assert_int_equal(buf.len, len);
		buf_printf(&buf, "%d", 42);
		assert_string_equal(buf.data + len, "42");
		buf_fini(&buf);
	}
}

static void test_buf_take(void **state)
{
	struct buf buf = {0};
	char *text = buf_take(&buf);

	assert_string_equal(text, "");
	free(text);
	buf_append_text(&buf, "mine");
	text = buf_take(&buf);
	assert_string_equal(text, "mine");
	assert_null(buf.data);
	assert_int_equal(buf.len + buf.cap, 0);
	free(text);
}

struct item {
	int number;
	struct list link;
};

static void test_list(void **state)
{
	struct item items[4] = {{.number = 0}, {.number = 1}, {.number = 2}, {.number = 3}};
	struct list head = LIST_INIT(head);
	struct item *pos, *next;
	int seen = 0;

	assert_true(list_is_empty(&head));
	for (int i = 0; i < 4; i++)
		list_append(&head, &items[i].link);
	list_for_each(pos, &head, link) assert_int_equal(pos->number, seen++);
	assert_int_equal(seen, 4);
	list_remove(&items[1].link);
	list_remove(&items[1].link);
	list_for_each_safe(pos, next, &head, link)
	{
		assert_int_not_equal(pos->number, 1);
		list_remove(&pos->link);
	}
	assert_true(list_is_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arena_is_zeroed_aligned_and_disjoint),
		cmocka_unit_test(test_arena_larger_than_a_chunk),
		cmocka_unit_test(test_arena_nothing_is_something),
		cmocka_unit_test(test_arena_text),
		cmocka_unit_test(test_arena_grow),
		cmocka_unit_test(test_buf_grows),
		cmocka_unit_test(test_buf_bytes_and_text),
		cmocka_unit_test(test_buf_printf_at_the_edge),
		cmocka_unit_test(test_buf_take),
		cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
