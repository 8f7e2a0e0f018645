/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The operation table: every thing an operator can ask of leatd, once. From it come the JSON API (POST /v1/<Operation> with a JSON object), the check of
 * a request before its handler runs (unknown, missing and mistyped fields), its JSON schema (GET /v1/schema/<Operation>), leatctl's commands, options, help
 * and completion, and the tables that leatctl prints. leatd includes it for the API, leatctl for everything else.
 *
 * A row is a command; rows of the same operation share one handler. A request is a JSON object with the fields of the row; a '/' in a field's
 * name is a nested object ("health_check/path" is {"health_check": {"path": …}}), a dot is part of the key (AWS's attribute names).
 *
 * Answers: HTTP 200 and a JSON object; or 4xx/5xx and {"error": {"code": "ValidationError", "message": "one sentence"}}, codes of elbv2.md 1.1 and 1.4:
 *   400 ValidationError, InvalidAction, InvalidTarget; 404 LoadBalancerNotFound, ListenerNotFound, RuleNotFound, TargetGroupNotFound, SecurityGroupNotFound; 409 DuplicateLoadBalancerName, PriorityInUse,
 *   DuplicateListener, DuplicateTargetGroupName, DuplicateSecurityGroupName, ResourceInUse; 403 AccessDeniedException; 500 InternalFailure; 503 ServiceUnavailable.
 * Every write answers {"change": N, "dry_run": false, "plan": {"entries": [{"action": "create|modify|delete", "noun": …, "name": …, "field": …, "from": …,
 * "to": …}], "slots_total": N, "slots_moved": N, "flows_ended": N}}; change is the number that `history` shows; N stays the current one when nothing differs.
 * A create that repeats what exists with the same settings succeeds and changes nothing; with other settings it is Duplicate….
 * A listener's name is LB/PROTOCOL:PORT ("edge/TCP:80", "edge/UDP:5000-5999", "edge/TCP:all"); a target is ADDR or ADDR:PORT ("10.0.1.11", "[2001:db8::1]:8080"), without
 * a port the group's.
 */
#ifndef LEAT_OPERATIONS_H
#define LEAT_OPERATIONS_H

#include <stdbool.h>
#include <stddef.h>

enum operation_kind {
	OP_STRING,
	OP_NUMBER, /* JSON integer */
	OP_BOOL,
	OP_PORTS,   /* JSON integer, or a string "5000-5999" or "all" */
	OP_STRINGS, /* JSON array of strings; the option may be repeated, a positional one takes the rest of the line */
};

enum operation_flags {
	OP_REQUIRED = 1 << 0,
	OP_POSITIONAL = 1 << 1,
	OP_FILE = 1 << 2, /* leatctl: the option names a file ("-": standard input) whose text is sent; "source" gets its name */
	OP_HIDDEN = 1 << 3, /* filled in by leatctl, not an option of its own */
};

struct operation_field {
	const char *name;   /* JSON; NULL ends the list */
	enum operation_kind kind;
	unsigned flags;
	const char *option; /* "--weight", "-f"; positional: what help calls it ("NAME") */
	const char *help;   /* with range and default */
	const char *words;  /* "nat|l2": the only values, also for completion; NULL: free */
};

enum operation_format {
	OP_TEXT,    /* string, number or boolean as it is; absent or null: "-" */
	OP_LIST,    /* array of strings, joined by ", " */
	OP_COUNT,   /* integer with thousands left alone, right aligned */
	OP_BYTES,   /* 1.2 MiB */
	OP_RATE,    /* 12.3/s */
	OP_PERCENT, /* 25.0 % */
	OP_AGE,	    /* seconds as "3m 12s" */
};

struct operation_column {
	const char *key; /* of the row's JSON object; NULL ends the list */
	const char *header;
	enum operation_format format;
};

struct operation_table { /* a table within the answer */
	const char *key;   /* of the answer: an array of objects; NULL ends the list */
	const char *title; /* printed above when the answer has several tables */
	const struct operation_column *columns;
};

struct operation {
	const char *name;    /* "CreateTargetGroup" */
	const char *command; /* "tg create" */
	bool is_write;
	const char *help;
	const struct operation_field *fields;
	const struct operation_table *tables; /* NULL: the answer is printed by a printer of its own (status, apply, export …) */
};

#define OP_FIELDS(...)	(const struct operation_field[]){ __VA_ARGS__ { .name = NULL } }
#define OP_COLUMNS(...) (const struct operation_column[]){ __VA_ARGS__ { .key = NULL } }
#define OP_TABLES(...)	(const struct operation_table[]){ __VA_ARGS__ { .key = NULL } }

/* ---- fields that several operations have ---------------------------------------------------------------------------------- */
#define OP_DRY_RUN { "dry_run", OP_BOOL, 0, "--dry-run", "only show what would change", NULL },

#define OP_LB_SETTINGS                                                                                                             \
	{ "announce", OP_STRING, 0, "--announce", "how the network learns of the VIPs (default address)", "address|none" },         \
	{ "interfaces", OP_STRINGS, 0, "--interface", "where VIPs are announced (default: the node's first)", NULL },

#define OP_LB_ADDRESSES(flags) { "addresses", OP_STRINGS, flags, "--address", "VIP, IPv4 or IPv6, ADDR or ADDR/BITS; may be repeated (modify: replaces all)", NULL },
#define OP_LISTENER_FORWARD(flags) { "default_action/forward", OP_STRING, flags, "--forward", "target group that gets the traffic, or TG=WEIGHT,TG=WEIGHT…", NULL },

#define OP_LISTENER_SETTINGS                                                                                                       \
	{ "default_action/stickiness/enabled", OP_BOOL, 0, "--group-stickiness", "a client keeps its target group (default false)", NULL }, \
	{ "attributes/tcp.idle_timeout.seconds", OP_NUMBER, 0, "--tcp-idle-timeout", "seconds, 1..6000 (default 350)", NULL },      \
	{ "attributes/udp.idle_timeout.seconds", OP_NUMBER, 0, "--udp-idle-timeout", "seconds, 1..6000 (default 120)", NULL },      \
	{ "security_groups", OP_STRINGS, 0, "--security-group", "who may use it; may be repeated (modify: replaces all, '' none)", NULL }, \
	{ "attributes/new_flows_per_source.per_second", OP_NUMBER, 0, "--flows-per-source",                                         \
	  "new flows a second of one source, 1..1000000 (default 0: no limit)", NULL },                                             \
	{ "attributes/new_flows_per_source.burst", OP_NUMBER, 0, "--flows-per-source-burst",                                        \
	  "so many at once after a pause (default 0: as many as a second)", NULL },

#define OP_RULE_SETTINGS(flags)                                                                                                    \
	{ "if/source_ip", OP_STRING, flags, "--source-ip", "the client's address family", "ipv4|ipv6" },                           \
	{ "then/forward", OP_STRING, flags, "--forward", "target group that gets the traffic, or TG=WEIGHT,TG=WEIGHT…", NULL },    \
	{ "then/stickiness/enabled", OP_BOOL, 0, "--group-stickiness", "a client keeps its target group (default false)", NULL },

#define OP_TG_SETTINGS                                                                                                             \
	{ "forwarding", OP_STRING, 0, "--forwarding", "forwarding mode (default nat)", "nat|l2|dnat|ipip|gue" },                                  \
	{ "health_check/enabled", OP_BOOL, 0, "--health-check-enabled", "true or false (default true)", NULL },                     \
	{ "health_check/protocol", OP_STRING, 0, "--health-check-protocol", "default TCP", "TCP|HTTP" },                            \
	{ "health_check/port", OP_STRING, 0, "--health-check-port", "traffic-port (default) or a number", NULL },                   \
	{ "health_check/path", OP_STRING, 0, "--health-check-path", "HTTP: default /", NULL },                                      \
	{ "health_check/matcher", OP_STRING, 0, "--health-check-matcher", "HTTP: good status codes (default 200-399)", NULL },      \
	{ "health_check/interval_seconds", OP_NUMBER, 0, "--health-check-interval", "1..300 (default 30)", NULL },                  \
	{ "health_check/timeout_seconds", OP_NUMBER, 0, "--health-check-timeout", "1..120, at most the interval", NULL },           \
	{ "health_check/healthy_threshold", OP_NUMBER, 0, "--healthy-threshold", "1..10 (default 5)", NULL },                       \
	{ "health_check/unhealthy_threshold", OP_NUMBER, 0, "--unhealthy-threshold", "1..10 (default 2)", NULL },                   \
	{ "attributes/deregistration_delay.timeout_seconds", OP_NUMBER, 0, "--deregistration-delay", "0..3600 (default 300)", NULL }, \
	{ "target_type", OP_STRING, 0, "--target-type", "alb: what listens on this host itself (default ip)", "ip|alb" },              \
	{ "attributes/preserve_port.enabled", OP_BOOL, 0, "--preserve-port", "nat: keep the port the client sent to (default false)", NULL }, \
	{ "attributes/stickiness.enabled", OP_BOOL, 0, "--stickiness", "choose by source address only (default false)", NULL },     \
	{ "attributes/target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", OP_NUMBER, 0,                     \
	  "--min-healthy-count", "fewer healthy targets: all get traffic (default 1)", NULL },                                      \
	{ "attributes/target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", OP_STRING, 0,                \
	  "--min-healthy-percentage", "1..100 or off (default off)", NULL },                                                        \
	{ "attributes/target_health_state.unhealthy.connection_termination.enabled", OP_BOOL, 0,                                    \
	  "--unhealthy-connection-termination", "reset TCP flows of unhealthy targets (default true for TCP)", NULL },               \
	{ "attributes/proxy_protocol_v2.enabled", OP_BOOL, 0, "--proxy-protocol",                                                   \
	  "new flows begin with a PROXY v2 header (default false)", NULL },                                                         \
	{ "attributes/proxy_protocol_v2.client_to_server.header_placement", OP_STRING, 0, "--proxy-protocol-placement",             \
	  "default on_first_ack", "on_first_ack|on_first_ack_with_payload" },                                                       \
	{ "attributes/proxy_protocol_v2.health_checks.enabled", OP_BOOL, 0, "--proxy-protocol-health-checks",                       \
	  "health checks, too (default true)", NULL },                                                                                      \
	{ "attributes/tcp.mss.maximum", OP_NUMBER, 0, "--mss-maximum", "88..65535 or 0: by the path (default 0)", NULL },

/* ---- columns --------------------------------------------------------------------------------------------------------------- */
#define OP_LB_TABLES                                                                                                               \
	OP_TABLES({ "load_balancers", NULL,                                                                                         \
		    OP_COLUMNS({ "name", "NAME", OP_TEXT }, { "type", "TYPE", OP_TEXT }, { "addresses", "ADDRESSES", OP_LIST },     \
			       { "announce", "ANNOUNCE", OP_TEXT }, { "interfaces", "INTERFACES", OP_LIST },                       \
			       { "listeners", "LISTENERS", OP_LIST }, { "state", "STATE", OP_TEXT }, ) }, )

#define OP_LISTENER_TABLES                                                                                                         \
	OP_TABLES({ "listeners", NULL,                                                                                              \
		    OP_COLUMNS({ "name", "LISTENER", OP_TEXT }, { "addresses", "ADDRESSES", OP_LIST },                              \
			       { "forward", "TARGET GROUP", OP_TEXT }, { "security_groups", "SECURITY GROUPS", OP_LIST },           \
			       { "tcp_idle_timeout", "TCP IDLE", OP_AGE },                                                          \
			       { "udp_idle_timeout", "UDP IDLE", OP_AGE }, { "new_flows", "NEW FLOWS", OP_COUNT },                  \
			       { "new_flows_per_s", "NEW/S", OP_RATE }, { "packets", "PACKETS", OP_COUNT },                         \
			       { "bytes", "BYTES", OP_BYTES }, { "dropped", "DROPPED", OP_COUNT }, ) }, )

#define OP_RULE_TABLES                                                                                                             \
	OP_TABLES({ "rules", NULL,                                                                                                  \
		    OP_COLUMNS({ "listener", "LISTENER", OP_TEXT }, { "priority", "PRIORITY", OP_COUNT },                           \
			       { "source_ip", "SOURCE IP", OP_TEXT }, { "forward", "TARGET GROUP", OP_TEXT },                       \
			       { "sticky", "STICKY", OP_TEXT }, ) }, )

#define OP_TG_TABLES                                                                                                               \
	OP_TABLES({ "target_groups", NULL,                                                                                          \
		    OP_COLUMNS({ "name", "NAME", OP_TEXT }, { "protocol", "PROTOCOL", OP_TEXT }, { "port", "PORT", OP_COUNT },      \
			       { "forwarding", "FORWARDING", OP_TEXT }, { "health_check_text", "HEALTH CHECK", OP_TEXT },           \
			       { "targets", "TARGETS", OP_COUNT }, { "healthy", "HEALTHY", OP_COUNT },                              \
			       { "state", "STATE", OP_TEXT }, { "used_by", "USED BY", OP_LIST }, ) }, )

#define OP_TARGET_TABLES                                                                                                           \
	OP_TABLES({ "targets", NULL,                                                                                                \
		    OP_COLUMNS({ "target_group", "TARGET GROUP", OP_TEXT }, { "target", "TARGET", OP_TEXT },                        \
			       { "weight", "WEIGHT", OP_COUNT }, { "share_pct", "SHARE", OP_PERCENT },                              \
			       { "state", "STATE", OP_TEXT }, { "since_s", "SINCE", OP_AGE }, { "flows", "FLOWS", OP_COUNT },       \
			       { "new_flows_per_s", "NEW/S", OP_RATE }, { "next_hop", "NEXT HOP", OP_TEXT },                        \
			       { "description", "REASON", OP_TEXT }, ) }, )

#define OP_STATS_TABLES                                                                                                            \
	OP_TABLES({ "verdicts", "Packets by verdict",                                                                               \
		    OP_COLUMNS({ "verdict", "VERDICT", OP_TEXT }, { "action", "ACTION", OP_TEXT },                                  \
			       { "packets", "PACKETS", OP_COUNT }, { "bytes", "BYTES", OP_BYTES },                                  \
			       { "packets_per_s", "PACKETS/S", OP_RATE }, { "help", "MEANING", OP_TEXT }, ) },                      \
		  { "listeners", "Listeners",                                                                                       \
		    OP_COLUMNS({ "name", "LISTENER", OP_TEXT }, { "packets", "PACKETS", OP_COUNT },                                 \
			       { "bytes", "BYTES", OP_BYTES }, { "new_flows", "NEW FLOWS", OP_COUNT },                              \
			       { "new_flows_per_s", "NEW/S", OP_RATE }, { "dropped", "DROPPED", OP_COUNT }, ) },                    \
		  { "targets", "Targets",                                                                                           \
		    OP_COLUMNS({ "target_group", "TARGET GROUP", OP_TEXT }, { "target", "TARGET", OP_TEXT },                        \
			       { "packets", "PACKETS", OP_COUNT }, { "bytes", "BYTES", OP_BYTES },                                  \
			       { "reply_packets", "REPLIES", OP_COUNT }, { "reply_bytes", "REPLY BYTES", OP_BYTES },                \
			       { "new_flows", "NEW FLOWS", OP_COUNT }, { "ports_exhausted", "PORTS EXHAUSTED", OP_COUNT }, ) },     \
		  { "tables", "Tables",                                                                                             \
		    OP_COLUMNS({ "table", "TABLE", OP_TEXT }, { "used", "USED", OP_COUNT }, { "size", "SIZE", OP_COUNT },           \
			       { "used_pct", "USED %", OP_PERCENT }, ) }, )

#define OP_FLOW_TABLES                                                                                                             \
	OP_TABLES({ "flows", NULL,                                                                                                  \
		    OP_COLUMNS({ "protocol", "PROTO", OP_TEXT }, { "client", "CLIENT", OP_TEXT }, { "vip", "VIP", OP_TEXT },        \
			       { "target_group", "TARGET GROUP", OP_TEXT }, { "target", "TARGET", OP_TEXT },                        \
			       { "source", "SOURCE (NAT)", OP_TEXT }, { "state", "STATE", OP_TEXT }, { "age_s", "AGE", OP_AGE },    \
			       { "idle_s", "IDLE", OP_AGE }, { "proxy_header", "PROXY", OP_TEXT }, ) }, )

#define OP_HISTORY_TABLES                                                                                                          \
	OP_TABLES({ "changes", NULL,                                                                                                \
		    OP_COLUMNS({ "change", "CHANGE", OP_COUNT }, { "when", "WHEN", OP_TEXT }, { "who", "WHO", OP_TEXT },            \
			       { "operation", "OPERATION", OP_TEXT }, { "summary", "SUMMARY", OP_TEXT }, ) }, )

#define OP_SG_TABLES                                                                                                               \
	OP_TABLES({ "security_groups", NULL,                                                                                        \
		    OP_COLUMNS({ "name", "NAME", OP_TEXT }, { "allowed", "ALLOWED", OP_COUNT }, { "denied", "DENIED", OP_COUNT },   \
			       { "others", "OTHERS", OP_TEXT }, { "used_by", "USED BY", OP_LIST }, ) }, )

#define OP_SG_RULE_TABLES                                                                                                          \
	OP_TABLES({ "rules", NULL, OP_COLUMNS({ "source", "SOURCE", OP_TEXT }, { "action", "ACTION", OP_TEXT }, ) }, )

#define OP_SG_PREFIXES(flags)                                                                                                      \
	{ "allow", OP_STRINGS, flags, "--allow", "source prefix that is allowed; may be repeated (modify: replaces all)", NULL },   \
	{ "deny", OP_STRINGS, flags, "--deny", "source prefix that is denied; may be repeated (modify: replaces all)", NULL },

#define OP_SG_SOURCES                                                                                                              \
	{ "name", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "SG", "security group", NULL },                                           \
	{ "sources", OP_STRINGS, OP_REQUIRED | OP_POSITIONAL, "PREFIX", "source prefixes", NULL },

/* ---- the table -------------------------------------------------------------------------------------------------------------- */
static const struct operation operations[] = {
	{ "ApplyState", "apply", true, "make the state match a file; prints the plan",
	  OP_FIELDS({ "text", OP_STRING, OP_REQUIRED | OP_FILE, "-f", "FILE in YAML or JSON, - for standard input", NULL },
		    { "source", OP_STRING, OP_HIDDEN, NULL, "name of the file, for messages", NULL }, OP_DRY_RUN),
	  NULL },
	{ "DiffState", "diff", false, "show what apply would change and what it would move",
	  OP_FIELDS({ "text", OP_STRING, OP_REQUIRED | OP_FILE, "-f", "FILE in YAML or JSON, - for standard input", NULL },
		    { "source", OP_STRING, OP_HIDDEN, NULL, "name of the file, for messages", NULL }, ),
	  NULL },
	{ "ExportState", "export", false, "print the state as a file that applies to itself",
	  OP_FIELDS({ "all", OP_BOOL, 0, "--all", "defaults too", NULL }, ), NULL },

	{ "DescribeLoadBalancers", "lb list", false, "list load balancers", OP_FIELDS(), OP_LB_TABLES },
	{ "DescribeLoadBalancers", "lb show", false, "show one load balancer",
	  OP_FIELDS({ "name", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "NAME", "load balancer", NULL }, ), OP_LB_TABLES },
	{ "CreateLoadBalancer", "lb create", true, "create a load balancer",
	  OP_FIELDS({ "name", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "NAME", "1..32 letters, digits, hyphens", NULL },
		    { "type", OP_STRING, 0, "--type", "only network today, the default", "network" },
		    OP_LB_ADDRESSES(OP_REQUIRED) OP_LB_SETTINGS OP_DRY_RUN),
	  NULL },
	{ "ModifyLoadBalancer", "lb modify", true, "change a load balancer; what is not named stays",
	  OP_FIELDS({ "name", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "NAME", "load balancer", NULL },
		    OP_LB_ADDRESSES(0) OP_LB_SETTINGS OP_DRY_RUN),
	  NULL },
	{ "DeleteLoadBalancer", "lb delete", true, "delete a load balancer and its listeners",
	  OP_FIELDS({ "name", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "NAME", "load balancer", NULL }, OP_DRY_RUN), NULL },

	{ "DescribeListeners", "listener list", false, "list listeners",
	  OP_FIELDS({ "load_balancer", OP_STRING, OP_POSITIONAL, "LB", "only of this load balancer", NULL }, ), OP_LISTENER_TABLES },
	{ "DescribeListeners", "listener show", false, "show one listener",
	  OP_FIELDS({ "name", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "LISTENER", "LB/PROTOCOL:PORT", NULL }, ), OP_LISTENER_TABLES },
	{ "CreateListener", "listener create", true, "create a listener",
	  OP_FIELDS({ "load_balancer", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "LB", "load balancer", NULL },
		    { "protocol", OP_STRING, OP_REQUIRED, "--protocol", "protocol", "TCP|UDP|TCP_UDP" },
		    { "port", OP_PORTS, OP_REQUIRED, "--port", "1..65535, FIRST-LAST or all", NULL },
		    OP_LISTENER_FORWARD(OP_REQUIRED) OP_LISTENER_SETTINGS OP_DRY_RUN),
	  NULL },
	{ "ModifyListener", "listener modify", true, "change a listener; what is not named stays",
	  OP_FIELDS({ "name", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "LISTENER", "LB/PROTOCOL:PORT", NULL },
		    { "protocol", OP_STRING, 0, "--protocol", "protocol", "TCP|UDP|TCP_UDP" },
		    { "port", OP_PORTS, 0, "--port", "1..65535, FIRST-LAST or all", NULL }, OP_LISTENER_FORWARD(0) OP_LISTENER_SETTINGS OP_DRY_RUN),
	  NULL },
	{ "DeleteListener", "listener delete", true, "delete a listener",
	  OP_FIELDS({ "name", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "LISTENER", "LB/PROTOCOL:PORT", NULL }, OP_DRY_RUN), NULL },

	{ "DescribeRules", "rule list", false, "list rules of listeners",
	  OP_FIELDS({ "listener", OP_STRING, OP_POSITIONAL, "LISTENER", "only of this listener", NULL }, ), OP_RULE_TABLES },
	{ "CreateRule", "rule create", true, "create a rule: an action for some of a listener's flows",
	  OP_FIELDS({ "listener", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "LISTENER", "LB/PROTOCOL:PORT", NULL },
		    { "priority", OP_NUMBER, OP_REQUIRED | OP_POSITIONAL, "PRIORITY", "1..50000; the lowest that fits decides", NULL },
		    OP_RULE_SETTINGS(OP_REQUIRED) OP_DRY_RUN),
	  NULL },
	{ "ModifyRule", "rule modify", true, "change a rule; what is not named stays",
	  OP_FIELDS({ "listener", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "LISTENER", "LB/PROTOCOL:PORT", NULL },
		    { "priority", OP_NUMBER, OP_REQUIRED | OP_POSITIONAL, "PRIORITY", "of the rule", NULL },
		    OP_RULE_SETTINGS(0) OP_DRY_RUN),
	  NULL },
	{ "DeleteRule", "rule delete", true, "delete a rule",
	  OP_FIELDS({ "listener", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "LISTENER", "LB/PROTOCOL:PORT", NULL },
		    { "priority", OP_NUMBER, OP_REQUIRED | OP_POSITIONAL, "PRIORITY", "of the rule", NULL }, OP_DRY_RUN),
	  NULL },

	{ "DescribeTargetGroups", "tg list", false, "list target groups", OP_FIELDS(), OP_TG_TABLES },
	{ "DescribeTargetGroups", "tg show", false, "show one target group",
	  OP_FIELDS({ "name", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "TG", "target group", NULL }, ), OP_TG_TABLES },
	{ "CreateTargetGroup", "tg create", true, "create a target group",
	  OP_FIELDS({ "name", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "TG", "1..32 letters, digits, hyphens", NULL },
		    { "protocol", OP_STRING, OP_REQUIRED, "--protocol", "protocol", "TCP|UDP|TCP_UDP" },
		    { "port", OP_NUMBER, OP_REQUIRED, "--port", "of targets that name none, 1..65535", NULL }, OP_TG_SETTINGS OP_DRY_RUN),
	  NULL },
	{ "ModifyTargetGroup", "tg modify", true, "change a target group; what is not named stays",
	  OP_FIELDS({ "name", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "TG", "target group", NULL }, OP_TG_SETTINGS OP_DRY_RUN), NULL },
	{ "DeleteTargetGroup", "tg delete", true, "delete a target group that no listener uses",
	  OP_FIELDS({ "name", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "TG", "target group", NULL }, OP_DRY_RUN), NULL },

	{ "DescribeTargetHealth", "target list", false, "list targets with health, reason, flows",
	  OP_FIELDS({ "target_group", OP_STRING, OP_POSITIONAL, "TG", "only of this target group", NULL }, ), OP_TARGET_TABLES },
	{ "RegisterTargets", "target add", true, "add targets, or take drained ones back",
	  OP_FIELDS({ "target_group", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "TG", "target group", NULL },
		    { "targets", OP_STRINGS, OP_REQUIRED | OP_POSITIONAL, "ADDR[:PORT]", "targets", NULL },
		    { "weight", OP_NUMBER, 0, "--weight", "0..999 (default 1)", NULL }, OP_DRY_RUN),
	  NULL },
	{ "DeregisterTargets", "target remove", true, "remove targets: no new flows, open ones go on for the deregistration delay",
	  OP_FIELDS({ "target_group", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "TG", "target group", NULL },
		    { "targets", OP_STRINGS, OP_REQUIRED | OP_POSITIONAL, "ADDR[:PORT]", "targets", NULL },
		    { "now", OP_BOOL, 0, "--now", "end open flows at once", NULL }, OP_DRY_RUN),
	  NULL },
	{ "DrainTargets", "target drain", true, "drain targets: like remove, but they stay listed until added again or removed",
	  OP_FIELDS({ "target_group", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "TG", "target group", NULL },
		    { "targets", OP_STRINGS, OP_REQUIRED | OP_POSITIONAL, "ADDR[:PORT]", "targets", NULL }, OP_DRY_RUN),
	  NULL },
	{ "ModifyTargets", "target weight", true, "change the weight of targets",
	  OP_FIELDS({ "target_group", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "TG", "target group", NULL },
		    { "targets", OP_STRINGS, OP_REQUIRED | OP_POSITIONAL, "ADDR[:PORT]", "targets", NULL },
		    { "weight", OP_NUMBER, OP_REQUIRED, "--weight", "0..999; 0: no new flows", NULL }, OP_DRY_RUN),
	  NULL },

	{ "DescribeSecurityGroups", "sg list", false, "list security groups", OP_FIELDS(), OP_SG_TABLES },
	{ "DescribeSecurityGroups", "sg show", false, "show one security group",
	  OP_FIELDS({ "name", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "SG", "security group", NULL }, ), OP_SG_TABLES },
	{ "DescribeSecurityGroups", "sg rules", false, "list the prefixes of one security group",
	  OP_FIELDS({ "name", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "SG", "security group", NULL }, ), OP_SG_RULE_TABLES },
	{ "CreateSecurityGroup", "sg create", true, "create a security group: source prefixes that listeners allow or deny",
	  OP_FIELDS({ "name", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "SG", "1..32 letters, digits, hyphens", NULL },
		    OP_SG_PREFIXES(0) OP_DRY_RUN),
	  NULL },
	{ "ModifySecurityGroup", "sg modify", true, "replace the prefixes of a security group; what is not named stays",
	  OP_FIELDS({ "name", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "SG", "security group", NULL }, OP_SG_PREFIXES(0) OP_DRY_RUN), NULL },
	{ "AuthorizeSecurityGroupIngress", "sg allow", true, "allow source prefixes", OP_FIELDS(OP_SG_SOURCES OP_DRY_RUN), NULL },
	{ "DenySecurityGroupIngress", "sg deny", true, "deny source prefixes", OP_FIELDS(OP_SG_SOURCES OP_DRY_RUN), NULL },
	{ "RevokeSecurityGroupIngress", "sg revoke", true, "take source prefixes out of a security group",
	  OP_FIELDS(OP_SG_SOURCES OP_DRY_RUN), NULL },
	{ "DeleteSecurityGroup", "sg delete", true, "delete a security group that no listener uses",
	  OP_FIELDS({ "name", OP_STRING, OP_REQUIRED | OP_POSITIONAL, "SG", "security group", NULL }, OP_DRY_RUN), NULL },

	{ "GetStatus", "status", false, "the node at a glance: interfaces, modes, load balancers, what is wrong", OP_FIELDS(), NULL },
	{ "DescribeStats", "stats", false, "counters: verdicts, listeners, targets, tables",
	  OP_FIELDS({ "all", OP_BOOL, 0, "--all", "verdicts that never happened too", NULL },
		    { "drops", OP_BOOL, 0, "--drops", "only why packets were dropped: verdicts with action DROP, no other table", NULL }, ),
	  OP_STATS_TABLES },
	{ "DescribeFlows", "flows", false, "flows as the data path knows them",
	  OP_FIELDS({ "client", OP_STRING, 0, "--client", "ADDR or ADDR:PORT", NULL }, { "vip", OP_STRING, 0, "--vip", "ADDR or ADDR:PORT", NULL },
		    { "target_group", OP_STRING, 0, "--target-group", "target group", NULL },
		    { "target", OP_STRING, 0, "--target", "ADDR or ADDR:PORT, with --target-group", NULL },
		    { "protocol", OP_STRING, 0, "--protocol", "protocol", "TCP|UDP" },
		    { "limit", OP_NUMBER, 0, "--limit", "1..100000 (default 100)", NULL }, ),
	  OP_FLOW_TABLES },
	{ "DescribeHistory", "history", false, "changes of the state, newest first",
	  OP_FIELDS({ "limit", OP_NUMBER, 0, "--limit", "1..1000 (default 20)", NULL }, ), OP_HISTORY_TABLES },
	{ "DetachDataPath", "detach", true, "take the data path down: program, maps, VIP addresses; leatd ends. The state is kept",
	  OP_FIELDS(), NULL },
	{ "GetVersion", "version", false, "versions of leatctl and leatd", OP_FIELDS(), NULL },
};

#define OPERATION_COUNT (sizeof(operations) / sizeof(operations[0]))

#endif
