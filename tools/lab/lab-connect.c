/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many short connections: connect, (optionally) ask over HTTP, read who answers, close.
 *     lab-connect --to ADDR --port N --from FIRST --sources K --count N [--concurrency C] [--rate R] [--http PATH] [--timeout-ms T] [--seconds S]
 * Prints: `ok N`, `failed N`, `refused|reset|timeout|closed|other N`, `from NAME N` …, `first_failure_ms`, `last_failure_ms`,
 * `last_from NAME MS` (when the last good answer of each name began), `took_ms`. Times count from the program's start. Exit 0 when all succeeded, 1 else.
 * A connection is refused/reset/… by the error it ended with; --timeout-ms bounds each (default 3000).
 */
#include "lab.h"

#include <sys/resource.h>

struct connection {
	int fd;
	uint64_t began_ns;
	bool sent;
	char text[256];
	size_t len;
};

static struct lab_address to, from;
static unsigned sources = 1, count = 1000, concurrency = 64, rate, timeout_ms = 3000, seconds;
static const char *http;
static struct connection *slots;
static struct lab_tally tally;
static uint64_t last_from_ns[LAB_NAMES_MAX];
static unsigned started, running, ok, failed, refused, resets, timeouts, closed, other;
static uint64_t start_ns, first_failure_ns, last_failure_ns;

static void note_failure(struct connection *c, int error)
{
	failed++;
	if (!first_failure_ns)
		first_failure_ns = c->began_ns;
	last_failure_ns = c->began_ns;
	if (error == ECONNREFUSED)
		refused++;
	else if (error == ECONNRESET || error == EPIPE)
		resets++;
	else if (error == ETIMEDOUT)
		timeouts++;
	else if (error == 0)
		closed++;
	else
		other++;
}

static void note_success(struct connection *c, const char *name)
{
	int i;

	ok++;
	lab_tally_add(&tally, name);
	for (i = 0; i < tally.used; i++)
		if (!strcmp(tally.names[i], name) && c->began_ns > last_from_ns[i])
			last_from_ns[i] = c->began_ns;
}

static void finish(struct connection *c)
{
	struct linger now = { 1, 0 };

	/* With a reset: no TIME_WAIT keeps the source port, and the flow table learns that it is over. */
	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(c->fd);
	c->fd = -1;
	running--;
}

static void begin(int epoll, struct connection *c)
{
	struct lab_address source = lab_source(&from, sources, started);
	struct epoll_event event = { .events = EPOLLOUT, .data.ptr = c };
	int on = 1;

	c->fd = socket(to.sockaddr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		lab_die("socket");
	started++;
	running++;
	c->began_ns = lab_now_ns();
	c->sent = false;
	c->len = 0;
	setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	setsockopt(c->fd, SOL_IP, IP_FREEBIND, &on, sizeof(on));
	if (from.len && bind(c->fd, (struct sockaddr *)&source.sockaddr, source.len))
		lab_die("bind: is the source prefix local to this host?");
	if (connect(c->fd, (struct sockaddr *)&to.sockaddr, to.len) && errno != EINPROGRESS) {
		note_failure(c, errno);
		finish(c);
		return;
	}
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event))
		lab_die("epoll_ctl");
}

static int socket_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return error;
}

static void on_connected(int epoll, struct connection *c)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
	char request[300];
	int error = socket_error(c->fd), len;

	if (error) {
		note_failure(c, error);
		finish(c);
		return;
	}
	c->sent = true;
	if (http) {
		len = snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\nHost: lab\r\n\r\n", http);
		if (write(c->fd, request, (size_t)len) != len) {
			note_failure(c, errno);
			finish(c);
			return;
		}
	}
	epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
}

/* The name is the first line of the body (HTTP) or of the greeting. */
static const char *answer_name(struct connection *c)
{
	char *body = c->text;

	c->text[c->len] = '\0';
	if (http) {
		body = strstr(c->text, "\r\n\r\n");
		if (!body)
			return NULL;
		body += 4;
	}
	return strchr(body, '\n') ? body : NULL;
}

static void on_readable(struct connection *c)
{
	ssize_t n = read(c->fd, c->text + c->len, sizeof(c->text) - 1 - c->len);
	const char *answer;
	char word[32];

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		note_failure(c, n ? errno : 0);
		finish(c);
		return;
	}
	c->len += (size_t)n;
	answer = answer_name(c);
	if (!answer && c->len + 1 < sizeof(c->text))
		return;
	if (!answer) {
		note_failure(c, EPROTO);
	} else {
		lab_first_word(answer, strlen(answer), word, sizeof(word));
		note_success(c, word);
	}
	finish(c);
}

static void expire(void)
{
	uint64_t now = lab_now_ns();
	unsigned i;

	for (i = 0; i < concurrency; i++) {
		if (slots[i].fd < 0 || now - slots[i].began_ns < timeout_ms * 1000000ull)
			continue;
		note_failure(&slots[i], ETIMEDOUT);
		finish(&slots[i]);
	}
}

static bool may_begin(void)
{
	uint64_t elapsed_ns = lab_now_ns() - start_ns;

	if (seconds ? elapsed_ns >= seconds * 1000000000ull : started >= count)
		return false;
	return !rate || (double)started < (double)elapsed_ns / 1e9 * rate;
}

static bool is_done(void)
{
	return seconds ? lab_now_ns() - start_ns >= seconds * 1000000000ull : started >= count;
}

static void run(void)
{
	struct epoll_event events[256];
	int epoll = epoll_create1(EPOLL_CLOEXEC), i, n;
	uint64_t expired_ns = 0;
	unsigned slot;

	while (running || !is_done()) {
		for (slot = 0; slot < concurrency && may_begin(); slot++)
			if (slots[slot].fd < 0)
				begin(epoll, &slots[slot]);
		n = epoll_wait(epoll, events, 256, 1);
		for (i = 0; i < n; i++) {
			struct connection *c = events[i].data.ptr;

			if (c->fd < 0)
				continue;
			if (c->sent)
				on_readable(c);
			else
				on_connected(epoll, c);
		}
		if (lab_now_ns() - expired_ns > 20000000) {
			expire();
			expired_ns = lab_now_ns();
		}
	}
	close(epoll);
}

static long since_start_ms(uint64_t ns)
{
	return ns ? (long)((ns - start_ns) / 1000000) : -1;
}

static void report(void)
{
	int i;

	printf("ok %u\nfailed %u\nrefused %u\nreset %u\ntimeout %u\nclosed %u\nother %u\n", ok, failed, refused, resets, timeouts, closed,
	       other);
	printf("first_failure_ms %ld\nlast_failure_ms %ld\n", since_start_ms(first_failure_ns), since_start_ms(last_failure_ns));
	lab_tally_print(&tally);
	for (i = 0; i < tally.used; i++)
		printf("last_from %s %ld\n", tally.names[i], since_start_ms(last_from_ns[i]));
	printf("took_ms %ld\n", since_start_ms(lab_now_ns()));
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "to", 1, 0, 't' },	   { "port", 1, 0, 'p' },   { "from", 1, 0, 'f' },
						 { "sources", 1, 0, 's' }, { "count", 1, 0, 'n' },  { "concurrency", 1, 0, 'c' },
						 { "rate", 1, 0, 'r' },	   { "http", 1, 0, 'h' },   { "timeout-ms", 1, 0, 'T' },
						 { "seconds", 1, 0, 'S' }, { 0 } };
	const char *host = NULL, *port = "80", *first = NULL;
	struct rlimit files = { 65536, 65536 };
	int option;
	unsigned i;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 't': host = optarg; break;
		case 'p': port = optarg; break;
		case 'f': first = optarg; break;
		case 's': sources = (unsigned)atoi(optarg); break;
		case 'n': count = (unsigned)atoi(optarg); break;
		case 'c': concurrency = (unsigned)atoi(optarg); break;
		case 'r': rate = (unsigned)atoi(optarg); break;
		case 'h': http = optarg; break;
		case 'T': timeout_ms = (unsigned)atoi(optarg); break;
		case 'S': seconds = (unsigned)atoi(optarg); break;
		default: return 2;
		}
	}
	if (!host || !concurrency) {
		fprintf(stderr, "usage: lab-connect --to ADDR --port N [--from FIRST --sources K] [--count N|--seconds S] …\n");
		return 2;
	}
	setrlimit(RLIMIT_NOFILE, &files);
	to = lab_resolve(host, port, SOCK_STREAM);
	if (first)
		from = lab_resolve(first, "0", SOCK_STREAM);
	slots = calloc(concurrency, sizeof(*slots));
	for (i = 0; slots && i < concurrency; i++)
		slots[i].fd = -1;
	start_ns = lab_now_ns();
	printf("began %.3f\n", lab_wall_s());
	run();
	report();
	return failed != 0;
}
