/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every metric that Leat exports: one row each, and the only place where a name, a label or a help text is written.
 *
 *     METRIC(id, name, kind, unit, labels, help)
 *
 * id      enum metric_id gets METRIC_<id> (user/metrics/metrics.h)
 * name    exported as "leat_<name>"; counters end in _total
 * kind    COUNTER (only grows until the process or the pinned map starts anew) or GAUGE
 * unit    what one step of the value is, for the documentation; "" for a plain number
 * labels  names in the order of the values given to metrics_add(), separated by commas; "" for none
 *
 * Label values: load_balancer, target_group: names of the desired state; listener: "TCP:80"; target: "10.0.0.1:80",
 * "[2001:db8::1]:80"; verdict, table, operation: names of their own tables in include/leat/.
 *
 * Rows of one subject stay together; the exposition has the order of this table.
 */
#ifndef LEAT_METRIC_NAMES_H
#define LEAT_METRIC_NAMES_H

/* clang-format off */
#define LEAT_METRICS(METRIC)                                                                        \
	METRIC(BUILD_INFO, "build_info", GAUGE, "", "version",                                      \
	       "Always 1; the label tells the version of the running leatd.")                       \
	METRIC(START_TIME_SECONDS, "start_time_seconds", GAUGE, "seconds", "",                      \
	       "When this leatd started, in seconds since 1970.")                                   \
	METRIC(CONFIG_CHANGE_NUMBER, "config_change_number", GAUGE, "", "",                         \
	       "Number of the change of the desired state that is in force.")                       \
	METRIC(XDP_ATTACHED, "xdp_attached", GAUGE, "", "interface,mode",                           \
	       "1 while the XDP program is attached to the interface in this mode (native, generic).") \
	METRIC(INTERFACE_UP, "interface_up", GAUGE, "", "interface",                                \
	       "1 while an interface that carries the program is up with carrier, else 0.")         \
	METRIC(INTERFACE_TRANSMITS, "interface_transmits", GAUGE, "", "interface",                  \
	       "1 while its driver transmits what XDP redirects to the interface, 0 when such packets vanish.") \
	                                                                                            \
	METRIC(VERDICT_PACKETS, "verdict_packets_total", COUNTER, "packets", "verdict",             \
	       "Packets by how their walk through the XDP program ended.")                          \
	METRIC(VERDICT_BYTES, "verdict_bytes_total", COUNTER, "bytes", "verdict",                   \
	       "Bytes by how the walk through the XDP program ended.")                              \
	                                                                                            \
	METRIC(LISTENER_PACKETS, "listener_packets_total", COUNTER, "packets", "load_balancer,listener", \
	       "Packets from clients that a listener took.")                                        \
	METRIC(LISTENER_BYTES, "listener_bytes_total", COUNTER, "bytes", "load_balancer,listener",  \
	       "Bytes from clients that a listener took.")                                          \
	METRIC(LISTENER_NEW_FLOWS, "listener_new_flows_total", COUNTER, "flows", "load_balancer,listener", \
	       "Flows that began at a listener.")                                                   \
	                                                                                            \
	METRIC(TARGET_PACKETS, "target_packets_total", COUNTER, "packets", "target_group,target",   \
	       "Packets forwarded from clients to a target.")                                       \
	METRIC(TARGET_BYTES, "target_bytes_total", COUNTER, "bytes", "target_group,target",         \
	       "Bytes forwarded from clients to a target.")                                         \
	METRIC(TARGET_REPLY_PACKETS, "target_reply_packets_total", COUNTER, "packets", "target_group,target", \
	       "Packets forwarded from a target to clients; always 0 with direct server return.")   \
	METRIC(TARGET_REPLY_BYTES, "target_reply_bytes_total", COUNTER, "bytes", "target_group,target", \
	       "Bytes forwarded from a target to clients; always 0 with direct server return.")     \
	METRIC(TARGET_NEW_FLOWS, "target_new_flows_total", COUNTER, "flows", "target_group,target", \
	       "Flows that were given to a target.")                                                \
	METRIC(TARGET_FLOWS, "target_flows", GAUGE, "flows", "target_group,target",                 \
	       "Flows that a target has now.")                                                      \
	METRIC(TARGET_HEALTH, "target_health", GAUGE, "", "target_group,target,state",              \
	       "1 for the health state a target is in, 0 for the others.")                          \
	METRIC(TARGET_WEIGHT, "target_weight", GAUGE, "", "target_group,target",                    \
	       "Configured weight of a target.")                                                    \
	                                                                                            \
	METRIC(TARGET_GROUP_HEALTHY_TARGETS, "target_group_healthy_targets", GAUGE, "targets", "target_group", \
	       "Registered targets of a target group that are healthy.")                            \
	METRIC(TARGET_GROUP_FAIL_OPEN, "target_group_fail_open", GAUGE, "", "target_group",         \
	       "1 while all targets get traffic because too few of them are healthy.")              \
	                                                                                            \
	METRIC(FLOWS, "flows", GAUGE, "flows", "table",                                             \
	       "Entries of a flow table in use.")                                                   \
	METRIC(FLOWS_MAX, "flows_max", GAUGE, "flows", "table",                                     \
	       "Entries that a flow table can hold.")                                               \
	METRIC(NAT_PORTS_EXHAUSTED, "nat_ports_exhausted_total", COUNTER, "flows", "",              \
	       "Flows refused because no source port towards their target was free.")               \
	                                                                                            \
	METRIC(HEALTH_CHECKS, "health_checks_total", COUNTER, "checks", "target_group,result",      \
	       "Health checks that ended, by result.")                                              \
	METRIC(HEALTH_CHECK_TRANSITIONS, "health_check_transitions_total", COUNTER, "transitions", "", \
	       "Changes of a target's health state.")                                               \
	METRIC(NEIGHBOURS, "neighbours", GAUGE, "neighbours", "state",                              \
	       "Next hops that the data path needs, by the state of their resolution.")             \
	                                                                                            \
	METRIC(RECONCILE, "reconcile_total", COUNTER, "runs", "",                                   \
	       "Times the maps were brought in line with the desired state.")                       \
	METRIC(RECONCILE_ERRORS, "reconcile_errors_total", COUNTER, "runs", "",                     \
	       "Reconciliations that failed; the last good state stays in force.")                  \
	METRIC(RECONCILE_DURATION_SECONDS, "reconcile_duration_seconds", GAUGE, "seconds", "",      \
	       "How long the last reconciliation took.")                                            \
	METRIC(STORE_COMMIT_ERRORS, "store_commit_errors_total", COUNTER, "changes", "",            \
	       "Changes refused because they could not be made durable.")                           \
	METRIC(API_REQUESTS, "api_requests_total", COUNTER, "requests", "operation,code",           \
	       "Requests to the control API, by operation and HTTP status code.")
/* clang-format on */

#endif
