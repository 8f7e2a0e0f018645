// SPDX-License-Identifier: BSD-2-Clause
/* Names, literals and variables of fixtures to bytes and numbers. */
#include "names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_too_long(const char *name)
{
	return strlen(name) >= NAME_BYTES;
}

struct host *names_host(struct names *names, const char *name, bool make)
{
	int i;

	for (i = 0; i < names->host_count; i++)
		if (!strcmp(names->hosts[i].name, name))
			return &names->hosts[i];
	if (!make || names->host_count == HOSTS_MAX || is_too_long(name))
		return NULL;
	names->hosts[i] = (struct host){0};
	strcpy(names->hosts[i].name, name);
	names->host_count++;
	return &names->hosts[i];
}

static struct variable *find_variable(struct names *names, const char *name)
{
	int i;

	for (i = 0; i < names->variable_count; i++)
		if (!strcmp(names->variables[i].name, name))
			return &names->variables[i];
	return NULL;
}

const struct variable *names_variable(const struct names *names, const char *name)
{
	return find_variable((struct names *)names, name);
}

static struct variable *take_variable(struct names *names, const char *name, struct report *report)
{
	struct variable *v = find_variable(names, name);

	if (v)
		return v;
	if (names->variable_count == VARIABLES_MAX || is_too_long(name)) {
		report_fail(report, "no room for variable '%s'", name);
		return NULL;
	}
	v = &names->variables[names->variable_count++];
	*v = (struct variable){0};
	strcpy(v->name, name);
	return v;
}

bool names_bind_number(struct names *names, const char *name, uint64_t number,
		       struct report *report)
{
	struct variable *v = take_variable(names, name, report);

	if (!v)
		return false;
	v->is_address = v->is_free = false;
	v->number = number;
	return true;
}

bool names_bind_free(struct names *names, const char *name, uint64_t number, struct report *report)
{
	if (!names_bind_number(names, name, number, report))
		return false;
	find_variable(names, name)->is_free = true;
	return true;
}

bool names_bind_address(struct names *names, const char *name, const uint8_t address[16],
			struct report *report)
{
	struct variable *v = take_variable(names, name, report);

	if (!v)
		return false;
	v->is_address = true;
	memcpy(v->address, address, 16);
	return true;
}

void names_unbind(struct names *names, const char *name)
{
	struct variable *v = find_variable(names, name);

	if (v)
		*v = names->variables[--names->variable_count];
}

bool names_mac(struct names *names, const char *word, uint8_t mac[6], struct report *report)
{
	const struct host *host = names_host(names, word, false);
	char rest;

	if (host && !host->has_mac)
		return report_fail(report, "host '%s' has no MAC", word);
	if (host)
		memcpy(mac, host->mac, 6);
	else if (sscanf(word, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", &mac[0], &mac[1], &mac[2],
			&mac[3], &mac[4], &mac[5], &rest) != 6)
		return report_fail(report, "unknown host or MAC '%s'", word);
	return true;
}

static bool variable_address(struct names *names, const char *word, uint8_t address[16],
			     struct report *report)
{
	const struct variable *v = find_variable(names, word);

	if (!v || !v->is_address)
		return report_fail(report, "variable '%s' is not bound to an address", word);
	memcpy(address, v->address, 16);
	return true;
}

bool names_address(struct names *names, const char *word, int family, uint8_t address[16],
		   struct report *report)
{
	const struct host *host = names_host(names, word, false);

	if (word[0] == '$')
		return variable_address(names, word, address, report);
	memset(address, 0, 16);
	if (host) {
		if (family == NLB_IPV4 ? !host->has_ip4 : !host->has_ip6)
			return report_fail(report, "host '%s' has no IPv%d address", word, family);
		memcpy(address, family == NLB_IPV4 ? host->ip4 : host->ip6, 16);
		return true;
	}
	if (inet_pton(family == NLB_IPV4 ? AF_INET : AF_INET6, word, address) != 1)
		return report_fail(report, "unknown host or IPv%d address '%s'", family, word);
	return true;
}

bool names_number(struct names *names, const char *word, uint64_t max, uint64_t *number,
		  struct report *report)
{
	const struct variable *v = find_variable(names, word);
	char *end;

	if (v && !v->is_address) {
		*number = v->number;
	} else {
		errno = 0;
		*number = strtoull(word, &end, 0);
		if (word[0] < '0' || word[0] > '9' || *end || errno)
			return report_fail(report,
					   word[0] == '$' ? "variable '%s' is not bound to a number"
							  : "'%s' is not a number",
					   word);
	}
	if (*number > max)
		return report_fail(report, "%llu is more than %llu", (unsigned long long)*number,
				   (unsigned long long)max);
	return true;
}

bool names_endpoint(struct names *names, const char *word, int family, uint8_t address[16],
		    __be16 *port, struct report *report)
{
	char text[128];
	char *colon, *host = text;
	uint64_t number;

	if (snprintf(text, sizeof(text), "%s", word) >= (int)sizeof(text) ||
	    !(colon = strrchr(text, ':')))
		return report_fail(report, "'%s' is not ADDRESS:PORT", word);
	*colon = '\0';
	if (host[0] == '[' && colon > host + 1 && colon[-1] == ']') {
		colon[-1] = '\0';
		host++;
	}
	if (!names_address(names, host, family, address, report) ||
	    !names_number(names, colon + 1, 0xffff, &number, report))
		return false;
	*port = htons((uint16_t)number);
	return true;
}
