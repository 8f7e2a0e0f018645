/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event loop: descriptors (epoll, level triggered), timers (monotonic milliseconds, a binary
 * heap: ten thousand of them are fine), signals (signalfd). One thread. Watchers are embedded in
 * their owner and zero is "not in the loop"; a callback may remove any watcher, its own included,
 * and free its owner.
 */
#ifndef LEAT_BASE_LOOP_H
#define LEAT_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "err.h"

struct loop;

struct loop_fd {
	int fd; /* borrowed: the owner closes it after loop_fd_remove() */
	uint32_t events;
	void (*on_event)(struct loop_fd *watch,
			 uint32_t events); /* EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR bits */
	void *owner;
	struct loop *loop; /* NULL: not in a loop; managed by loop.c */
};

struct loop_timer {
	void (*on_expire)(struct loop_timer *timer);
	void *owner;
	struct loop *loop; /* NULL: not armed; managed by loop.c */
	uint64_t due_ms;   /* monotonic */
	uint32_t heap_slot;
};

__must_check int loop_new(struct loop **loop, struct err *err);
/* NULL is fine. Disarms what timers are left; descriptors must have been removed by their owners.
 * Signals stay blocked. */
void loop_free(struct loop *loop);

/* Runs until loop_stop(); returns the value given there. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop, int value);
/* One turn that waits at most wait_ms (-1: until something happens): for tests. */
void loop_turn(struct loop *loop, int wait_ms);

/* 0 or -errno of epoll_ctl. Adding a watcher twice is a bug (abort). */
__must_check int loop_fd_add(struct loop *loop, struct loop_fd *watch);
int loop_fd_change(struct loop_fd *watch, uint32_t events);
void loop_fd_remove(struct loop_fd *watch); /* harmless when not in a loop */

/* Arms or re-arms. delay_ms 0: on the next turn. One shot. */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t delay_ms);
void loop_timer_clear(struct loop_timer *timer); /* harmless when not armed */

/* Blocks signo for the process (a child must unblock it before it executes another program) and
 * calls on_signal in the loop. */
__must_check int loop_signal(struct loop *loop, int signo, void (*on_signal)(int signo, void *arg),
			     void *arg, struct err *err);

#endif
