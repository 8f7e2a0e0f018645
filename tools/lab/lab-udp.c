/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sequence-numbered datagrams to lab-server, from many sources; every answer is checked.
 *     lab-udp --to ADDR --port N --from FIRST --sources K --sockets N [--count N|--seconds S] [--rate R]
 * One socket is one flow. Prints `sent`, `answered`, `lost`, `duplicated`, `misrouted` (a flow's answers came from more than one
 * target), `flows`, `from NAME N` … (flows by target), `datagrams_from NAME N` …. Exit 0 when nothing was lost, duplicated or misrouted.
 */
#include "lab.h"

#include <signal.h>
#include <sys/resource.h>

struct flow {
	int fd;
	char name[32];
};

static struct flow *flows;
static unsigned char *answered_by_number;
static unsigned long numbers_max, sent, answered, duplicated, misrouted;
static struct lab_tally datagrams;
static volatile sig_atomic_t is_over;

static void on_signal(int signo)
{
	is_over = 1;
}

static void open_flows(int epoll, const struct lab_address *to, const struct lab_address *from, unsigned sources, unsigned sockets)
{
	int room = 4 << 20;
	unsigned i;

	for (i = 0; i < sockets; i++) {
		struct lab_address source = lab_source(from, sources, i);
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = &flows[i] };

		flows[i].fd = socket(to->sockaddr.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (flows[i].fd < 0)
			lab_die("socket");
		setsockopt(flows[i].fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
		if (from->len && bind(flows[i].fd, (const struct sockaddr *)&source.sockaddr, source.len))
			lab_die("bind: is the source prefix local to this host?");
		if (connect(flows[i].fd, (const struct sockaddr *)&to->sockaddr, to->len))
			lab_die("connect");
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, flows[i].fd, &event))
			lab_die("epoll_ctl");
	}
}

static void take_answer(struct flow *flow, const char *text)
{
	char name[32];
	const char *number = strchr(text, ' ');
	unsigned long n = number ? strtoul(number + 1, NULL, 10) : numbers_max;

	if (n >= numbers_max)
		return;
	if (answered_by_number[n]) {
		duplicated++;
		return;
	}
	answered_by_number[n] = 1;
	answered++;
	lab_first_word(text, strlen(text), name, sizeof(name));
	lab_tally_add(&datagrams, name);
	if (!flow->name[0])
		memcpy(flow->name, name, sizeof(name));
	else if (strcmp(flow->name, name))
		misrouted++;
}

static void receive(int epoll, int wait_ms)
{
	struct epoll_event events[256];
	int i, n = epoll_wait(epoll, events, 256, wait_ms);
	char text[128];
	ssize_t len;

	for (i = 0; i < n; i++) {
		struct flow *flow = events[i].data.ptr;

		while ((len = recv(flow->fd, text, sizeof(text) - 1, 0)) > 0) {
			text[len] = '\0';
			take_answer(flow, text);
		}
	}
}

static void send_next(unsigned sockets)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%lu", sent), tries;

	for (tries = 0; tries < 1000; tries++) {
		if (send(flows[sent % sockets].fd, text, (size_t)len, 0) == len)
			break;
		if (errno != EAGAIN && errno != ENOBUFS && errno != ECONNREFUSED)
			break;
	}
	sent++;
}

static void run(int epoll, unsigned sockets, unsigned long count, unsigned seconds, unsigned rate)
{
	uint64_t start = lab_now_ns(), elapsed;

	while (!is_over) {
		elapsed = lab_now_ns() - start;
		if (seconds ? elapsed >= seconds * 1000000000ull : sent >= count)
			break;
		if (sent < numbers_max && (double)sent < (double)elapsed / 1e9 * rate)
			send_next(sockets);
		else
			receive(epoll, 1);
		if (sent % 32 == 0)
			receive(epoll, 0);
	}
	for (elapsed = 0; elapsed < 20 && answered < sent; elapsed++)
		receive(epoll, 50);
}

static void report(unsigned sockets)
{
	struct lab_tally by_flow = { .used = 0 };
	unsigned i;
	int k;

	for (i = 0; i < sockets; i++)
		if (flows[i].name[0])
			lab_tally_add(&by_flow, flows[i].name);
	printf("sent %lu\nanswered %lu\nlost %lu\nduplicated %lu\nmisrouted %lu\nflows %u\n", sent, answered, sent - answered, duplicated,
	       misrouted, sockets);
	lab_tally_print(&by_flow);
	for (k = 0; k < datagrams.used; k++)
		printf("datagrams_from %s %lu\n", datagrams.names[k], datagrams.counts[k]);
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "to", 1, 0, 't' },	   { "port", 1, 0, 'p' },  { "from", 1, 0, 'f' },    { "sources", 1, 0, 's' },
						 { "sockets", 1, 0, 'k' }, { "count", 1, 0, 'n' }, { "seconds", 1, 0, 'S' }, { "rate", 1, 0, 'r' },
						 { 0 } };
	const char *host = NULL, *port = "9000", *first = NULL;
	struct lab_address to, from = { .len = 0 };
	struct rlimit files = { 65536, 65536 };
	unsigned sources = 1, sockets = 100, seconds = 0, rate = 10000;
	unsigned long count = 10000;
	int option, epoll;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 't': host = optarg; break;
		case 'p': port = optarg; break;
		case 'f': first = optarg; break;
		case 's': sources = (unsigned)atoi(optarg); break;
		case 'k': sockets = (unsigned)atoi(optarg); break;
		case 'n': count = strtoul(optarg, NULL, 10); break;
		case 'S': seconds = (unsigned)atoi(optarg); break;
		case 'r': rate = (unsigned)atoi(optarg); break;
		default: return 2;
		}
	}
	if (!host || !sockets || !rate)
		return 2;
	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	to = lab_resolve(host, port, SOCK_DGRAM);
	if (first)
		from = lab_resolve(first, "0", SOCK_DGRAM);
	numbers_max = seconds ? (unsigned long)seconds * rate + 1 : count;
	flows = calloc(sockets, sizeof(*flows));
	answered_by_number = calloc(numbers_max, 1);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!flows || !answered_by_number || epoll < 0)
		lab_die("start");
	open_flows(epoll, &to, &from, sources, sockets);
	run(epoll, sockets, count, seconds, rate);
	report(sockets);
	return sent != answered || duplicated || misrouted;
}
