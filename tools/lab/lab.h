/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the lab's traffic programs share: option parsing, clocks, source addresses that spread over a prefix, tallies of answers by
 * name. Each program is one file that speaks to one kind of server; they print `key value` lines that scripts read with awk.
 */
#ifndef LEAT_LAB_H
#define LEAT_LAB_H

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LAB_NAMES_MAX 64
#define LAB_UNUSED __attribute__((unused))

struct lab_address {
	struct sockaddr_storage sockaddr;
	socklen_t len;
};

/* How many answers came from whom. */
struct lab_tally {
	char names[LAB_NAMES_MAX][32];
	unsigned long counts[LAB_NAMES_MAX];
	int used;
};

LAB_UNUSED static void lab_die(const char *what)
{
	fprintf(stderr, "lab: %s: %s\n", what, strerror(errno));
	exit(1);
}

LAB_UNUSED static uint64_t lab_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

LAB_UNUSED static double lab_wall_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Numeric host and port; exits with a sentence when they are not. */
LAB_UNUSED static struct lab_address lab_resolve(const char *host, const char *port, int socktype)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = socktype }, *found;
	struct lab_address address = { .len = 0 };
	int err = getaddrinfo(host, port, &hints, &found);

	if (err) {
		fprintf(stderr, "lab: '%s' port '%s': %s\n", host, port, gai_strerror(err));
		exit(2);
	}
	memcpy(&address.sockaddr, found->ai_addr, found->ai_addrlen);
	address.len = found->ai_addrlen;
	freeaddrinfo(found);
	return address;
}

/* The n-th source address of the prefix that starts at `first` and has `count` addresses. */
LAB_UNUSED static struct lab_address lab_source(const struct lab_address *first, unsigned count, unsigned n)
{
	struct lab_address source = *first;
	unsigned char *last = source.sockaddr.ss_family == AF_INET ?
		(unsigned char *)&((struct sockaddr_in *)&source.sockaddr)->sin_addr :
		(unsigned char *)&((struct sockaddr_in6 *)&source.sockaddr)->sin6_addr + 12;
	uint32_t low;

	memcpy(&low, last, 4);
	low = htonl(ntohl(low) + (count ? n % count : 0));
	memcpy(last, &low, 4);
	return source;
}

LAB_UNUSED static void lab_tally_add(struct lab_tally *tally, const char *name)
{
	int i;

	for (i = 0; i < tally->used; i++)
		if (!strcmp(tally->names[i], name))
			break;
	if (i == LAB_NAMES_MAX)
		return;
	if (i == tally->used)
		snprintf(tally->names[tally->used++], sizeof(tally->names[0]), "%s", name);
	tally->counts[i]++;
}

LAB_UNUSED static void lab_tally_print(const struct lab_tally *tally)
{
	int i;

	for (i = 0; i < tally->used; i++)
		printf("from %s %lu\n", tally->names[i], tally->counts[i]);
}

/* The first word of an answer, or "?" */
LAB_UNUSED static void lab_first_word(const char *text, size_t len, char *word, size_t size)
{
	size_t i;

	for (i = 0; i < len && i + 1 < size && text[i] > ' '; i++)
		word[i] = text[i];
	word[i] = '\0';
	if (!i)
		snprintf(word, size, "?");
}

#endif
