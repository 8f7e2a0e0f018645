/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event loop. A turn waits in epoll, delivers the descriptors' events, then the timers that are
 * due.
 *
 * What a turn found is kept in two arrays of the loop (batch, due) and delivered from there;
 * removing a watcher nulls its entry. That is why a callback may remove and free any watcher, also
 * one whose event is already waiting in the same turn.
 */
#include "loop.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"
#include "fd.h"

#define BATCH_MAX 64
#define SLOT_DUE  0x80000000u /* heap_slot flag: the timer is in due[], no more in the heap */

struct signal_handler {
	void (*on_signal)(int signo, void *arg);
	void *arg;
};

struct timers {
	struct loop_timer **items;
	uint32_t count, cap;
};

struct loop {
	int epoll_fd;
	bool is_stopped;
	int stop_value;

	struct epoll_event batch[BATCH_MAX]; /* data.ptr NULL: removed since, or delivered */
	int batch_count;

	struct timers heap; /* min-heap by due_ms */
	struct timers due;  /* expired in this turn, in order; NULL: cleared since */

	struct loop_fd signal_watch; /* fd -1 until the first loop_signal() */
	sigset_t signals;
	struct signal_handler handlers[_NSIG];
};

int loop_new(struct loop **loop, struct err *err)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (!l)
		abort();
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0) {
		free(l);
		return err_set_errno(err, -errno, "can't make an event loop");
	}
	l->signal_watch.fd = -1;
	sigemptyset(&l->signals);
	*loop = l;
	return 0;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	while (loop->heap.count)
		loop_timer_clear(loop->heap.items[0]);
	loop_fd_remove(&loop->signal_watch);
	fd_close(&loop->signal_watch.fd);
	fd_close(&loop->epoll_fd);
	free(loop->heap.items);
	free(loop->due.items);
	free(loop);
}

/* ---- descriptors ---- */

int loop_fd_add(struct loop *loop, struct loop_fd *watch)
{
	struct epoll_event event = {.events = watch->events, .data.ptr = watch};

	if (watch->loop)
		abort();
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) != 0)
		return -errno;
	watch->loop = loop;
	return 0;
}

int loop_fd_change(struct loop_fd *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	if (!watch->loop)
		return -ENOENT;
	if (watch->events == events)
		return 0;
	if (epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) != 0)
		return -errno;
	watch->events = events;
	return 0;
}

void loop_fd_remove(struct loop_fd *watch)
{
	struct loop *loop = watch->loop;

	if (!loop)
		return;
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	for (int i = 0; i < loop->batch_count; i++)
		if (loop->batch[i].data.ptr == watch)
			loop->batch[i].data.ptr = NULL;
	watch->loop = NULL;
}

static void deliver_events(struct loop *loop)
{
	struct loop_fd *watch;
	uint32_t events;

	for (int i = 0; i < loop->batch_count; i++) {
		watch = loop->batch[i].data.ptr;
		if (!watch)
			continue;
		/* An earlier callback of this turn may have narrowed what it wants to hear. */
		events = loop->batch[i].events & (watch->events | EPOLLERR | EPOLLHUP);
		loop->batch[i].data.ptr = NULL;
		if (events)
			watch->on_event(watch, events);
	}
	loop->batch_count = 0;
}

/* ---- timers ---- */

static void timers_reserve(struct timers *timers)
{
	if (timers->count < timers->cap)
		return;
	timers->cap = timers->cap ? timers->cap * 2 : 64;
	timers->items = realloc(timers->items, timers->cap * sizeof(*timers->items));
	if (!timers->items)
		abort();
}

static void heap_place(struct timers *heap, uint32_t slot, struct loop_timer *timer)
{
	heap->items[slot] = timer;
	timer->heap_slot = slot;
}

static void sift_up(struct timers *heap, uint32_t slot, struct loop_timer *timer)
{
	uint32_t parent;

	for (; slot > 0; slot = parent) {
		parent = (slot - 1) / 2;
		if (heap->items[parent]->due_ms <= timer->due_ms)
			break;
		heap_place(heap, slot, heap->items[parent]);
	}
	heap_place(heap, slot, timer);
}

static void sift_down(struct timers *heap, uint32_t slot, struct loop_timer *timer)
{
	uint32_t child;

	for (; (child = 2 * slot + 1) < heap->count; slot = child) {
		if (child + 1 < heap->count &&
		    heap->items[child + 1]->due_ms < heap->items[child]->due_ms)
			child++;
		if (timer->due_ms <= heap->items[child]->due_ms)
			break;
		heap_place(heap, slot, heap->items[child]);
	}
	heap_place(heap, slot, timer);
}

static void heap_remove(struct timers *heap, uint32_t slot)
{
	struct loop_timer *last = heap->items[--heap->count];

	if (slot == heap->count)
		return;
	if (slot > 0 && last->due_ms < heap->items[(slot - 1) / 2]->due_ms)
		sift_up(heap, slot, last);
	else
		sift_down(heap, slot, last);
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t delay_ms)
{
	uint64_t now = clock_mono_ms();

	loop_timer_clear(timer);
	timers_reserve(&loop->heap);
	timer->loop = loop;
	timer->due_ms = delay_ms > UINT64_MAX - now ? UINT64_MAX : now + delay_ms;
	sift_up(&loop->heap, loop->heap.count++, timer);
}

void loop_timer_clear(struct loop_timer *timer)
{
	struct loop *loop = timer->loop;

	if (!loop)
		return;
	if (timer->heap_slot & SLOT_DUE)
		loop->due.items[timer->heap_slot & ~SLOT_DUE] = NULL;
	else
		heap_remove(&loop->heap, timer->heap_slot);
	timer->loop = NULL;
}

/* First all that are due leave the heap, then they are called: a timer that arms itself with delay
 * 0 waits for the next turn. */
static void collect_due(struct loop *loop)
{
	uint64_t now = clock_mono_ms();
	struct loop_timer *timer;

	while (loop->heap.count && loop->heap.items[0]->due_ms <= now) {
		timer = loop->heap.items[0];
		heap_remove(&loop->heap, 0);
		timers_reserve(&loop->due);
		timer->heap_slot = loop->due.count | SLOT_DUE;
		loop->due.items[loop->due.count++] = timer;
	}
}

static void deliver_due(struct loop *loop)
{
	struct loop_timer *timer;

	collect_due(loop);
	for (uint32_t i = 0; i < loop->due.count; i++) {
		timer = loop->due.items[i];
		if (!timer)
			continue;
		loop_timer_clear(timer);
		timer->on_expire(timer);
	}
	loop->due.count = 0;
}

/* How long epoll may sleep: until the first timer, at most wait_ms (-1: no limit). */
static int sleep_ms(const struct loop *loop, int wait_ms)
{
	uint64_t now, left;

	if (!loop->heap.count)
		return wait_ms;
	now = clock_mono_ms();
	left = loop->heap.items[0]->due_ms > now ? loop->heap.items[0]->due_ms - now : 0;
	if (left > INT_MAX)
		left = INT_MAX;
	return wait_ms >= 0 && (uint64_t)wait_ms < left ? wait_ms : (int)left;
}

/* ---- turning ---- */

void loop_turn(struct loop *loop, int wait_ms)
{
	int count = epoll_wait(loop->epoll_fd, loop->batch, BATCH_MAX, sleep_ms(loop, wait_ms));

	if (count < 0 && errno != EINTR)
		abort(); /* only a bug: bad descriptor or pointer */
	loop->batch_count = count > 0 ? count : 0;
	deliver_events(loop);
	deliver_due(loop);
}

int loop_run(struct loop *loop)
{
	while (!loop->is_stopped)
		loop_turn(loop, -1);
	loop->is_stopped = false;
	return loop->stop_value;
}

void loop_stop(struct loop *loop, int value)
{
	loop->is_stopped = true;
	loop->stop_value = value;
}

/* ---- signals ---- */

static void on_signal_event(struct loop_fd *watch, uint32_t events)
{
	struct loop *loop = watch->owner;
	struct signalfd_siginfo info;
	struct signal_handler *handler;

	while (read(watch->fd, &info, sizeof(info)) == sizeof(info)) {
		handler = &loop->handlers[info.ssi_signo];
		handler->on_signal((int)info.ssi_signo, handler->arg);
	}
}

/* Creates the signalfd with the first signal, later ones only widen its set. */
static int watch_signals(struct loop *loop)
{
	int fd = signalfd(loop->signal_watch.fd, &loop->signals, SFD_NONBLOCK | SFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (loop->signal_watch.loop)
		return 0;
	loop->signal_watch = (struct loop_fd){
		.fd = fd, .events = EPOLLIN, .on_event = on_signal_event, .owner = loop};
	return loop_fd_add(loop, &loop->signal_watch);
}

int loop_signal(struct loop *loop, int signo, void (*on_signal)(int signo, void *arg), void *arg,
		struct err *err)
{
	sigset_t one;
	int ret;

	if (signo < 1 || signo >= _NSIG || signo == SIGKILL || signo == SIGSTOP)
		return err_set(err, -EINVAL, "signal %d can't be watched", signo);
	sigemptyset(&one);
	sigaddset(&one, signo);
	sigaddset(&loop->signals, signo);
	loop->handlers[signo] = (struct signal_handler){on_signal, arg};
	if (sigprocmask(SIG_BLOCK, &one, NULL) != 0)
		return err_set_errno(err, -errno, "can't block signal %d", signo);
	ret = watch_signals(loop);
	if (ret)
		return err_set_errno(err, ret, "can't watch signal %d", signo);
	return 0;
}
