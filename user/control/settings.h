/* SPDX-License-Identifier: BSD-2-Clause */
/* The node's settings, read once at the start. */
#ifndef LEAT_CONTROL_SETTINGS_H
#define LEAT_CONTROL_SETTINGS_H

#include "base/arena.h"
#include "base/err.h"
#include "conf/conf.h"

struct settings {
	struct arena *arena;
	struct conf_node_settings node;
	const char *path;
	bool has_http; /* a TCP listener for metrics is wanted */
	char http_host[64];
	uint16_t http_port;
};

__must_check int settings_read(const char *path, struct settings **settings, struct err *err);
void settings_free(struct settings *settings);

/* Applies log_level. */
void settings_use_log_level(const struct settings *settings);

/* Do nat_ports and the kernel's ip_local_port_range share a port? Then an own connection of the
 * host may meet a NAT flow's. */
bool settings_ports_overlap(const struct settings *settings, unsigned *first, unsigned *last);

#endif
