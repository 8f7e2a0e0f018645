/* SPDX-License-Identifier: BSD-2-Clause */
/* DescribeFlows: flows as the data path knows them, filtered. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/clock.h"
#include "describe.h"
#include "ops.h"
#include "request.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     100000
#define NS_PER_S      1000000000ull

struct listing {
	const struct observed_target **by_index; /* [NLB_MAX_TARGETS]: who owns an index now */
	const char *group; /* NULL: all. The plane's filter knows targets, not groups */
	size_t limit;
	uint64_t now_ns;
	json_t *flows;
};

/* ---- the filter ---- */

static int read_endpoint(struct call *call, const char *name, struct addr *address, uint16_t *port)
{
	const char *text = request_string(call->request, name);
	struct err err = {0};

	if (!text || !endpoint_parse(text, address, port, &err))
		return 0;
	return refuse(&call->refusal, REFUSED_VALIDATION, "'%s': %s", name, err.text);
}

/* One target of the group: by address, and by port where it is given. */
static int find_target(struct call *call, const struct target_group *tg, const struct addr *address,
		       uint16_t port, int *index)
{
	const struct nlb_image *image = nlb_image(call->control->nlb);
	const struct observed_target *seen;

	list_for_each(seen, &call->control->targets.observed.targets, node)
	{
		if (strcmp(seen->group, tg->name) != 0 || !addr_equal(&seen->address, address) ||
		    (port && seen->port != port))
			continue;
		*index = nlb_image_target_index(image, tg->name, address, seen->port);
		if (*index >= 0)
			return 0;
	}
	return refuse(&call->refusal, REFUSED_INVALID_TARGET,
		      "target group '%s' has no such target", tg->name);
}

static int read_target(struct call *call, const struct target_group *tg,
		       struct nlb_flow_filter *filter)
{
	const char *text = request_string(call->request, "target");
	struct addr address = {0};
	uint16_t port = 0;

	if (!text)
		return 0;
	if (!tg)
		return refuse(&call->refusal, REFUSED_VALIDATION,
			      "'target' needs 'target_group' with it");
	if (read_endpoint(call, "target", &address, &port))
		return -1;
	return find_target(call, tg, &address, port, &filter->target_index);
}

static int read_protocol(const struct call *call)
{
	const char *text = request_string(call->request, "protocol");

	if (!text)
		return 0;
	return strcmp(text, "TCP") == 0 ? IPPROTO_TCP : IPPROTO_UDP;
}

static int read_filter(struct call *call, struct nlb_flow_filter *filter,
		       const struct target_group **tg)
{
	const char *group = request_string(call->request, "target_group");

	*filter = (struct nlb_flow_filter){.target_index = -1};
	*tg = group ? model_find_target_group(call->control->model, group) : NULL;
	if (group && !*tg)
		return refuse(&call->refusal, REFUSED_NO_TARGET_GROUP,
			      "there is no target group '%.64s'", group);
	filter->protocol = (uint8_t)read_protocol(call);
	if (read_endpoint(call, "client", &filter->client, &filter->client_port) ||
	    read_endpoint(call, "vip", &filter->vip, &filter->vip_port))
		return -1;
	return read_target(call, *tg, filter);
}

/* ---- one flow ---- */

static struct addr address_of(const __u8 bytes[16], __u8 family)
{
	struct addr address = {.family = family == NLB_IPV6 ? AF_INET6 : AF_INET};

	memcpy(address.bytes, bytes, family == NLB_IPV6 ? 16 : 4);
	return address;
}

static json_t *endpoint_of(const __u8 bytes[16], __be16 port, __u8 family)
{
	struct addr address = address_of(bytes, family);
	char text[ENDPOINT_TEXT_MAX];

	return json_string(endpoint_format(&address, ntohs(port), text));
}

static json_t *source_of(const struct nlb_flow *flow, const struct observed_target *seen)
{
	__u8 family = seen && seen->address.family == AF_INET6 ? NLB_IPV6 : NLB_IPV4;

	return flow->snat_port ? endpoint_of(flow->snat, flow->snat_port, family) : json_null();
}

static json_t *target_of(const struct observed_target *seen)
{
	char text[ENDPOINT_TEXT_MAX];

	if (!seen)
		return json_null();
	return json_string(endpoint_format(&seen->address, seen->port, text));
}

/* Has the target acknowledged the PROXY header that the flow begins with? */
static json_t *proxy_header_of(const struct nlb_flow *flow)
{
	if (!(flow->shift.flags & NLB_SHIFT_PROXY))
		return json_null();
	return json_string(flow->shift.flags & NLB_SHIFT_ACKED ? "received" : "pending");
}

static bool is_asked_for(const struct listing *listing, const struct observed_target *seen)
{
	if (json_array_size(listing->flows) >= listing->limit)
		return false;
	return !listing->group || (seen && strcmp(seen->group, listing->group) == 0);
}

static void on_flow(const struct nlb_tuple *tuple, const struct nlb_flow *flow, void *arg)
{
	struct listing *listing = arg;
	uint32_t index = NLB_TARGET_INDEX(flow->target);
	const struct observed_target *seen =
		index < NLB_MAX_TARGETS ? listing->by_index[index] : NULL;
	uint64_t now_s = listing->now_ns / NS_PER_S, seen_s = flow->last_seen_ns / NS_PER_S;

	if (!is_asked_for(listing, seen))
		return;
	json_array_append_new(
		listing->flows,
		json_pack("{ss so so so so so ss sI sI so}", "protocol",
			  tuple->protocol == IPPROTO_TCP ? "TCP" : "UDP", "client",
			  endpoint_of(tuple->src, tuple->sport, tuple->family), "vip",
			  endpoint_of(tuple->dst, tuple->dport, tuple->family), "target_group",
			  seen ? json_string(seen->group) : json_null(), "target", target_of(seen),
			  "source", source_of(flow, seen), "state",
			  nlb_flow_state_name(flow->state), "age_s",
			  (json_int_t)(now_s > flow->created_s ? now_s - flow->created_s : 0),
			  "idle_s", (json_int_t)(now_s > seen_s ? now_s - seen_s : 0),
			  "proxy_header", proxy_header_of(flow)));
}

static void index_targets(struct control *control, struct listing *listing, struct arena *arena)
{
	const struct observed_target *seen;
	int index;

	listing->by_index = arena_alloc(arena, NLB_MAX_TARGETS * sizeof(*listing->by_index));
	list_for_each(seen, &control->targets.observed.targets, node)
	{
		index = nlb_image_target_index(nlb_image(control->nlb), seen->group, &seen->address,
					       seen->port);
		if (index >= 0 && index < NLB_MAX_TARGETS)
			listing->by_index[index] = seen;
	}
}

int op_describe_flows(struct call *call)
{
	json_int_t limit = request_number(call->request, "limit", LIMIT_DEFAULT);
	struct listing listing = {.now_ns = clock_mono_ns()};
	struct nlb_flow_filter filter;
	const struct target_group *tg;
	struct arena *arena;
	int ret;

	if (limit < 1 || limit > LIMIT_MAX)
		return refuse(&call->refusal, REFUSED_VALIDATION,
			      "'limit': %lld is out of range (1..%d)", (long long)limit, LIMIT_MAX);
	if (read_filter(call, &filter, &tg))
		return -1;
	arena = arena_new();
	index_targets(call->control, &listing, arena);
	listing.group = tg ? tg->name : NULL;
	listing.limit = (size_t)limit;
	listing.flows = json_array();
	ret = nlb_flows_list(call->control->nlb, &filter, tg ? SIZE_MAX : (size_t)limit,
			     listing.now_ns, on_flow, &listing);
	arena_free(arena);
	call->answer = json_pack("{so}", "flows", listing.flows);
	return ret < 0 ? refuse(&call->refusal, REFUSED_INTERNAL, "can't read the flow table: %s",
				strerror(-ret))
		       : 0;
}
