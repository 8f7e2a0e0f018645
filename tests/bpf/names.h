/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What names in a fixture stand for: hosts (MAC and addresses), and variables ($port) that are
 * bound when they are first met. Addresses are 16 bytes in network order, IPv4 in the first four.
 */
#ifndef LEAT_TESTS_BPF_NAMES_H
#define LEAT_TESTS_BPF_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "leat/nlb_abi.h"
#include "report.h"

#define HOSTS_MAX     64
#define VARIABLES_MAX 16
#define NAME_BYTES    32 /* terminating zero included */

struct host {
	char name[NAME_BYTES];
	bool has_mac, has_ip4, has_ip6;
	uint8_t mac[6];
	uint8_t ip4[16];
	uint8_t ip6[16];
};

struct variable {
	char name[NAME_BYTES]; /* with its $ */
	bool is_address;
	bool is_free; /* no port or address of snats: what it may be was asked when it was bound */
	uint64_t number;
	uint8_t address[16];
};

struct names {
	struct host hosts[HOSTS_MAX];
	int host_count;
	struct variable variables[VARIABLES_MAX];
	int variable_count;
};

/* The host of that name, made when `make` and there is none; NULL: unknown, or no room. */
struct host *names_host(struct names *names, const char *name, bool make);
const struct variable *names_variable(const struct names *names, const char *name);
bool names_bind_number(struct names *names, const char *name, uint64_t number,
		       struct report *report);
bool names_bind_free(struct names *names, const char *name, uint64_t number, struct report *report);
bool names_bind_address(struct names *names, const char *name, const uint8_t address[16],
			struct report *report);
void names_unbind(struct names *names, const char *name);

/* A word as a MAC (host or aa:bb:cc:dd:ee:ff), as an address of a family (host, literal or
 * $variable), as a number (decimal, 0x…, or $variable; at most `max`). Each says what is wrong with
 * the word. */
bool names_mac(struct names *names, const char *word, uint8_t mac[6], struct report *report);
bool names_address(struct names *names, const char *word, int family, uint8_t address[16],
		   struct report *report);
bool names_number(struct names *names, const char *word, uint64_t max, uint64_t *number,
		  struct report *report);
/* "host:port" or "[literal]:port"; port in network order. */
bool names_endpoint(struct names *names, const char *word, int family, uint8_t address[16],
		    __be16 *port, struct report *report);

#endif
