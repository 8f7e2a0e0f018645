/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Long-lived TCP connections to lab-server: opens N, then each sends a sequence number every interval and expects it back.
 *     lab-streams --to ADDR --port N --from FIRST --sources K --count N [--interval-ms 100] [--seconds S]
 * Runs until --seconds are over or SIGTERM/SIGINT. Prints `open N` and `from NAME N` … once all are open (then flushes, so that
 * a script can wait for it), at the end: `sent`, `echoed`, `wrong` (bytes that are not the expected ones), `reset`, `closed`, `failed` (never opened),
 * `stalled` (no echo for 3 s), `broken_of NAME N` …. Exit 0 when no connection broke.
 */
#include "lab.h"

#include <signal.h>
#include <sys/resource.h>

struct stream {
	int fd;
	char name[32];
	bool is_greeted, is_broken;
	uint32_t sent, echoed;
	size_t in_len;
	unsigned char in[64];
	uint64_t last_echo_ns;
};

static struct stream *streams;
static unsigned count = 100, opened, failed, resets, closed, wrong, stalled;
static unsigned long sent, echoed;
static struct lab_tally names, broken;
static volatile sig_atomic_t is_over;

static void on_signal(int signo)
{
	is_over = 1;
}

static void break_stream(struct stream *s, unsigned *why)
{
	(*why)++;
	s->is_broken = true;
	lab_tally_add(&broken, s->is_greeted ? s->name : "?");
	close(s->fd);
}

static void open_all(int epoll, const struct lab_address *to, const struct lab_address *from, unsigned sources)
{
	unsigned i;

	for (i = 0; i < count; i++) {
		struct stream *s = &streams[i];
		struct lab_address source = lab_source(from, sources, i);
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = s };
		int on = 1;

		s->fd = socket(to->sockaddr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (s->fd < 0)
			lab_die("socket");
		setsockopt(s->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
		setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (from->len && bind(s->fd, (const struct sockaddr *)&source.sockaddr, source.len))
			lab_die("bind: is the source prefix local to this host?");
		if (connect(s->fd, (const struct sockaddr *)&to->sockaddr, to->len)) {
			break_stream(s, &failed);
			continue;
		}
		s->last_echo_ns = lab_now_ns();
		epoll_ctl(epoll, EPOLL_CTL_ADD, s->fd, &event);
	}
}

static void take_greeting(struct stream *s)
{
	unsigned char *end = memchr(s->in, '\n', s->in_len);

	if (!end)
		return;
	lab_first_word((char *)s->in, (size_t)(end - s->in), s->name, sizeof(s->name));
	s->is_greeted = true;
	s->in_len -= (size_t)(end + 1 - s->in);
	memmove(s->in, end + 1, s->in_len);
	lab_tally_add(&names, s->name);
	opened++;
}

static void take_echoes(struct stream *s)
{
	uint32_t number;

	while (s->in_len >= sizeof(number)) {
		memcpy(&number, s->in, sizeof(number));
		s->in_len -= sizeof(number);
		memmove(s->in, s->in + sizeof(number), s->in_len);
		if (number != s->echoed)
			wrong++;
		s->echoed++;
		echoed++;
		s->last_echo_ns = lab_now_ns();
	}
}

static void on_readable(struct stream *s)
{
	ssize_t n = recv(s->fd, s->in + s->in_len, sizeof(s->in) - s->in_len, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		break_stream(s, n ? &resets : &closed);
		return;
	}
	s->in_len += (size_t)n;
	if (!s->is_greeted)
		take_greeting(s);
	if (s->is_greeted)
		take_echoes(s);
}

static void poll_for(int epoll, int wait_ms)
{
	struct epoll_event events[256];
	uint64_t now = lab_now_ns(), until = now + (uint64_t)wait_ms * 1000000;
	int i, n;

	do {
		n = epoll_wait(epoll, events, 256, (int)((until - now + 999999) / 1000000));
		for (i = 0; i < n; i++)
			if (!((struct stream *)events[i].data.ptr)->is_broken)
				on_readable(events[i].data.ptr);
		now = lab_now_ns();
	} while (now < until && !is_over);
}

static void send_all(void)
{
	unsigned i;

	for (i = 0; i < count; i++) {
		struct stream *s = &streams[i];

		if (s->is_broken || !s->is_greeted)
			continue;
		if (send(s->fd, &s->sent, sizeof(s->sent), MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(s->sent)) {
			s->sent++;
			sent++;
		} else if (errno != EAGAIN) {
			break_stream(s, &resets);
		}
	}
}

static void find_stalled(void)
{
	unsigned i;

	for (i = 0; i < count; i++)
		if (!streams[i].is_broken && streams[i].echoed < streams[i].sent)
			break_stream(&streams[i], &stalled);
}

static void report(void)
{
	int i;

	printf("sent %lu\nechoed %lu\nwrong %u\nreset %u\nclosed %u\nfailed %u\nstalled %u\n", sent, echoed, wrong, resets, closed, failed,
	       stalled);
	for (i = 0; i < broken.used; i++)
		printf("broken_of %s %lu\n", broken.names[i], broken.counts[i]);
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "to", 1, 0, 't' },	 { "port", 1, 0, 'p' },	       { "from", 1, 0, 'f' },	 { "sources", 1, 0, 's' },
						 { "count", 1, 0, 'n' }, { "interval-ms", 1, 0, 'i' }, { "seconds", 1, 0, 'S' }, { 0 } };
	const char *host = NULL, *port = "9000", *first = NULL;
	struct lab_address to, from = { .len = 0 };
	struct rlimit files = { 65536, 65536 };
	unsigned sources = 1, interval_ms = 100, seconds = 0;
	int option, epoll, tries;
	uint64_t end_ns;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 't': host = optarg; break;
		case 'p': port = optarg; break;
		case 'f': first = optarg; break;
		case 's': sources = (unsigned)atoi(optarg); break;
		case 'n': count = (unsigned)atoi(optarg); break;
		case 'i': interval_ms = (unsigned)atoi(optarg); break;
		case 'S': seconds = (unsigned)atoi(optarg); break;
		default: return 2;
		}
	}
	if (!host)
		return 2;
	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	to = lab_resolve(host, port, SOCK_STREAM);
	if (first)
		from = lab_resolve(first, "0", SOCK_STREAM);
	streams = calloc(count, sizeof(*streams));
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!streams || epoll < 0)
		lab_die("start");
	open_all(epoll, &to, &from, sources);
	for (tries = 0; tries < 50 && opened + failed < count; tries++)
		poll_for(epoll, 100);
	printf("open %u\n", opened);
	lab_tally_print(&names);
	fflush(stdout);
	end_ns = seconds ? lab_now_ns() + seconds * 1000000000ull : UINT64_MAX;
	while (!is_over && lab_now_ns() < end_ns) {
		send_all();
		poll_for(epoll, (int)interval_ms);
	}
	is_over = 0;
	for (tries = 0; tries < 30 && !is_over && echoed < sent; tries++)
		poll_for(epoll, 100);
	find_stalled();
	report();
	return opened != count || resets || closed || failed || wrong || stalled;
}
