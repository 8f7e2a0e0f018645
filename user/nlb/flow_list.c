// SPDX-License-Identifier: BSD-2-Clause
/* Flows for people: listing those that match a filter, and ending those of a target. One full walk
 * a call. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/addr.h"
#include "nlb/flow_table.h"
#include "nlb/object.h"

/* ---- filter ---- */

static uint8_t family_of(const struct addr *address)
{
	return address->family == AF_INET ? NLB_IPV4 : NLB_IPV6;
}

static bool is_address(const struct addr *wanted, const uint8_t bytes[16], uint8_t family)
{
	if (!addr_is_set(wanted))
		return true;
	return family_of(wanted) == family && !memcmp(wanted->bytes, bytes, 16);
}

static bool is_port(uint16_t wanted, __be16 port)
{
	return !wanted || htons(wanted) == port;
}

static bool matches(const struct nlb_flow_filter *filter, const struct nlb_tuple *key,
		    const struct nlb_flow *flow)
{
	return is_address(&filter->client, key->src, key->family) &&
	       is_address(&filter->vip, key->dst, key->family) &&
	       is_port(filter->client_port, key->sport) && is_port(filter->vip_port, key->dport) &&
	       (!filter->protocol || filter->protocol == key->protocol) &&
	       (filter->target_index < 0 ||
		NLB_TARGET_INDEX(flow->target) == (uint32_t)filter->target_index);
}

/* ---- list ---- */

struct listing {
	const struct nlb *nlb;
	const struct nlb_flow_filter *filter;
	size_t limit, found;
	uint64_t now_ns;
	nlb_flow_fn *fn;
	void *arg;
};

/* Alive as the census sees it: an entry that looks old may have an answering half that is not. */
static bool is_alive(const struct nlb *nlb, const struct nlb_tuple *key,
		     const struct nlb_flow *flow, uint64_t now_ns)
{
	struct nlb_flow_pair pair;

	if (!nlb_flow_is_expired(nlb->maps.settings, flow, now_ns))
		return true;
	nlb_flow_pair_of_flow(&nlb->maps, key, &pair);
	return pair.has_flow && !nlb_flow_pair_is_expired(nlb->maps.settings, &pair, now_ns);
}

static void list_batch(struct listing *listing, const struct nlb_flow_walk *walk)
{
	const struct nlb_flow *flow;
	uint32_t i;

	for (i = 0; i < walk->count && listing->found < listing->limit; i++) {
		flow = nlb_flow_walk_flow(walk, i);
		if (!matches(listing->filter, &walk->keys[i], flow) ||
		    !is_alive(listing->nlb, &walk->keys[i], flow, listing->now_ns))
			continue;
		listing->fn(&walk->keys[i], flow, listing->arg);
		listing->found++;
	}
}

int nlb_flows_list(const struct nlb *nlb, const struct nlb_flow_filter *filter, size_t limit,
		   uint64_t mono_ns, nlb_flow_fn *fn, void *arg)
{
	struct listing listing = {nlb, filter, limit, 0, mono_ns, fn, arg};
	struct nlb_flow_walk walk;
	int rc = nlb_flow_walk_init(&walk, NLB_MAP_FLOWS);

	while (!rc && !walk.is_over && listing.found < limit) {
		rc = nlb_flow_walk_next(&walk, &nlb->maps);
		list_batch(&listing, &walk);
	}
	nlb_flow_walk_fini(&walk);
	return rc ? rc : (int)listing.found;
}
