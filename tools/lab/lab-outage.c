/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long flows were without an answer: sets of UDP and TCP flows to lab-server, each of which sends a number every interval and waits for nothing.
 *     lab-outage [--interval-ms 20] --flows NAME,tcp|udp,ADDR,PORT,FIRST,COUNT [--flows ...]... [--seconds S]
 * FIRST: the first of COUNT source addresses. Runs until --seconds are over or SIGTERM. Prints `ready` once every flow had an answer. On SIGUSR1, and at
 * the end, one line a set about the time since the last one, then `mark`:
 *     NAME outage_ms N flows N alive N broken N wrong N
 * outage_ms: the longest time that any flow was without an answer; alive: flows that had one in the last 500 ms; broken: TCP connections that ended (they
 * are opened anew at once); wrong: TCP bytes that were not the ones sent. All lines are flushed.
 */
#include "lab.h"

#include <signal.h>

#define SETS_MAX   16
#define ALIVE_NS   500000000ull
#define RECONNECT_NS 100000000ull

struct set {
	char name[32];
	bool is_tcp;
	struct lab_address to, from;
	unsigned count, broken, wrong;
	struct flow *flows;
};

struct flow {
	struct set *set;
	unsigned number;
	int fd;
	bool is_greeted;
	unsigned char sent, echoed;
	uint64_t closed_ns;	 /* 0: open */
	uint64_t last_ns;	 /* answer; 0: none yet */
	uint64_t longest_ns;	 /* since the mark */
};

static struct set sets[SETS_MAX];
static unsigned set_count, interval_ms = 20, seconds;
static volatile sig_atomic_t is_over, is_marked;
static int epoll;

static void on_signal(int signo)
{
	if (signo == SIGUSR1)
		is_marked = 1;
	else
		is_over = 1;
}

static void open_flow(struct flow *f)
{
	const struct set *set = f->set;
	struct lab_address source = lab_source(&set->from, set->count, f->number);
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = f };
	int type = set->is_tcp ? SOCK_STREAM : SOCK_DGRAM, on = 1;

	f->fd = socket(set->to.sockaddr.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (f->fd < 0)
		lab_die("socket");
	if (set->is_tcp)
		setsockopt(f->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(f->fd, (const struct sockaddr *)&source.sockaddr, source.len))
		lab_die("bind: is the source prefix local to this host?");
	if (connect(f->fd, (const struct sockaddr *)&set->to.sockaddr, set->to.len) && errno != EINPROGRESS)
		f->closed_ns = lab_now_ns();
	else
		f->closed_ns = 0;
	f->is_greeted = !set->is_tcp;
	f->sent = f->echoed = 0;
	epoll_ctl(epoll, EPOLL_CTL_ADD, f->fd, &event);
}

static void break_flow(struct flow *f)
{
	if (!f->set->is_tcp)
		return; /* an ICMP error: the next datagram tries again */
	f->set->broken++;
	close(f->fd);
	f->fd = -1;
	f->closed_ns = lab_now_ns();
}

static void note_answer(struct flow *f)
{
	uint64_t now = lab_now_ns();

	if (f->last_ns && now - f->last_ns > f->longest_ns)
		f->longest_ns = now - f->last_ns;
	f->last_ns = now;
}

static void take_bytes(struct flow *f, const unsigned char *bytes, ssize_t len)
{
	for (ssize_t i = 0; i < len; i++) {
		if (!f->is_greeted) {
			f->is_greeted = bytes[i] == '\n';
			continue;
		}
		f->set->wrong += bytes[i] != f->echoed;
		f->echoed++;
	}
}

static void on_readable(struct flow *f)
{
	unsigned char bytes[2048];
	ssize_t len;

	while (f->fd >= 0 && (len = recv(f->fd, bytes, sizeof(bytes), 0)) != -1) {
		if (len == 0) {
			break_flow(f);
			return;
		}
		note_answer(f);
		if (f->set->is_tcp)
			take_bytes(f, bytes, len);
	}
	if (f->fd >= 0 && errno != EAGAIN)
		break_flow(f);
}

static void send_one(struct flow *f)
{
	if (f->fd < 0 || f->closed_ns) {
		if (lab_now_ns() - f->closed_ns < RECONNECT_NS)
			return;
		if (f->fd >= 0)
			close(f->fd);
		open_flow(f);
		return;
	}
	if (!f->set->is_tcp)
		send(f->fd, "x", 1, MSG_NOSIGNAL);
	else if (f->is_greeted && send(f->fd, &f->sent, 1, MSG_NOSIGNAL) == 1)
		f->sent++;
}

static void send_all(void)
{
	for (unsigned s = 0; s < set_count; s++)
		for (unsigned i = 0; i < sets[s].count; i++)
			send_one(&sets[s].flows[i]);
}

static bool is_ready(void)
{
	for (unsigned s = 0; s < set_count; s++)
		for (unsigned i = 0; i < sets[s].count; i++)
			if (!sets[s].flows[i].last_ns)
				return false;
	return true;
}

static void report_set(struct set *set, uint64_t now)
{
	uint64_t longest = 0;
	unsigned alive = 0;

	for (unsigned i = 0; i < set->count; i++) {
		struct flow *f = &set->flows[i];
		uint64_t since = now - f->last_ns;

		if (since > f->longest_ns)
			f->longest_ns = since;
		longest = f->longest_ns > longest ? f->longest_ns : longest;
		alive += since < ALIVE_NS;
		f->longest_ns = 0;
	}
	printf("%s outage_ms %llu flows %u alive %u broken %u wrong %u\n", set->name, (unsigned long long)(longest / 1000000), set->count, alive,
	       set->broken, set->wrong);
	set->broken = 0;
}

static void report(void)
{
	uint64_t now = lab_now_ns();

	is_marked = 0;
	for (unsigned s = 0; s < set_count; s++)
		report_set(&sets[s], now);
	printf("mark\n");
	fflush(stdout);
}

static void run(void)
{
	uint64_t start = lab_now_ns(), next = start, now;
	struct epoll_event events[256];
	bool was_ready = false;

	while (!is_over && (!seconds || lab_now_ns() - start < seconds * 1000000000ull)) {
		now = lab_now_ns();
		if (now >= next) {
			send_all();
			next = now + interval_ms * 1000000ull;
		}
		int n = epoll_wait(epoll, events, 256, 1 + (int)((next - now) / 2000000));

		for (int i = 0; i < n; i++)
			on_readable(events[i].data.ptr);
		if (!was_ready && (was_ready = is_ready())) {
			printf("ready\n");
			fflush(stdout);
		}
		if (is_marked)
			report();
	}
	report();
}

static void add_set(char *text)
{
	struct set *set = &sets[set_count];
	char *words[6], *rest = text;

	for (int i = 0; i < 6; i++)
		if (!(words[i] = strsep(&rest, ",")) || set_count == SETS_MAX) {
			fprintf(stderr, "lab-outage: --flows NAME,tcp|udp,ADDR,PORT,FIRST,COUNT\n");
			exit(2);
		}
	snprintf(set->name, sizeof(set->name), "%s", words[0]);
	set->is_tcp = !strcmp(words[1], "tcp");
	set->to = lab_resolve(words[2], words[3], set->is_tcp ? SOCK_STREAM : SOCK_DGRAM);
	set->from = lab_resolve(words[4], "0", SOCK_STREAM);
	set->count = (unsigned)atoi(words[5]);
	set->flows = calloc(set->count, sizeof(*set->flows));
	if (!set->flows)
		lab_die("start");
	set_count++;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "flows", 1, 0, 'f' }, { "interval-ms", 1, 0, 'i' }, { "seconds", 1, 0, 'S' }, { 0 } };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'f': add_set(optarg); break;
		case 'i': interval_ms = (unsigned)atoi(optarg); break;
		case 'S': seconds = (unsigned)atoi(optarg); break;
		default: return 2;
		}
	}
	if (!set_count || !interval_ms)
		return 2;
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	signal(SIGUSR1, on_signal);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	for (unsigned s = 0; s < set_count; s++)
		for (unsigned i = 0; i < sets[s].count; i++) {
			sets[s].flows[i].set = &sets[s];
			sets[s].flows[i].number = i;
			open_flow(&sets[s].flows[i]);
		}
	run();
	return 0;
}
