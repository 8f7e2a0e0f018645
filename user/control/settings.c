/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the settings file. What a key means and which values it takes is conf's; here is what only
 * the running system can tell. */
#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/fd.h"
#include "base/log.h"

#define LOCAL_PORT_RANGE "/proc/sys/net/ipv4/ip_local_port_range"

static int parse_http(struct settings *settings, struct err *err)
{
	const char *text = settings->node.http_address;
	struct addr address;
	uint16_t port;

	if (!text || strcmp(text, "off") == 0)
		return 0;
	if (endpoint_parse(text, &address, &port, NULL) || !port)
		return err_set(err, -EINVAL, "%s: http: '%s' is neither ADDRESS:PORT nor 'off'",
			       settings->path, text);
	addr_format(&address, settings->http_host);
	settings->http_port = port;
	settings->has_http = true;
	return 0;
}

static int parse(struct settings *settings, struct err *err)
{
	char *text = NULL;
	size_t len;
	int ret;

	ret = fd_read_file(settings->path, CONF_TEXT_MAX, &text, &len, err);
	if (!ret)
		ret = conf_parse_node_settings(text, len, settings->path, settings->arena,
					       &settings->node, err);
	if (!ret)
		ret = parse_http(settings, err);
	free(text);
	return ret;
}

int settings_read(const char *path, struct settings **settings, struct err *err)
{
	struct arena *arena = arena_new();
	struct settings *s = arena_alloc(arena, sizeof(*s));
	int ret;

	s->arena = arena;
	s->path = arena_strdup(arena, path);
	ret = parse(s, err);
	if (ret)
		arena_free(arena);
	else
		*settings = s;
	return ret;
}

void settings_free(struct settings *settings)
{
	if (settings)
		arena_free(settings->arena); /* it lies in there itself */
}

void settings_use_log_level(const struct settings *settings)
{
	static const char *const words[] = {
		[LOG_LEVEL_ERROR] = "error",
		[LOG_LEVEL_WARN] = "warn",
		[LOG_LEVEL_INFO] = "info",
		[LOG_LEVEL_DEBUG] = "debug",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (settings->node.log_level && strcmp(words[i], settings->node.log_level) == 0)
			log_set_level((enum log_level)i);
}

bool settings_ports_overlap(const struct settings *settings, unsigned *first, unsigned *last)
{
	char *text = NULL;
	bool overlap = false;

	if (fd_read_file(LOCAL_PORT_RANGE, 256, &text, NULL, NULL))
		return false;
	if (sscanf(text, "%u %u", first, last) == 2)
		overlap = *first <= settings->node.nat_port_last &&
			  settings->node.nat_port_first <= *last;
	free(text);
	return overlap;
}
