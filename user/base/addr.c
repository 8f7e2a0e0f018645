/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses and endpoints: text ⇄ value ⇄ sockaddr. Pure.
 *
 * Strict on the way in: no leading zeros (octal to some, decimal to others), no short forms, no
 * names. An IPv4-mapped IPv6 address stays IPv6; whether it makes sense is the caller's question.
 */
#include "addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t byte_count(const struct addr *addr)
{
	return addr->family == AF_INET ? 4 : addr->family == AF_INET6 ? 16 : 0;
}

static bool parse_as(int family, const char *text, struct addr *addr)
{
	struct addr parsed = {.family = (uint16_t)family};

	if (inet_pton(family, text, parsed.bytes) != 1)
		return false;
	*addr = parsed;
	return true;
}

int addr_parse(const char *text, struct addr *addr, struct err *err)
{
	if (parse_as(AF_INET, text, addr) || parse_as(AF_INET6, text, addr))
		return 0;
	return err_set(err, -EINVAL, "'%s' is not an IP address", text);
}

char *addr_format(const struct addr *addr, char text[ADDR_TEXT_MAX])
{
	if (!addr_is_set(addr) || !inet_ntop(addr->family, addr->bytes, text, ADDR_TEXT_MAX))
		memcpy(text, "-", 2);
	return text;
}

bool addr_is_set(const struct addr *addr)
{
	return byte_count(addr) != 0;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return addr_cmp(a, b) == 0;
}

int addr_cmp(const struct addr *a, const struct addr *b)
{
	if (byte_count(a) != byte_count(b))
		return byte_count(a) < byte_count(b) ? -1 : 1;
	return memcmp(a->bytes, b->bytes, byte_count(a));
}

bool addr_is_unspecified(const struct addr *addr)
{
	static const uint8_t zero[16];

	return addr_is_set(addr) && memcmp(addr->bytes, zero, byte_count(addr)) == 0;
}

bool addr_is_multicast(const struct addr *addr)
{
	if (addr->family == AF_INET)
		return (addr->bytes[0] & 0xf0) == 0xe0;
	return addr->family == AF_INET6 && addr->bytes[0] == 0xff;
}

bool addr_is_loopback(const struct addr *addr)
{
	if (addr->family == AF_INET)
		return addr->bytes[0] == 127;
	return addr->family == AF_INET6 &&
	       memcmp(addr->bytes, &in6addr_loopback, sizeof(in6addr_loopback)) == 0;
}

bool addr_is_link_local(const struct addr *addr)
{
	if (addr->family == AF_INET)
		return addr->bytes[0] == 169 && addr->bytes[1] == 254;
	return addr->family == AF_INET6 && addr->bytes[0] == 0xfe &&
	       (addr->bytes[1] & 0xc0) == 0x80;
}

bool addr_is_broadcast(const struct addr *addr)
{
	static const uint8_t ones[4] = {255, 255, 255, 255};

	return addr->family == AF_INET && memcmp(addr->bytes, ones, sizeof(ones)) == 0;
}

/* Digits only: strtoul alone would take signs, spaces and leading zeros. */
static int parse_port(const char *digits, uint16_t *port)
{
	size_t len = strspn(digits, "0123456789");
	unsigned long value;

	if (len == 0 || len > 5 || digits[len] != '\0' || digits[0] == '0')
		return -EINVAL;
	value = strtoul(digits, NULL, 10);
	if (value > UINT16_MAX)
		return -EINVAL;
	*port = (uint16_t)value;
	return 0;
}

/* The two halves of an endpoint's text: where the address is, and the digits of the port (NULL:
 * none). */
struct halves {
	int family; /* the form tells: with brackets IPv6, with one colon IPv4; AF_UNSPEC: either */
	const char *address;
	size_t address_len;
	const char *port;
};

static int split(const char *text, struct halves *out)
{
	const char *end = text + strlen(text);
	const char *colon = strchr(text, ':');

	*out = (struct halves){.address = text, .address_len = (size_t)(end - text)};
	if (text[0] == '[') {
		end = strchr(text, ']');
		if (!end || (end[1] != '\0' && end[1] != ':'))
			return -EINVAL;
		*out = (struct halves){AF_INET6, text + 1, (size_t)(end - text - 1),
				       end[1] ? end + 2 : NULL};
	} else if (colon && !strchr(colon + 1, ':')) {
		*out = (struct halves){AF_INET, text, (size_t)(colon - text), colon + 1};
	}
	return out->address_len < ADDR_TEXT_MAX ? 0 : -EINVAL;
}

static int parse_halves(const struct halves *halves, struct addr *addr)
{
	char text[ADDR_TEXT_MAX];

	memcpy(text, halves->address, halves->address_len);
	text[halves->address_len] = '\0';
	if (halves->family == AF_UNSPEC)
		return addr_parse(text, addr, NULL);
	return parse_as(halves->family, text, addr) ? 0 : -EINVAL;
}

int endpoint_parse(const char *text, struct addr *addr, uint16_t *port, struct err *err)
{
	uint16_t parsed_port = 0;
	struct addr parsed;
	struct halves halves;

	if (split(text, &halves) || parse_halves(&halves, &parsed))
		return err_set(err, -EINVAL, "'%s' is neither an IP address nor ADDRESS:PORT",
			       text);
	if (halves.port && parse_port(halves.port, &parsed_port))
		return err_set(err, -EINVAL, "'%s': port '%s' is not a number from 1 to 65535",
			       text, halves.port);
	*addr = parsed;
	*port = parsed_port;
	return 0;
}

char *endpoint_format(const struct addr *addr, uint16_t port, char text[ENDPOINT_TEXT_MAX])
{
	char address[ADDR_TEXT_MAX];

	addr_format(addr, address);
	if (port == 0)
		memcpy(text, address, sizeof(address));
	else if (addr->family == AF_INET6)
		snprintf(text, ENDPOINT_TEXT_MAX, "[%s]:%u", address, port);
	else
		snprintf(text, ENDPOINT_TEXT_MAX, "%s:%u", address, port);
	return text;
}

socklen_t addr_to_sockaddr(const struct addr *addr, uint16_t port, struct sockaddr_storage *ss)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

	memset(ss, 0, sizeof(*ss));
	ss->ss_family = addr->family;
	if (addr->family == AF_INET) {
		in4->sin_port = htons(port);
		memcpy(&in4->sin_addr, addr->bytes, 4);
		return sizeof(*in4);
	}
	if (addr->family == AF_INET6) {
		in6->sin6_port = htons(port);
		memcpy(&in6->sin6_addr, addr->bytes, 16);
		return sizeof(*in6);
	}
	return 0;
}

bool addr_from_sockaddr(const struct sockaddr *sa, struct addr *addr, uint16_t *port)
{
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;

	if (sa->sa_family != AF_INET && sa->sa_family != AF_INET6)
		return false;
	*addr = (struct addr){.family = sa->sa_family};
	if (sa->sa_family == AF_INET)
		memcpy(addr->bytes, &in4->sin_addr, 4);
	else
		memcpy(addr->bytes, &in6->sin6_addr, 16);
	if (port)
		*port = ntohs(sa->sa_family == AF_INET ? in4->sin_port : in6->sin6_port);
	return true;
}
