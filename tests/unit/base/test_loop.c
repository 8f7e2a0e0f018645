/* SPDX-License-Identifier: BSD-2-Clause */
/* The loop: order of timers, and that any callback may remove and free any watcher. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/loop.h"

static int new_loop(void **state)
{
	struct loop *loop;

	*state = loop_new(&loop, NULL) == 0 ? loop : NULL;
	return *state ? 0 : -1;
}

static int free_loop(void **state)
{
	loop_free(*state);
	return 0;
}

/* ---- timers ---- */

static int fired[2000], fired_count;

struct ticker {
	struct loop_timer timer;
	int number;
	struct ticker *victim; /* what the callback acts on */
};

static void on_tick(struct loop_timer *timer)
{
	struct ticker *ticker = timer->owner;

	assert_null(timer->loop); /* one shot: already out */
	fired[fired_count++] = ticker->number;
	if (ticker->victim) {
		loop_timer_clear(&ticker->victim->timer);
		free(ticker->victim);
		ticker->victim = NULL;
	}
}

static struct ticker *new_ticker(int number)
{
	struct ticker *ticker = calloc(1, sizeof(*ticker));

	assert_non_null(ticker);
	ticker->number = number;
	ticker->timer.on_expire = on_tick;
	ticker->timer.owner = ticker;
	return ticker;
}

static void turn_for(struct loop *loop, uint64_t ms)
{
	uint64_t end = clock_mono_ms() + ms, now;

	while ((now = clock_mono_ms()) < end)
		loop_turn(loop, (int)(end - now));
}

/* Delivered over several turns. Compares due times, not delays: on a busy machine arming takes time
 * too. */
static void test_timers_in_order(void **state)
{
	static const unsigned delays[] = {30, 5, 20, 10, 0, 25, 15};
	struct ticker *tickers[7];
	uint64_t last_due = 0;

	fired_count = 0;
	for (int i = 0; i < 7; i++) {
		tickers[i] = new_ticker(i);
		loop_timer_set(*state, &tickers[i]->timer, delays[i]);
	}
	turn_for(*state, 60);
	assert_int_equal(fired_count, 7);
	for (int i = 0; i < 7; i++) {
		assert_true(tickers[fired[i]]->timer.due_ms >= last_due);
		last_due = tickers[fired[i]]->timer.due_ms;
	}
	for (int i = 0; i < 7; i++)
		free(tickers[i]);
}

/* All due in one turn: the heap alone decides the order. Removes every third and re-arms every
 * fifth on the way. */
static void test_timers_heap(void **state)
{
	enum { COUNT = 1000 };
	static struct ticker tickers[COUNT];
	unsigned delay, seed = 1;
	uint64_t last_due = 0;
	int expected = 0;

	fired_count = 0;
	for (int i = 0; i < COUNT; i++) {
		tickers[i] = (struct ticker){.number = i};
		tickers[i].timer.on_expire = on_tick;
		tickers[i].timer.owner = &tickers[i];
		seed = seed * 1103515245 + 12345;
		delay = (seed >> 16) % 50;
		loop_timer_set(*state, &tickers[i].timer, delay);
	}
	for (int i = 0; i < COUNT; i += 5)
		loop_timer_set(*state, &tickers[i].timer, (unsigned)i % 37);
	for (int i = 0; i < COUNT; i += 3) {
		loop_timer_clear(&tickers[i].timer);
		loop_timer_clear(&tickers[i].timer);
	}
	for (int i = 0; i < COUNT; i++)
		expected += i % 3 != 0;
	usleep(60000);
	loop_turn(*state, 0);
	assert_int_equal(fired_count, expected);
	for (int i = 0; i < fired_count; i++) {
		assert_int_not_equal(fired[i] % 3, 0);
		assert_true(tickers[fired[i]].timer.due_ms >= last_due);
		last_due = tickers[fired[i]].timer.due_ms;
	}
}

static void test_timer_removes_one_due_in_the_same_turn(void **state)
{
	struct ticker *first = new_ticker(1), *second = new_ticker(2), *third = new_ticker(3);

	fired_count = 0;
	first->victim = second;
	loop_timer_set(*state, &first->timer, 0);
	loop_timer_set(*state, &second->timer, 2);
	loop_timer_set(*state, &third->timer, 4);
	usleep(10000);
	loop_turn(*state, 0);
	assert_int_equal(fired_count, 2);
	assert_int_equal(fired[1], 3);
	free(first);
	free(third);
}

static void on_tick_free_myself(struct loop_timer *timer)
{
	fired_count++;
	free(timer->owner);
}

static void test_timer_frees_itself(void **state)
{
	struct ticker *ticker = new_ticker(1);

	fired_count = 0;
	ticker->timer.on_expire = on_tick_free_myself;
	loop_timer_set(*state, &ticker->timer, 0);
	loop_turn(*state, 0);
	assert_int_equal(fired_count, 1);
}

static struct loop *rearm_loop;

static void on_tick_rearm(struct loop_timer *timer)
{
	fired_count++;
	loop_timer_set(rearm_loop, timer, 0);
}

static void test_timer_rearmed_with_zero_waits_a_turn(void **state)
{
	struct loop_timer timer = {.on_expire = on_tick_rearm};

	fired_count = 0;
	rearm_loop = *state;
	loop_timer_set(*state, &timer, 0);
	for (int turn = 1; turn <= 5; turn++) {
		loop_turn(*state, -1);
		assert_int_equal(fired_count, turn);
	}
	loop_timer_clear(&timer);
	loop_turn(*state, 0);
	assert_int_equal(fired_count, 5);
}

static void on_tick_rearm_victim(struct loop_timer *timer)
{
	struct ticker *ticker = timer->owner;

	fired[fired_count++] = ticker->number;
	loop_timer_set(rearm_loop, &ticker->victim->timer, 1000);
}

static void test_timer_postpones_one_due_in_the_same_turn(void **state)
{
	struct ticker *first = new_ticker(1), *second = new_ticker(2);

	fired_count = 0;
	rearm_loop = *state;
	first->victim = second;
	first->timer.on_expire = on_tick_rearm_victim;
	loop_timer_set(*state, &first->timer, 0);
	loop_timer_set(*state, &second->timer, 1);
	usleep(5000);
	loop_turn(*state, 0);
	loop_turn(*state, 0);
	assert_int_equal(fired_count, 1);
	assert_non_null(second->timer.loop);
	loop_timer_clear(&second->timer);
	free(first);
	free(second);
}

static void test_timer_wakes_the_loop(void **state)
{
	struct ticker *ticker = new_ticker(1);
	uint64_t start = clock_mono_ms();

	fired_count = 0;
	loop_timer_set(*state, &ticker->timer, 30);
	while (!fired_count)
		loop_turn(*state, -1);
	assert_true(clock_mono_ms() - start >= 30);
	assert_true(clock_mono_ms() - start < 5000);
	loop_timer_set(*state, &ticker->timer, UINT64_MAX); /* must not wrap into the past */
	loop_turn(*state, 0);
	assert_int_equal(fired_count, 1);
	loop_timer_clear(&ticker->timer);
	free(ticker);
}

static void test_free_disarms_timers(void **state)
{
	struct loop_timer timer = {.on_expire = on_tick};
	struct loop *loop;

	assert_int_equal(loop_new(&loop, NULL), 0);
	loop_timer_set(loop, &timer, 10);
	loop_free(loop);
	assert_null(timer.loop);
	loop_timer_clear(&timer);
	loop_free(NULL);
}

/* ---- descriptors ---- */

struct reader {
	struct loop_fd watch;
	int calls;
	uint32_t events;
	struct reader *peer;
	struct loop_timer *timer;
};

static void on_ready(struct loop_fd *watch, uint32_t events)
{
	struct reader *reader = watch->owner;

	reader->calls++;
	reader->events = events;
}

static void init_reader(struct reader *reader, void (*on_event)(struct loop_fd *, uint32_t))
{
	*reader = (struct reader){0};
	reader->watch.fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC); /* readable from the start */
	reader->watch.events = EPOLLIN;
	reader->watch.on_event = on_event;
	reader->watch.owner = reader;
	assert_true(reader->watch.fd >= 0);
}

static void test_fd_level_triggered(void **state)
{
	struct reader reader;
	uint64_t value;

	init_reader(&reader, on_ready);
	assert_int_equal(loop_fd_add(*state, &reader.watch), 0);
	loop_turn(*state, 0);
	loop_turn(*state, 0);
	assert_int_equal(reader.calls, 2);
	assert_int_equal(reader.events, EPOLLIN);
	assert_int_equal(read(reader.watch.fd, &value, sizeof(value)), sizeof(value));
	loop_turn(*state, 0);
	assert_int_equal(reader.calls, 2);
	assert_int_equal(loop_fd_change(&reader.watch, EPOLLIN | EPOLLOUT), 0);
	loop_turn(*state, 0);
	assert_int_equal(reader.calls, 3);
	assert_int_equal(reader.events, EPOLLOUT);
	loop_fd_remove(&reader.watch);
	loop_fd_remove(&reader.watch);
	loop_turn(*state, 0);
	assert_int_equal(reader.calls, 3);
	assert_int_equal(loop_fd_change(&reader.watch, EPOLLIN), -ENOENT);
	close(reader.watch.fd);
}

static void test_fd_refused(void **state)
{
	struct loop_fd bad = {.fd = -1, .events = EPOLLIN};
	struct loop_fd file = {.fd = open("/dev/null", O_RDONLY), .events = EPOLLIN};

	assert_int_equal(loop_fd_add(*state, &bad), -EBADF);
	assert_null(bad.loop);
	assert_int_equal(loop_fd_add(*state, &file), -EPERM);
	close(file.fd);
}

static void test_fd_hangup_without_asking(void **state)
{
	struct reader reader;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	init_reader(&reader, on_ready);
	close(reader.watch.fd);
	reader.watch.fd = ends[0];
	reader.watch.events = 0;
	assert_int_equal(loop_fd_add(*state, &reader.watch), 0);
	close(ends[1]);
	loop_turn(*state, 0);
	assert_int_equal(reader.events, EPOLLHUP);
	loop_fd_remove(&reader.watch);
	close(ends[0]);
}

/* Whichever of the two comes first frees the other: exactly one may be called. */
static int survivors;

static void on_ready_free_peer(struct loop_fd *watch, uint32_t events)
{
	struct reader *reader = watch->owner;

	survivors++;
	assert_non_null(reader->peer);
	loop_fd_remove(&reader->peer->watch);
	close(reader->peer->watch.fd);
	memset(reader->peer, 0xee, sizeof(*reader->peer));
	free(reader->peer);
	reader->peer = NULL;
	loop_fd_remove(watch);
	close(watch->fd);
	free(reader);
}

static void test_fd_removes_one_ready_in_the_same_turn(void **state)
{
	struct reader *a = malloc(sizeof(*a)), *b = malloc(sizeof(*b));

	survivors = 0;
	init_reader(a, on_ready_free_peer);
	init_reader(b, on_ready_free_peer);
	a->peer = b;
	b->peer = a;
	assert_int_equal(loop_fd_add(*state, &a->watch), 0);
	assert_int_equal(loop_fd_add(*state, &b->watch), 0);
	loop_turn(*state, 0);
	assert_int_equal(survivors, 1);
	loop_turn(*state, 0);
	assert_int_equal(survivors, 1);
}

/* Removes the peer and adds it again at once: its old event must not be delivered to the new
 * registration. */
static void on_ready_replace_peer(struct loop_fd *watch, uint32_t events)
{
	struct reader *reader = watch->owner, *peer = reader->peer;
	struct loop *loop = watch->loop;

	reader->calls++;
	if (reader->calls + peer->calls > 1)
		return;
	loop_fd_remove(&peer->watch);
	close(peer->watch.fd);
	peer->watch.fd =
		eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); /* probably the same number, not readable */
	assert_int_equal(loop_fd_add(loop, &peer->watch), 0);
}

static void test_fd_replaced_in_the_same_turn(void **state)
{
	struct reader a, b;

	init_reader(&a, on_ready_replace_peer);
	init_reader(&b, on_ready_replace_peer);
	a.peer = &b;
	b.peer = &a;
	assert_int_equal(loop_fd_add(*state, &a.watch), 0);
	assert_int_equal(loop_fd_add(*state, &b.watch), 0);
	loop_turn(*state, 0);
	assert_int_equal(a.calls + b.calls, 1);
	loop_fd_remove(&a.watch);
	loop_fd_remove(&b.watch);
	close(a.watch.fd);
	close(b.watch.fd);
}

static void on_ready_mute_peer(struct loop_fd *watch, uint32_t events)
{
	struct reader *reader = watch->owner;

	reader->calls++;
	assert_int_equal(loop_fd_change(&reader->peer->watch, 0), 0);
}

static void test_fd_muted_in_the_same_turn(void **state)
{
	struct reader a, b;

	init_reader(&a, on_ready_mute_peer);
	init_reader(&b, on_ready_mute_peer);
	a.peer = &b;
	b.peer = &a;
	assert_int_equal(loop_fd_add(*state, &a.watch), 0);
	assert_int_equal(loop_fd_add(*state, &b.watch), 0);
	loop_turn(*state, 0);
	assert_int_equal(a.calls + b.calls, 1);
	loop_fd_remove(&a.watch);
	loop_fd_remove(&b.watch);
	close(a.watch.fd);
	close(b.watch.fd);
}

static void on_ready_clear_timer(struct loop_fd *watch, uint32_t events)
{
	struct reader *reader = watch->owner;

	reader->calls++;
	loop_timer_clear(reader->timer);
}

static void test_fd_clears_a_timer_of_the_same_turn(void **state)
{
	struct ticker *ticker = new_ticker(1);
	struct reader reader;

	fired_count = 0;
	init_reader(&reader, on_ready_clear_timer);
	reader.timer = &ticker->timer;
	loop_timer_set(*state, &ticker->timer, 0);
	assert_int_equal(loop_fd_add(*state, &reader.watch), 0);
	loop_turn(*state, 0);
	assert_int_equal(reader.calls, 1);
	assert_int_equal(fired_count, 0);
	loop_fd_remove(&reader.watch);
	close(reader.watch.fd);
	free(ticker);
}

/* More ready descriptors than one epoll batch holds: all get their turn. */
static void test_fd_many(void **state)
{
	enum { COUNT = 200 };
	static struct reader readers[COUNT];

	for (int i = 0; i < COUNT; i++) {
		init_reader(&readers[i], on_ready);
		assert_int_equal(loop_fd_add(*state, &readers[i].watch), 0);
	}
	for (int turn = 0; turn < 8; turn++)
		loop_turn(*state, 0);
	for (int i = 0; i < COUNT; i++) {
		assert_true(readers[i].calls >= 1);
		loop_fd_remove(&readers[i].watch);
		close(readers[i].watch.fd);
	}
}

/* ---- run, stop, signals ---- */

static void on_tick_stop(struct loop_timer *timer)
{
	loop_stop(timer->owner, 7);
}

static void test_run_and_stop(void **state)
{
	struct loop_timer timer = {.on_expire = on_tick_stop, .owner = *state};

	loop_timer_set(*state, &timer, 1);
	assert_int_equal(loop_run(*state), 7);
	loop_stop(*state, 3);
	assert_int_equal(loop_run(*state), 3); /* stopped before it ran */
	loop_timer_set(*state, &timer, 1);
	assert_int_equal(loop_run(*state), 7); /* and can run again */
}

static int signals_seen[64];

static void on_signal(int signo, void *arg)
{
	assert_ptr_equal(arg, signals_seen);
	signals_seen[signo]++;
}

static void test_signals(void **state)
{
	struct err err = {""};

	assert_int_equal(loop_signal(*state, SIGUSR1, on_signal, signals_seen, &err), 0);
	assert_int_equal(loop_signal(*state, SIGUSR2, on_signal, signals_seen, &err), 0);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR2);
	loop_turn(*state, 100);
	assert_int_equal(signals_seen[SIGUSR1], 1);
	assert_int_equal(signals_seen[SIGUSR2], 1);
	kill(getpid(), SIGUSR2);
	loop_turn(*state, 100);
	assert_int_equal(signals_seen[SIGUSR2], 2);
	assert_int_equal(loop_signal(*state, SIGKILL, on_signal, NULL, &err), -EINVAL);
	assert_string_equal(err.text, "signal 9 can't be watched");
	assert_int_equal(loop_signal(*state, 0, on_signal, NULL, NULL), -EINVAL);
	assert_int_equal(loop_signal(*state, 1000, on_signal, NULL, NULL), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, new_loop, free_loop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_timers_in_order),
		TEST(test_timers_heap),
		TEST(test_timer_removes_one_due_in_the_same_turn),
		TEST(test_timer_frees_itself),
		TEST(test_timer_rearmed_with_zero_waits_a_turn),
		TEST(test_timer_postpones_one_due_in_the_same_turn),
		TEST(test_timer_wakes_the_loop),
		cmocka_unit_test(test_free_disarms_timers),
		TEST(test_fd_level_triggered),
		TEST(test_fd_refused),
		TEST(test_fd_hangup_without_asking),
		TEST(test_fd_removes_one_ready_in_the_same_turn),
		TEST(test_fd_replaced_in_the_same_turn),
		TEST(test_fd_muted_in_the_same_turn),
		TEST(test_fd_clears_a_timer_of_the_same_turn),
		TEST(test_fd_many),
		TEST(test_run_and_stop),
		TEST(test_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
