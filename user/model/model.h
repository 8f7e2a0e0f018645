/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The nouns: load balancer, listener, target group, target, as the operator wants them (desired
 * state). Pure data: no system call, no clock. A model is built aside (model_new, model_add_…),
 * validated (model_validate), frozen by being handed out as const; afterwards nobody changes it and
 * it is freed as a whole. Words, defaults, limits: AWS ELBv2; where Leat differs a comment says so.
 * The health state machine of a target is health_state.h, comparing two models is diff.h; both come
 * with this door.
 */
#ifndef LEAT_MODEL_MODEL_H
#define LEAT_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/prefix.h"

/* ---- limits, each with a test at the limit and one past it --------------------------------- */
#define MODEL_NAME_MAX		      32 /* characters [A-Za-z0-9-], no hyphen at either end */
#define MODEL_LOAD_BALANCERS_MAX      1000
#define MODEL_ADDRESSES_MAX	      64   /* per load balancer */
#define MODEL_LISTENERS_MAX	      1000 /* per load balancer */
#define MODEL_TARGET_GROUPS_MAX	      3000
#define MODEL_TARGETS_MAX	      10000 /* per target group; AWS: 1000 */
#define MODEL_INTERFACES_MAX	      64    /* per load balancer */
#define MODEL_SECURITY_GROUPS_MAX     1000
#define MODEL_SOURCES_MAX	      100000 /* prefixes allowed, and prefixes denied, per security group */
#define MODEL_GROUPS_PER_LISTENER_MAX 16 /* security groups; AWS: 5 per load balancer */
/* The data path's maps: (address, port, IP protocol) over all load balancers, NLB_MAX_LISTENERS;
 * targets over all target groups, NLB_MAX_TARGETS. */
#define MODEL_VIPS_MAX		       16384
#define MODEL_TARGETS_TOTAL_MAX	       65536
#define MODEL_INTERFACE_NAME_MAX       15  /* the kernel's IFNAMSIZ, without the zero */
#define MODEL_WEIGHT_MAX	       999 /* AWS's range of weights; 0: takes no new flows */
#define MODEL_WEIGHT_DEFAULT	       1
#define MODEL_PATH_MAX		       1024
#define MODEL_MATCHER_RANGES_MAX       64
#define MODEL_MATCHER_STATUS_MIN       200 /* AWS's range for network load balancers */
#define MODEL_MATCHER_STATUS_MAX       599
#define MODEL_HC_INTERVAL_DEFAULT_S    30
#define MODEL_HC_INTERVAL_MAX_S	       300 /* minimum 1; AWS: 5 */
#define MODEL_HC_TIMEOUT_TCP_S	       10  /* default; cut to the interval when that is shorter */
#define MODEL_HC_TIMEOUT_HTTP_S	       6
#define MODEL_HC_TIMEOUT_MAX_S	       120 /* minimum 1; at most the interval */
#define MODEL_HC_HEALTHY_DEFAULT       5   /* thresholds: 1..10; AWS: 2..10 */
#define MODEL_HC_UNHEALTHY_DEFAULT     2
#define MODEL_HC_THRESHOLD_MAX	       10
#define MODEL_DEREGISTRATION_DEFAULT_S 300
#define MODEL_DEREGISTRATION_MAX_S     3600
#define MODEL_TCP_IDLE_DEFAULT_S       350 /* 60..6000 at AWS; 1..6000 here */
#define MODEL_UDP_IDLE_DEFAULT_S       120 /* AWS: fixed; 1..6000 here */
#define MODEL_IDLE_MAX_S	       6000
#define MODEL_FORWARD_GROUPS_MAX       5     /* target groups of an action; AWS's limit */
#define MODEL_RULES_MAX		       100   /* per load balancer; AWS's limit */
#define MODEL_PRIORITY_MAX	       50000 /* of a rule; AWS's limit */
/* Prefixes of VIPs: what is shorter would be a whole provider's. */
#define MODEL_PREFIX_MIN_IPV4 8
#define MODEL_PREFIX_MIN_IPV6 16
#define MODEL_PORT_MAX	      65535
#define MODEL_FLOWS_PER_SOURCE_MAX     1000000 /* new flows a second of one source, and their burst */
#define MODEL_MSS_MIN		       88 /* no host announces less (Linux's TCP_MIN_MSS) */
#define MODEL_MSS_MAX		       65535

enum lb_type { LB_NETWORK = 1, LB_APPLICATION };
/* How the network learns that a VIP lives here. ANNOUNCE_ROUTE (for a BGP daemon) is refused until
 * it exists. */
enum lb_announce { ANNOUNCE_ADDRESS = 1, ANNOUNCE_NONE };
enum protocol { PROTOCOL_TCP = 1, PROTOCOL_UDP, PROTOCOL_TCP_UDP };
enum forwarding {
	FORWARDING_NAT = 1,
	FORWARDING_L2,
	FORWARDING_DNAT,
	FORWARDING_IPIP,
	FORWARDING_GUE
};
enum hc_protocol { HC_TCP = 1, HC_HTTP };
enum proxy_placement { PROXY_ON_FIRST_ACK = 1, PROXY_ON_FIRST_PAYLOAD };
/* TARGET_TYPE_ALB: what listens on this host at the load balancer's address itself. */
enum target_type { TARGET_TYPE_IP = 1, TARGET_TYPE_ALB };
enum source_ip { SOURCE_IPV4 = 1, SOURCE_IPV6 };

struct load_balancer {
	const char *name;
	enum lb_type type; /* only LB_NETWORK validates today */
	enum lb_announce announce;
	struct addr *addresses; /* VIPs, in the order written */
	size_t address_count;
	struct prefix *prefixes; /* VIPs that are more than one address, in the order written */
	size_t prefix_count;
	const char **interfaces; /* where addresses are announced; none: the node's first */
	size_t interface_count;
	struct listener *listeners;
	size_t listener_count;
	unsigned line; /* of the file it came from, 0: none; so in every noun */
};

/* One of the target groups that an action shares the flows among. */
struct forward_group {
	const char *name;
	unsigned weight; /* 0: no new flows */
	const struct target_group *target_group; /* set by model_validate() */
	unsigned line;
};

struct action {
	struct forward_group *groups; /* at least one */
	size_t group_count;
	bool sticky; /* stickiness.enabled: a client address keeps its group */
};

/* Who comes by the family gets the action. A VIP's clients are of its family. */
struct rule {
	unsigned priority; /* the lowest that fits decides; 1..MODEL_PRIORITY_MAX */
	enum source_ip source_ip;
	struct action action;
	unsigned line;
};

struct listener {
	enum protocol protocol;
	uint16_t port;	    /* host order, 1..65535; the first of a range */
	uint16_t last_port; /* the same as port: no range; 0: the same, before validation */
	struct action default_action;
	struct rule *rules;
	size_t rule_count;
	unsigned tcp_idle_s; /* attribute tcp.idle_timeout.seconds */
	unsigned udp_idle_s; /* attribute udp.idle_timeout.seconds (Leat's own) */
	const char **security_groups; /* names; none: every source is allowed */
	size_t security_group_count;
	/* attributes new_flows_per_source.per_second, 0: no limit, and ….burst, 0: a second's worth
	 * (Leat's own) */
	unsigned flows_per_source, flows_per_source_burst;
	unsigned line;
};

/* Who may use a listener. Leat's own in form: one list of prefixes for each answer. */
struct security_group {
	const char *name;
	struct prefix *allow, *deny;
	size_t allow_count, deny_count;
	unsigned line;
};

struct status_range {
	uint16_t first, last; /* inclusive */
};

struct health_check {
	/* false: targets count as healthy without being asked (state `unavailable` at AWS; here
	 * healthy, reason Target.HealthCheckDisabled) */
	bool enabled;
	enum hc_protocol protocol;
	uint16_t port;		      /* 0: traffic-port */
	const char *path;	      /* HTTP; NULL: "/" after validation; with TCP always NULL */
	struct status_range *matcher; /* HTTP; none: 200-399 after validation */
	size_t matcher_count;
	unsigned interval_s;
	unsigned timeout_s; /* 0: by protocol, at most the interval, after validation */
	unsigned healthy_threshold, unhealthy_threshold;
};

struct target {
	struct addr address;
	uint16_t port; /* host order; 0: the target group's, after validation */
	unsigned weight;
	/* `leatctl target drain`: takes no new flows, open ones go on for the deregistration delay
	 */
	bool drain;
	unsigned line;
};

struct target_group {
	const char *name;
	enum protocol protocol;
	uint16_t port;
	enum forwarding forwarding;
	enum target_type target_type;
	struct health_check health_check;
	/* TARGET_TYPE_ALB: none is written; validation makes one of each address and port that
	 * forwards here, for the health checks */
	struct target *targets;
	size_t target_count;
	/* ---- attributes; the file's key is AWS's name ---- */
	/* deregistration_delay.timeout_seconds */
	unsigned deregistration_delay_s;
	/* stickiness.enabled with stickiness.type source_ip: hash by source address */
	bool source_ip_stickiness;
	/* preserve_port.enabled: nat leaves the port that the client sent to (Leat's own) */
	bool preserve_port;
	/* target_group_health.unhealthy_state_routing.minimum_healthy_targets.count, 1, and
	 * ….percentage, 0: off */
	unsigned min_healthy_count;
	unsigned min_healthy_pct;
	/* target_health_state.unhealthy.connection_termination.enabled; has_: it was written, else
	 * validation fills it in: TCP true, others false */
	bool unhealthy_connection_termination;
	bool has_unhealthy_connection_termination;
	/* tcp.mss.maximum (Leat's own), 0: what the path to the target carries */
	unsigned mss_max;

	/* proxy_protocol_v2.enabled, ….client_to_server.header_placement, ….health_checks.enabled */
	bool proxy_protocol;
	enum proxy_placement proxy_placement;
	bool proxy_health_checks; /* only with proxy_protocol */

	bool has_own_targets; /* TARGET_TYPE_ALB: validation made them */
	bool in_use; /* some listener forwards to it; set by model_validate() */
	unsigned line;
};

struct model {
	struct arena *arena; /* owns everything below */
	struct load_balancer *load_balancers;
	size_t load_balancer_count;
	struct target_group *target_groups;
	size_t target_group_count;
	struct security_group *security_groups;
	size_t security_group_count;
	const char *source; /* file name for messages, NULL: came by API */
};

struct model *model_new(const char *source);
void model_free(struct model *model); /* NULL is fine */

/* Append a noun with every default set; the caller fills it in. Pointers into the arrays are valid
 * until the next append of the same kind. */
struct load_balancer *model_add_load_balancer(struct model *model, const char *name);
struct listener *model_add_listener(struct model *model, struct load_balancer *lb);
void model_add_address(struct model *model, struct load_balancer *lb, const struct addr *address);
void model_add_prefix(struct model *model, struct load_balancer *lb, const struct prefix *prefix);
struct rule *model_add_rule(struct model *model, struct listener *listener);
struct forward_group *model_add_forward(struct model *model, struct action *action,
					const char *name);
struct target_group *model_add_target_group(struct model *model, const char *name);
struct target *model_add_target(struct model *model, struct target_group *tg);
struct security_group *model_add_security_group(struct model *model, const char *name);

/* Resolves names, fills defaults that depend on other fields (a target's port, timeout,
 * protocol-dependent attributes) and checks everything that one field alone can't tell: duplicate
 * names, missing target group, VIP used twice (same address, port and protocol in two listeners,
 * across load balancers), address family mismatch between VIP and target (check_relations.c), a
 * target that is a VIP, duplicate targets, protocol mismatch between listener and group (elbv2.md
 * 3.1), ports with l2, limits above, unusable addresses (unspecified, multicast, loopback,
 * broadcast, v6 link-local, IPv4-mapped). -EINVAL with "FILE:LINE: listener 'edge/TCP:80': …"
 * (without FILE:LINE when unknown). May be called again. */
__must_check int model_validate(struct model *model, struct err *err);

/* NULL when there is none. */
const struct load_balancer *model_find_load_balancer(const struct model *model, const char *name);
const struct target_group *model_find_target_group(const struct model *model, const char *name);
const struct security_group *model_find_security_group(const struct model *model, const char *name);
const struct target *model_find_target(const struct target_group *tg, const struct addr *address,
				       uint16_t port);
/* Does a listener of the (validated) model forward to it? If not, its targets are `unused`,
 * Target.NotInUse. */
bool model_is_in_use(const struct model *model, const struct target_group *tg);
/* Has the load balancer an address, the group a target of the family (AF_INET, AF_INET6)? */
bool model_has_family(const struct load_balancer *lb, int family);
/* What the (validated) listener does with new flows to a VIP of the family: the first rule's that
 * fits, else the default. */
const struct action *listener_action(const struct listener *listener, int family);
/* Does any of the listener's actions name the group? */
bool listener_forwards_to(const struct listener *listener, const char *target_group);
/* Does this host serve it itself (an action of the validated model)? */
bool action_is_local(const struct action *action);
bool listener_has_range(const struct listener *listener);
/* "80", "5000-5999", "all" into text; returns text. _parse takes the same; -EINVAL with why. */
#define PORTS_TEXT_MAX 12
char *ports_format(uint16_t first, uint16_t last, char text[PORTS_TEXT_MAX]);
__must_check int ports_parse(const char *text, uint16_t *first, uint16_t *last, struct err *err);
/* "TCP:5000-5999" into text; returns text. */
#define LISTENER_TEXT_MAX (16 + PORTS_TEXT_MAX)
char *listener_format(const struct listener *listener, char text[LISTENER_TEXT_MAX]);
/* "blue=3,green=1"; "web" where there is one group of the default weight. Returns text. */
#define ACTION_TEXT_MAX (MODEL_FORWARD_GROUPS_MAX * (MODEL_NAME_MAX + 12))
char *action_format(const struct action *action, char text[ACTION_TEXT_MAX]);
bool model_has_target_family(const struct target_group *tg, int family);
/* Family of the targets that take what is sent to addresses of `vip_family`: the same one if the group has such targets, else, in modes
 * that can cross, the other one if it has those. */
int model_ring_family(const struct target_group *tg, int vip_family);

/* How long open flows of a target that leaves go on: this host's own are the stack's. */
unsigned target_group_delay_s(const struct target_group *tg);

/* Fills in what was not written and depends on other fields: target ports, health check path,
 * matcher and timeout, unhealthy connection termination. model_validate() does it; the dump asks it
 * what a default is. */
void model_fill_defaults(struct target_group *tg, struct arena *arena);
void model_fill_listener_defaults(struct listener *listener);

/* The words themselves, the one of value 1 first, NULL ends. */
extern const char *const lb_type_words[];
extern const char *const lb_announce_words[];
extern const char *const protocol_words[];
extern const char *const forwarding_words[];
extern const char *const hc_protocol_words[];
extern const char *const proxy_placement_words[];
extern const char *const target_type_words[];
extern const char *const source_ip_words[];
const char *model_word_name(const char *const *words, unsigned value); /* "?" when there is none */
unsigned model_word_value(const char *const *words, const char *text); /* 0 when there is none */
#define MODEL_APPLICATION_REFUSED "type application isn't available yet, only network is"

/* Words of the enums as files, API and tables have them ("TCP", "nat" …). …_parse: -EINVAL when
 * unknown. */
const char *lb_type_name(enum lb_type type);
const char *lb_announce_name(enum lb_announce announce);
const char *protocol_name(enum protocol protocol);
const char *forwarding_name(enum forwarding forwarding);
/* Targets of one family may serve addresses of the other. */
bool forwarding_can_cross(enum forwarding forwarding);
/* Targets answer clients directly (DSR): the port stays, and they have the load balancer's address. */
bool forwarding_is_direct(enum forwarding forwarding);
const char *hc_protocol_name(enum hc_protocol protocol);
const char *proxy_placement_name(enum proxy_placement placement);
const char *target_type_name(enum target_type type);
const char *source_ip_name(enum source_ip source);
int lb_type_parse(const char *text, enum lb_type *type);
int lb_announce_parse(const char *text, enum lb_announce *announce);
int protocol_parse(const char *text, enum protocol *protocol);
int forwarding_parse(const char *text, enum forwarding *forwarding);
int hc_protocol_parse(const char *text, enum hc_protocol *protocol);
int proxy_placement_parse(const char *text, enum proxy_placement *placement);
int target_type_parse(const char *text, enum target_type *type);
int source_ip_parse(const char *text, enum source_ip *source);
/* True for every IPPROTO the protocol covers (IPPROTO_TCP, IPPROTO_UDP). */
bool protocol_has(enum protocol protocol, int ipproto);

/* Why neither a VIP nor a target can have the address ("a multicast address"); NULL: it can. */
const char *address_is_unusable(const struct addr *address);
bool interface_name_is_valid(const char *name);

/* "200-399", "200,204": the matcher as files have it. Returns text; no range: "". */
#define MATCHER_TEXT_MAX (MODEL_MATCHER_RANGES_MAX * 12 + 1)
char *matcher_format(const struct status_range *ranges, size_t count, char text[MATCHER_TEXT_MAX]);
/* Does any range hold the status? */
bool matcher_has(const struct status_range *ranges, size_t count, unsigned status);

#include "model/health_state.h"
#include "model/sources.h"
#include "model/diff.h"

#endif
