/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small network for a test process: two network namespaces of its own, `here` with interface lb0
 * and `there` with peer0, joined by a veth pair. Nothing outside of the process sees them and they
 * vanish with it. The process is `here` unless it says otherwise.
 */
#ifndef LEAT_TESTS_NETNS_H
#define LEAT_TESTS_NETNS_H

#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/loop.h"

#define WAIT_MS 20000 /* a condition that does not come true in this time never will */

struct netns {
	int here, there;
};

/* Turns the loop until condition holds; fails the test where it is written when it never does. */
#define wait_until(loop, condition)                                 \
	do {                                                        \
		uint64_t wait_end_ = clock_mono_ms() + WAIT_MS;     \
		while (!(condition) && clock_mono_ms() < wait_end_) \
			loop_turn(loop, 20);                        \
		assert_true(condition);                             \
	} while (0)

static inline void wait_ms(struct loop *loop, unsigned ms)
{
	uint64_t end = clock_mono_ms() + ms;

	while (clock_mono_ms() < end)
		loop_turn(loop, (int)(end - clock_mono_ms()) + 1);
}

static inline void netns_enter(int fd)
{
	if (setns(fd, CLONE_NEWNET) != 0) {
		perror("setns");
		abort();
	}
}

/* Commands for ip(8), one a line, in the present namespace. Aborts when one is refused: the test
 * makes no sense then. */
static inline void __attribute__((format(printf, 1, 2))) netns_ip(const char *fmt, ...)
{
	FILE *ip = popen("ip -batch -", "w");
	va_list args;

	va_start(args, fmt);
	if (!ip || vfprintf(ip, fmt, args) < 0)
		abort();
	va_end(args);
	if (pclose(ip) != 0) {
		fprintf(stderr, "ip refused: %s\n", fmt);
		abort();
	}
}

static inline int netns_make(void)
{
	if (unshare(CLONE_NEWNET) != 0)
		return -1;
	/* Duplicate address detection would keep IPv6 addresses back for a second or two. */
	if (fd_write_file("/proc/sys/net/ipv6/conf/all/accept_dad", "0") ||
	    fd_write_file("/proc/sys/net/ipv6/conf/default/accept_dad", "0"))
		fprintf(stderr, "IPv6 duplicate address detection can't be turned off\n");
	netns_ip("link set lo up\n");
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

/* Prints why it can't be done. */
static inline bool netns_open(struct netns *ns)
{
	if (geteuid() != 0) {
		printf("SKIP: network namespaces need root\n");
		return false;
	}
	ns->there = netns_make();
	if (ns->there < 0) {
		printf("SKIP: the kernel gives no network namespace\n");
		return false;
	}
	ns->here = netns_make();
	return true;
}

static inline void netns_close(struct netns *ns)
{
	close(ns->here);
	close(ns->there);
}

static inline void netns_ip_there(const struct netns *ns, const char *commands)
{
	netns_enter(ns->there);
	netns_ip("%s", commands);
	netns_enter(ns->here);
}

/* The kernel notices a carrier with some delay; IPv6 is deaf until then. */
static inline void netns_await_up(const char *ifname)
{
	char command[64], line[512] = "";
	FILE *ip;

	snprintf(command, sizeof(command), "ip -o link show dev %s", ifname);
	for (unsigned tries = 0; tries < WAIT_MS / 10 && !strstr(line, "state UP"); tries++) {
		ip = popen(command, "r");
		if (!ip || !fgets(line, sizeof(line), ip))
			abort();
		pclose(ip);
		usleep(10000);
	}
}

/* here: lb0 10.9.0.1/24 fd09::1/64; there: peer0 10.9.0.2/24 fd09::2/64 with MAC 02:00:00:00:00:02.
 */
static inline void netns_join(const struct netns *ns)
{
	netns_ip("link add lb0 address 02:00:00:00:00:01 type veth peer name peer0 netns "
		 "/proc/%d/fd/%d\n"
		 "address add 10.9.0.1/24 dev lb0\naddress add fd09::1/64 dev lb0 nodad\nlink set "
		 "lb0 up\n",
		 getpid(), ns->there);
	netns_ip_there(ns, "link set peer0 address 02:00:00:00:00:02\n"
			   "address add 10.9.0.2/24 dev peer0\naddress add fd09::2/64 dev peer0 "
			   "nodad\nlink set peer0 up\n");
	netns_await_up("lb0");
	netns_enter(ns->there);
	netns_await_up("peer0");
	netns_enter(ns->here);
}

#endif
