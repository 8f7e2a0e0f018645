/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A target that says who it is, over TCP and UDP, IPv4 and IPv6, on one port.
 *     lab-server --name t1 --port 9000 [--silent-tcp]
 * TCP: greets with "NAME\n", then echoes what it gets. UDP: answers "NAME " + the datagram. Ends on SIGTERM.
 */
#include "lab.h"

#include <fcntl.h>
#include <sys/resource.h>

#define BATCH 64

static const char *name = "target";

static int listener_open(int type, int port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = in6addr_any };
	int fd = socket(AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, off = 0, room = 8 << 20;

	if (fd < 0)
		lab_die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	/* A DSR target answers from the address the client called, so ask for it with every datagram. */
	setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)))
		lab_die("bind");
	if (type == SOCK_STREAM && listen(fd, 4096))
		lab_die("listen");
	return fd;
}

static void watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		lab_die("epoll_ctl");
}

static void accept_all(int epoll, int listener)
{
	char greeting[40];
	int fd, on = 1, len = snprintf(greeting, sizeof(greeting), "%s\n", name);

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (write(fd, greeting, (size_t)len) == len)
			watch(epoll, fd);
		else
			close(fd);
	}
}

static void echo_stream(int fd)
{
	char bytes[16384];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0 || write(fd, bytes, (size_t)n) != n)
		close(fd);
}

/* Answers one datagram from the address it came to. */
static bool echo_datagram(int fd)
{
	char in[2048], out[2200];
	union {
		char space[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct in_pktinfo))];
		struct cmsghdr align;
	} control;
	struct sockaddr_in6 peer;
	struct iovec iov = { .iov_base = in, .iov_len = sizeof(in) };
	struct msghdr msg = { .msg_name = &peer, .msg_namelen = sizeof(peer), .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = control.space, .msg_controllen = sizeof(control.space) };
	ssize_t n = recvmsg(fd, &msg, 0);
	struct cmsghdr *c;
	int len;

	if (n < 0)
		return false;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
			((struct in6_pktinfo *)(void *)CMSG_DATA(c))->ipi6_ifindex = 0;
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
			((struct in_pktinfo *)(void *)CMSG_DATA(c))->ipi_ifindex = 0;
	}
	len = snprintf(out, sizeof(out), "%s ", name);
	memcpy(out + len, in, (size_t)n);
	iov.iov_base = out;
	iov.iov_len = (size_t)(len + n);
	if (sendmsg(fd, &msg, 0) < 0 && errno != EAGAIN)
		return errno != EBADF;
	return true;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "name", 1, 0, 'n' }, { "port", 1, 0, 'p' }, { 0 } };
	struct epoll_event events[BATCH];
	struct rlimit files = { 65536, 65536 };
	int port = 9000, option, i, n, turns;

	while ((option = getopt_long(argc, argv, "n:p:", options, NULL)) != -1) {
		if (option == 'n')
			name = optarg;
		else if (option == 'p')
			port = atoi(optarg);
		else
			return 2;
	}
	setrlimit(RLIMIT_NOFILE, &files);
	int epoll = epoll_create1(EPOLL_CLOEXEC), tcp = listener_open(SOCK_STREAM, port), udp = listener_open(SOCK_DGRAM, port);

	watch(epoll, tcp);
	watch(epoll, udp);
	for (;;) {
		n = epoll_wait(epoll, events, BATCH, -1);
		for (i = 0; i < n; i++) {
			if (events[i].data.fd == tcp)
				accept_all(epoll, tcp);
			else if (events[i].data.fd == udp)
				for (turns = 0; turns < 256 && echo_datagram(udp); turns++)
					;
			else
				echo_stream(events[i].data.fd);
		}
	}
}
