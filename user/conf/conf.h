/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * YAML and JSON text ⇄ model and node settings. One table a noun (state.c …) drives decoding, the
 * refusal of unknown keys, the dump and the documentation of the keys. Decoding is pure; no file is
 * opened here.
 *
 * Every refusal is one sentence "FILE:LINE: path: what is wrong". An item that has a name is called
 * by it:
 *
 *     demo.yaml:12: target_groups['web'].port: 70000 is out of range (1..65535)
 *     demo.yaml:7: load_balancers['edge'].listeners[1]: unknown key 'prot' (known: protocol, …)
 *
 * Text without a source (NULL: it came by API) is JSON of one line, so lines are left out:
 *
 *     target_groups['web'].port: expected a number, found 'abc'
 *
 * To change a state: conf_dump_json() → edit with jansson → conf_parse_state(). In JSON a target is
 * always an object, {"address": "10.0.1.12"} or {"address": "10.0.1.12", "port": 8081}: the port is
 * left out when it is its group's.
 */
#ifndef LEAT_CONF_CONF_H
#define LEAT_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/arena.h"
#include "base/prefix.h"
#include "base/err.h"

struct model;

#define CONF_TEXT_MAX  (16u << 20) /* bytes of a file or request */
#define CONF_DEPTH_MAX 16
#define CONF_NODES_MAX 2000000

/* Desired state. source: the name for messages (NULL: none). Text is YAML (JSON is a subset of it).
 * The result is validated (model_validate); the caller frees it, *model is NULL after an error. An
 * empty document is an empty state. -EINVAL, -E2BIG. */
__must_check int conf_parse_state(const char *text, size_t len, const char *source,
				  struct model **model, struct err *err);

/* The state as a YAML file that applies to itself (defaults left out unless all is true), heap
 * text. */
char *conf_dump_yaml(const struct model *model, bool all);
/* The same as compact JSON, heap text: what the store keeps and the API answers. conf_parse_state()
 * reads it. */
char *conf_dump_json(const struct model *model, bool all);

/* Node settings, DESIGN.md 8. Strings live in the arena given. */
enum conf_xdp_mode { CONF_XDP_AUTO, CONF_XDP_NATIVE, CONF_XDP_GENERIC };

struct conf_node_settings {
	const char **interfaces; /* at least one */
	size_t interface_count;
	enum conf_xdp_mode xdp_mode; /* auto */
	struct addr *snat_addresses; /* none: the egress interface's own address */
	size_t snat_address_count;
	struct prefix *encap_sources; /* at most one a family; none: the egress interface's own */
	size_t encap_source_count;
	/* "nat_ports: 1024-32767": apart from net.ipv4.ip_local_port_range */
	uint16_t nat_port_first, nat_port_last;
	const char *state_dir;	  /* /var/lib/leat */
	const char *socket;	  /* /run/leat/leatd.sock */
	const char *socket_group; /* leat; ignored with a log line when the group does not exist */
	const char *bpffs;	  /* /sys/fs/bpf/leat */
	const char *http_address; /* "127.0.0.1:9101"; "off": none */
	unsigned flows;		  /* 1000000; 1024..64000000 */
	const char *log_level;	  /* error, warn, info, debug */
	unsigned workers;	  /* 0: auto; kept for leat-alb, not used yet */
};
#define CONF_INTERFACES_MAX	64
#define CONF_SNAT_ADDRESSES_MAX 64
#define CONF_ENCAP_SOURCES_MAX	2
#define CONF_WORKERS_MAX	1024
#define CONF_FLOWS_MIN		1024
#define CONF_FLOWS_MAX		64000000
#define CONF_SOCKET_MAX		107 /* bytes of a path that fit into sun_path */

__must_check int conf_parse_node_settings(const char *text, size_t len, const char *source,
					  struct arena *arena, struct conf_node_settings *settings,
					  struct err *err);

/* JSON Schema (draft 2020-12) of "state", "load_balancer", "listener", "target_group", "target" or
 * "node", heap text; NULL for any other noun. Comes from the tables that drive decoding. */
char *conf_schema_json(const char *noun);

#endif
