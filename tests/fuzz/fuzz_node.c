/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as node settings. What is accepted keeps the promises of conf.h; what is refused says
 * why. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void require(int fact)
{
	if (!fact)
		abort();
}

static void check_settings(const struct conf_node_settings *s)
{
	require(s->interface_count >= 1 && s->interface_count <= CONF_INTERFACES_MAX);
	for (size_t i = 0; i < s->interface_count; i++)
		require(strlen(s->interfaces[i]) >= 1 && strlen(s->interfaces[i]) <= 15);
	for (size_t i = 0; i < s->snat_address_count; i++)
		require(addr_is_set(&s->snat_addresses[i]));
	require(s->nat_port_first >= 1 && s->nat_port_first <= s->nat_port_last);
	require(s->state_dir[0] == '/' && s->socket[0] == '/' && s->bpffs[0] == '/');
	require(strlen(s->socket) <= CONF_SOCKET_MAX);
	require(s->socket_group[0] && s->http_address[0] && s->log_level[0]);
	require(s->flows >= CONF_FLOWS_MIN && s->flows <= CONF_FLOWS_MAX);
	require(s->workers <= CONF_WORKERS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_new();
	struct conf_node_settings settings;
	struct err err = {0};

	if (conf_parse_node_settings((const char *)bytes, len, "fuzz", arena, &settings, &err))
		require(err.text[0] != '\0');
	else
		check_settings(&settings);
	arena_free(arena);
	return 0;
}
