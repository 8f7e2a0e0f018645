/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IP addresses and endpoints as values. Compare with the functions, not memcmp: unused bytes are
 * zero, so that hashing the whole struct works too.
 */
#ifndef LEAT_BASE_ADDR_H
#define LEAT_BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "err.h"

struct addr {
	uint16_t family;   /* AF_INET, AF_INET6; 0: no address */
	uint8_t bytes[16]; /* network order; IPv4 in the first 4, the rest zero */
};

#define ADDR_TEXT_MAX	  46 /* INET6_ADDRSTRLEN */
#define ENDPOINT_TEXT_MAX 56 /* "[addr]:65535" */

/* Text form RFC 4291/5952 or dotted quad; no prefix length, no zone, no name. 0 or -EINVAL with
 * err. */
__must_check int addr_parse(const char *text, struct addr *addr, struct err *err);
char *addr_format(const struct addr *addr,
		  char text[ADDR_TEXT_MAX]); /* returns text; "-" for no address */

bool addr_is_set(const struct addr *addr);
bool addr_equal(const struct addr *a, const struct addr *b);
int addr_cmp(const struct addr *a, const struct addr *b); /* IPv4 before IPv6, then by bytes */
bool addr_is_unspecified(const struct addr *addr);	  /* 0.0.0.0, :: */
bool addr_is_multicast(const struct addr *addr);
bool addr_is_loopback(const struct addr *addr);
bool addr_is_link_local(const struct addr *addr); /* 169.254/16, fe80::/10 */
bool addr_is_broadcast(const struct addr *addr);  /* 255.255.255.255 */

/* "1.2.3.4", "1.2.3.4:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80". *port is host order,
 * 0 when the text has none. Port 0, ports above 65535 and rubbish are refused. */
__must_check int endpoint_parse(const char *text, struct addr *addr, uint16_t *port,
				struct err *err);
/* "1.2.3.4:80", "[2001:db8::1]:80"; port 0: the address alone. Returns text. */
char *endpoint_format(const struct addr *addr, uint16_t port, char text[ENDPOINT_TEXT_MAX]);

/* Fills a sockaddr; returns its length. port in host order. */
socklen_t addr_to_sockaddr(const struct addr *addr, uint16_t port, struct sockaddr_storage *ss);
/* False when ss is neither AF_INET nor AF_INET6. port may be NULL. */
bool addr_from_sockaddr(const struct sockaddr *sa, struct addr *addr, uint16_t *port);

#endif
