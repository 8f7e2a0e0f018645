/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A server that wants a PROXY header (version 2) and speaks first, and clients that check every byte.
 *     lab-proxy --serve PORT [--waits]
 *     lab-proxy --to ADDR --port N --from FIRST --sources K --count N [--concurrency C] [--up BYTES] [--down BYTES] [--asks] [--timeout-ms T]
 * A connection: the header; the server says who the client is ("ADDRESS PORT\n") before it has read anything else, with --waits after the request;
 * the client's request of 16 bytes and BYTES up; the server's byte of judgement ('y': all as they should be); BYTES down. The bytes are a pattern that
 * depends on the client's port and the place. With --asks the client does not wait for the greeting before its request.
 * Health checks (command LOCAL) are let go. The server prints nothing; what is wrong with a header it says in the greeting's place ("bad …").
 * Prints: `ok N`, `failed N`, `wrong_address N`, `wrong_bytes N`, `took_ms`, and for the first failures why. Exit 0 when all succeeded, 1 else.
 */
#include "lab.h"

#include <signal.h>
#include <sys/wait.h>

#define HEADER_START 16
#define HEADER_MAX   (HEADER_START + 512)
#define REQUEST	     16
#define CHUNK	     16384

static const unsigned char signature[12] = "\r\n\r\n\0\r\nQUIT\n";

enum outcome { OUTCOME_OK, OUTCOME_FAILED, OUTCOME_ADDRESS, OUTCOME_BYTES, OUTCOMES };

static struct lab_address to, from;
static unsigned sources = 1, count = 1, concurrency = 16, timeout_ms = 20000;
static uint64_t up, down;
static bool asks, waits;

/* ---- bytes ---- */

static unsigned char pattern(uint16_t port, uint64_t at, unsigned char way)
{
	uint64_t x = (at / 7 + 1) * 0x9e3779b97f4a7c15u ^ port;

	return (unsigned char)(x >> 32 ^ x >> 11 ^ at ^ way);
}

static bool read_all(int fd, void *bytes, size_t n)
{
	size_t got = 0;
	ssize_t one;

	while (got < n) {
		one = recv(fd, (char *)bytes + got, n - got, 0);
		if (one <= 0)
			return false;
		got += (size_t)one;
	}
	return true;
}

static bool write_all(int fd, const void *bytes, size_t n)
{
	size_t sent = 0;
	ssize_t one;

	while (sent < n) {
		one = send(fd, (const char *)bytes + sent, n - sent, MSG_NOSIGNAL);
		if (one <= 0)
			return false;
		sent += (size_t)one;
	}
	return true;
}

static bool write_pattern(int fd, uint16_t port, uint64_t n, unsigned char way)
{
	unsigned char bytes[CHUNK];
	uint64_t at, i, part;

	for (at = 0; at < n; at += part) {
		part = n - at < CHUNK ? n - at : CHUNK;
		for (i = 0; i < part; i++)
			bytes[i] = pattern(port, at + i, way);
		if (!write_all(fd, bytes, part))
			return false;
	}
	return true;
}

/* 1: as they should be, 0: others, -1: not all of them */
static int read_pattern(int fd, uint16_t port, uint64_t n, unsigned char way)
{
	unsigned char bytes[CHUNK];
	uint64_t at, i, part;
	int right = 1;

	for (at = 0; at < n; at += part) {
		part = n - at < CHUNK ? n - at : CHUNK;
		if (!read_all(fd, bytes, part))
			return -1;
		for (i = 0; i < part; i++)
			if (bytes[i] != pattern(port, at + i, way))
				right = 0;
	}
	return right;
}

static uint32_t crc32c(const unsigned char *bytes, size_t n)
{
	uint32_t crc = ~0u;
	int bit;

	while (n--) {
		crc ^= *bytes++;
		for (bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
	}
	return ~crc;
}

/* ---- the server ---- */

/* Is there a CRC32C among the TLVs, and right? */
static bool is_crc_right(unsigned char *header, size_t at, size_t end)
{
	uint32_t sent;
	size_t n;

	for (; at + 3 <= end; at += 3 + n) {
		n = (size_t)header[at + 1] << 8 | header[at + 2];
		if (header[at] != 0x03 || n != 4 || at + 7 > end)
			continue;
		memcpy(&sent, header + at + 3, 4);
		memset(header + at + 3, 0, 4);
		return crc32c(header, end) == ntohl(sent);
	}
	return false;
}

/* Who the header says the client is, or "bad …"; false: nobody, a health check. */
static bool read_header(int fd, char *who, size_t room, uint16_t *port)
{
	unsigned char header[HEADER_MAX];
	char text[INET6_ADDRSTRLEN];
	size_t n, address;

	snprintf(who, room, "bad header\n");
	if (!read_all(fd, header, HEADER_START))
		return false;
	n = (size_t)header[14] << 8 | header[15];
	if (memcmp(header, signature, 12) || n > HEADER_MAX - HEADER_START ||
	    !read_all(fd, header + HEADER_START, n))
		return true;
	if (header[12] == 0x20)
		return false;
	address = header[13] == 0x11 ? 4 : 16;
	if (header[12] != 0x21 || (address == 16 && header[13] != 0x21) || n < 2 * address + 4)
		return true;
	snprintf(who, room, "bad checksum\n");
	if (!is_crc_right(header, HEADER_START + 2 * address + 4, HEADER_START + n))
		return true;
	memcpy(port, header + HEADER_START + 2 * address, 2);
	*port = ntohs(*port);
	inet_ntop(address == 4 ? AF_INET : AF_INET6, header + HEADER_START, text, sizeof(text));
	snprintf(who, room, "%s %u\n", text, *port);
	return true;
}

static void serve_one(int fd)
{
	uint64_t request[2];
	uint16_t port = 0;
	char who[128];

	if (!read_header(fd, who, sizeof(who), &port))
		return;
	if (!waits && !write_all(fd, who, strlen(who)))
		return;
	if (!read_all(fd, request, sizeof(request)))
		return;
	if (waits && !write_all(fd, who, strlen(who)))
		return;
	if (!write_all(fd, read_pattern(fd, port, request[0], 'u') == 1 ? "y" : "n", 1))
		return;
	write_pattern(fd, port, request[1], 'd');
}

static void serve(const char *port)
{
	struct lab_address any = lab_resolve("::", port, SOCK_STREAM);
	int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), off = 0, on = 1, fd;

	setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&any.sockaddr, any.len) || listen(listener, 1024))
		lab_die("listen");
	signal(SIGCHLD, SIG_IGN);
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		if (fork() == 0) {
			close(listener);
			serve_one(fd);
			_exit(0);
		}
		close(fd);
	}
	lab_die("accept");
}

/* ---- the clients ---- */

static int connect_from(unsigned n, struct lab_address *self)
{
	struct timeval patience = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
	struct lab_address source = lab_source(&from, sources, n);
	int fd = socket(to.sockaddr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		lab_die("socket");
	setsockopt(fd, SOL_IP, IP_FREEBIND, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (bind(fd, (struct sockaddr *)&source.sockaddr, source.len))
		lab_die("bind");
	if (connect(fd, (struct sockaddr *)&to.sockaddr, to.len)) {
		close(fd);
		return -1;
	}
	self->len = sizeof(self->sockaddr);
	getsockname(fd, (struct sockaddr *)&self->sockaddr, &self->len);
	return fd;
}

static bool read_line(int fd, char *line, size_t room)
{
	size_t n = 0;

	while (n + 1 < room && recv(fd, line + n, 1, 0) == 1)
		if (line[n++] == '\n')
			break;
	line[n] = '\0';
	return n && line[n - 1] == '\n';
}

static uint16_t name_of(const struct lab_address *self, char *name, size_t room)
{
	const struct sockaddr_in6 *six = (const void *)&self->sockaddr;
	const struct sockaddr_in *four = (const void *)&self->sockaddr;
	bool is_4 = four->sin_family == AF_INET;
	char text[INET6_ADDRSTRLEN];
	uint16_t port = ntohs(is_4 ? four->sin_port : six->sin6_port);

	inet_ntop(four->sin_family, is_4 ? (const void *)&four->sin_addr : (const void *)&six->sin6_addr, text, sizeof(text));
	snprintf(name, room, "%s %u\n", text, port);
	return port;
}

static enum outcome speak(int fd, const struct lab_address *self)
{
	const uint64_t request[2] = {up, down};
	char name[128], greeting[128] = "", judgement = 0;
	uint16_t port = name_of(self, name, sizeof(name));
	int right;

	if (!asks && !read_line(fd, greeting, sizeof(greeting)))
		return OUTCOME_FAILED;
	if (!write_all(fd, request, sizeof(request)))
		return OUTCOME_FAILED;
	if (asks && !read_line(fd, greeting, sizeof(greeting)))
		return OUTCOME_FAILED;
	if (strcmp(greeting, name)) {
		fprintf(stderr, "lab-proxy: greeted as %s", greeting);
		return OUTCOME_ADDRESS;
	}
	if (!write_pattern(fd, port, up, 'u') || !read_all(fd, &judgement, 1))
		return OUTCOME_FAILED;
	right = read_pattern(fd, port, down, 'd');
	if (right < 0)
		return OUTCOME_FAILED;
	return right && judgement == 'y' ? OUTCOME_OK : OUTCOME_BYTES;
}

static enum outcome one_connection(unsigned n)
{
	struct lab_address self;
	int fd = connect_from(n, &self);
	enum outcome outcome;

	if (fd < 0) {
		perror("lab-proxy: connect");
		return OUTCOME_FAILED;
	}
	outcome = speak(fd, &self);
	if (outcome == OUTCOME_FAILED)
		perror("lab-proxy: connection broken");
	close(fd);
	return outcome;
}

static int run(void)
{
	unsigned counts[OUTCOMES] = {0}, started = 0, running = 0;
	uint64_t start_ns = lab_now_ns();
	int status;

	while (started < count || running) {
		if (started < count && running < concurrency) {
			if (fork() == 0)
				_exit(one_connection(started));
			started++;
			running++;
			continue;
		}
		if (wait(&status) < 0)
			break;
		running--;
		counts[WIFEXITED(status) && WEXITSTATUS(status) < OUTCOMES ? WEXITSTATUS(status) : OUTCOME_FAILED]++;
	}
	printf("ok %u\nfailed %u\nwrong_address %u\nwrong_bytes %u\ntook_ms %llu\n", counts[OUTCOME_OK], counts[OUTCOME_FAILED],
	       counts[OUTCOME_ADDRESS], counts[OUTCOME_BYTES], (unsigned long long)(lab_now_ns() - start_ns) / 1000000);
	return counts[OUTCOME_OK] == count ? 0 : 1;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"serve", 1, NULL, 'S'}, {"waits", 0, NULL, 'w'},   {"to", 1, NULL, 't'},	   {"port", 1, NULL, 'p'},
		{"from", 1, NULL, 'f'},	 {"sources", 1, NULL, 's'}, {"count", 1, NULL, 'n'},	   {"concurrency", 1, NULL, 'c'},
		{"up", 1, NULL, 'u'},	 {"down", 1, NULL, 'd'},    {"timeout-ms", 1, NULL, 'T'}, {"asks", 0, NULL, 'a'},
		{NULL, 0, NULL, 0},
	};
	const char *port = NULL, *to_text = NULL, *from_text = NULL, *serve_port = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'S': serve_port = optarg; break;
		case 'w': waits = true; break;
		case 'a': asks = true; break;
		case 't': to_text = optarg; break;
		case 'p': port = optarg; break;
		case 'f': from_text = optarg; break;
		case 's': sources = (unsigned)atoi(optarg); break;
		case 'n': count = (unsigned)atoi(optarg); break;
		case 'c': concurrency = (unsigned)atoi(optarg); break;
		case 'u': up = strtoull(optarg, NULL, 10); break;
		case 'd': down = strtoull(optarg, NULL, 10); break;
		case 'T': timeout_ms = (unsigned)atoi(optarg); break;
		default: return 2;
		}
	}
	if (serve_port)
		serve(serve_port);
	if (!to_text || !port || !from_text)
		return fprintf(stderr, "usage: lab-proxy --serve PORT | --to ADDR --port N --from FIRST ...\n"), 2;
	to = lab_resolve(to_text, port, SOCK_STREAM);
	from = lab_resolve(from_text, "0", SOCK_STREAM);
	return run();
}
