/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeps neighbours resolved. The kernel does the asking (ARP, neighbour discovery); we make it
 * want to, for XDP's packets never touch the kernel's table:
 *   - RTM_NEWNEIGH with NTF_USE is what a packet to the neighbour would do: a missing or failed
 *     entry is tried, by broadcast.
 *   - RTM_NEWNEIGH with NUD_PROBE has an entry verified, by three unicasts, whatever the kernel
 *     believes of it. Left alone it would believe a neighbour that has silently changed its MAC
 *     for most of a minute.
 * An entry that the kernel's own connections (health checks) have confirmed meanwhile needs neither.
 *
 * An event only says that a neighbour is worth a look; its state is read then (RTM_GETNEIGH). So
 * neither the order of events nor a lost one can leave an old MAC behind, and a deleted entry
 * (which the kernel announces as FAILED first) is told from one that nobody answered for.
 */
#include "hop.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"

#define KEEP_MS	 5000 /* between provocations of one that answers */
#define RETRY_MS 1000 /* of one that does not (yet) */

#define FRESH_MS       4000 /* confirmed since: not verified in this round */
#define DOUBT_FRESH_MS 1500 /* confirmed since: somebody else's fault */
#define DOUBT_GAP_MS   1000

/* Its entry was deleted: resolve it anew. But a kernel table that is too small and throws out one
 * neighbour for another must not make us spin. */
#define MISSING_MS     50
#define MISSING_GAP_MS 1000 /* since the last provocation */

#define NUD_FIXED  (NUD_PERMANENT | NUD_NOARP)
#define NUD_USABLE (NUD_FIXED | NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE)

/* The kernel's entry; state NUD_NONE: there is none. */
struct entry {
	unsigned state;
	uint8_t mac[6];
	bool has_mac;
	uint64_t confirmed_ms; /* ago */
};

/* ---- the table ---- */

static struct list *bucket(struct hops *hops, unsigned ifindex, const struct addr *addr)
{
	uint64_t hash = hash_fnv1a(hash_fnv1a(0, &ifindex, sizeof(ifindex)), addr, sizeof(*addr));

	return &hops->buckets[(hash ^ (hash >> 32)) % HOP_BUCKETS];
}

static struct hop *find(struct hops *hops, unsigned ifindex, const struct addr *addr)
{
	struct list *head = bucket(hops, ifindex, addr);
	struct hop *hop;

	list_for_each(hop, head, node)
		if (hop->ifindex == ifindex && addr_equal(&hop->addr, addr))
			return hop;
	return NULL;
}

static void make_dirty(struct hop *hop)
{
	if (!list_is_empty(&hop->dirty))
		return;
	list_append(&hop->hops->dirty, &hop->dirty);
	hop->hops->on_dirty(hop->hops->arg);
}

/* ---- the kernel ---- */

static struct nl_msg *message(const struct hop *hop, int type, int flags, uint8_t ntf,
			      uint16_t state)
{
	struct ndmsg ndm = {
		.ndm_family = (uint8_t)hop->addr.family,
		.ndm_ifindex = (int)hop->ifindex,
		.ndm_state = state,
		.ndm_flags = ntf,
	};
	struct nl_msg *msg = netlink_message(type, flags, &ndm, sizeof(ndm));

	netlink_put_addr(msg, NDA_DST, &hop->addr);
	return msg;
}

/* The kernel counts in clock ticks. */
static uint64_t age_ms(struct nlattr *attr)
{
	const struct nda_cacheinfo *info;
	long ticks = sysconf(_SC_CLK_TCK);

	if (!attr || nla_len(attr) < (int)sizeof(*info))
		return UINT64_MAX;
	info = nla_data(attr);
	return (uint64_t)info->ndm_confirmed * 1000 / (uint64_t)(ticks > 0 ? ticks : 100);
}

static void on_entry(struct nlmsghdr *hdr, void *arg)
{
	const struct ndmsg *ndm = nlmsg_data(hdr);
	struct entry *entry = arg;
	struct nlattr *tb[NDA_MAX + 1];

	if (hdr->nlmsg_type != RTM_NEWNEIGH || !netlink_parse(hdr, sizeof(*ndm), tb, NDA_MAX))
		return;
	entry->state = ndm->ndm_state;
	entry->has_mac = netlink_get_mac(tb[NDA_LLADDR], entry->mac);
	entry->confirmed_ms = age_ms(tb[NDA_CACHEINFO]);
}

/* An interface that is gone has no neighbours either: errors read as "no entry". */
static struct entry read_entry(const struct hop *hop)
{
	struct entry entry = {.state = NUD_NONE};

	if (netlink_request(hop->hops->requests, message(hop, RTM_GETNEIGH, 0, 0, NUD_NONE), on_entry,
			    &entry))
		return (struct entry){.state = NUD_NONE};
	return entry;
}

static void complain(const struct hop *hop)
{
	static struct log_limit limit;
	unsigned long long swallowed;
	char text[ADDR_TEXT_MAX];

	if (log_limit_pass(&limit, 60000, &swallowed))
		log_warn("neigh: the kernel has no room for neighbour '%s', raise "
			 "net.ipv%d.neigh.default.gc_thresh3 "
			 "(%llu more)",
			 addr_format(&hop->addr, text), hop->addr.family == AF_INET ? 4 : 6,
			 swallowed);
}

static void use(const struct hop *hop)
{
	int ret = netlink_request(hop->hops->requests,
				  message(hop, RTM_NEWNEIGH, NLM_F_CREATE, NTF_USE, NUD_NONE), NULL,
				  NULL);

	if (ret == -ENOBUFS || ret == -ENOMEM)
		complain(hop);
}

/* The MAC is left out: the kernel keeps the one it has, also if it has learned another since. */
static void verify(const struct hop *hop)
{
	netlink_request(hop->hops->requests, message(hop, RTM_NEWNEIGH, 0, 0, NUD_PROBE), NULL,
			NULL);
}

/* Using an entry that an operator has fixed would make the kernel forget that it is fixed. */
static void provoke(struct hop *hop, const struct entry *entry)
{
	hop->provoked_ms = clock_mono_ms();
	if (entry->state & NUD_FIXED)
		return;
	if (!entry->has_mac || !(entry->state & NUD_USABLE))
		use(hop);
	else if (!(entry->state & NUD_PROBE) && entry->confirmed_ms >= FRESH_MS)
		verify(hop);
}

/* ---- what it means ---- */

/* No entry or one without an answer yet says nothing against a MAC that has worked: it stays until
 * the kernel gives up. */
static bool absorb(struct hop *hop, const struct entry *entry)
{
	const struct hop old = *hop;

	if (entry->state & NUD_USABLE) {
		hop->has_mac = entry->has_mac;
		hop->has_failed = !entry->has_mac;
		memcpy(hop->mac, entry->mac, sizeof(hop->mac));
	} else if (entry->state & NUD_FAILED) {
		hop->has_mac = false;
		hop->has_failed = true;
	}
	return hop->has_mac != old.has_mac || hop->has_failed != old.has_failed ||
	       memcmp(hop->mac, old.mac, sizeof(hop->mac)) != 0;
}

enum neigh_path_state hop_state(const struct hop *hop)
{
	if (hop->has_mac)
		return NEIGH_RESOLVED;
	return hop->has_failed ? NEIGH_UNREACHABLE : NEIGH_RESOLVING;
}

/* ± 1/8 by address: thousands of hops shall not be provoked in the same millisecond for ever. */
static unsigned period(const struct hop *hop)
{
	unsigned base = hop->has_mac ? KEEP_MS : RETRY_MS;

	return base - base / 8 + hash_fnv1a(0, &hop->addr, sizeof(hop->addr)) % (base / 4);
}

static unsigned delay_of_missing(const struct hop *hop)
{
	uint64_t since = clock_mono_ms() - hop->provoked_ms;

	return since + MISSING_MS < MISSING_GAP_MS ? (unsigned)(MISSING_GAP_MS - since)
						   : MISSING_MS;
}

/* Whoever answered until now and does not any more may have another MAC: asked by broadcast, at
 * once. */
void hop_refresh(struct hop *hop)
{
	bool had_mac = hop->has_mac;
	struct entry entry = read_entry(hop);

	absorb(hop, &entry);
	if (entry.state == NUD_NONE)
		loop_timer_set(hop->hops->loop, &hop->timer, delay_of_missing(hop));
	else if (had_mac && !hop->has_mac)
		loop_timer_set(hop->hops->loop, &hop->timer, 0);
}

/* Deleted and asked for again: the one way to have the kernel ask by broadcast at once. The old MAC
 * stays in use until it has an answer. */
void hop_doubt(struct hop *hop)
{
	uint64_t now = clock_mono_ms();
	struct entry entry;

	if (!hop->has_mac || (hop->doubted_ms && now - hop->doubted_ms < DOUBT_GAP_MS))
		return;
	entry = read_entry(hop);
	if (entry.state & NUD_FIXED || !(entry.state & NUD_USABLE) ||
	    entry.confirmed_ms < DOUBT_FRESH_MS)
		return;
	hop->doubted_ms = now;
	netlink_request(hop->hops->requests, message(hop, RTM_DELNEIGH, 0, 0, NUD_NONE), NULL, NULL);
	hop->provoked_ms = now;
	use(hop);
}

static void on_timer(struct loop_timer *timer)
{
	struct hop *hop = timer->owner;
	struct entry entry = read_entry(hop);
	bool has_changed = absorb(hop, &entry);

	provoke(hop, &entry);
	loop_timer_set(hop->hops->loop, &hop->timer, period(hop));
	if (has_changed)
		make_dirty(hop);
}

/* ---- life ---- */

void hops_init(struct hops *hops, struct loop *loop, struct nl_sock *requests,
	       void (*on_dirty)(void *arg), void *arg)
{
	*hops = (struct hops){.loop = loop, .requests = requests, .on_dirty = on_dirty, .arg = arg};
	for (size_t i = 0; i < HOP_BUCKETS; i++)
		list_init(&hops->buckets[i]);
	list_init(&hops->dirty);
}

static struct hop *add(struct hops *hops, unsigned ifindex, const struct addr *addr)
{
	struct hop *hop = calloc(1, sizeof(*hop));

	if (!hop)
		abort();
	hop->hops = hops;
	hop->ifindex = ifindex;
	hop->addr = *addr;
	hop->timer = (struct loop_timer){.on_expire = on_timer, .owner = hop};
	list_init(&hop->dirty);
	list_init(&hop->paths);
	list_append(bucket(hops, ifindex, addr), &hop->node);
	return hop;
}

/* An old failure doesn't count: whoever failed may be back, and is about to be asked. */
struct hop *hop_get(struct hops *hops, unsigned ifindex, const struct addr *addr)
{
	struct hop *hop = find(hops, ifindex, addr);
	struct entry entry;

	if (hop)
		return hop;
	hop = add(hops, ifindex, addr);
	entry = read_entry(hop);
	if (entry.state & NUD_USABLE)
		absorb(hop, &entry);
	provoke(hop, &entry);
	loop_timer_set(hops->loop, &hop->timer, period(hop));
	return hop;
}

void hop_put(struct hop *hop)
{
	if (!list_is_empty(&hop->paths))
		return;
	loop_timer_clear(&hop->timer);
	list_remove(&hop->dirty);
	list_remove(&hop->node);
	free(hop);
}

/* ---- events ---- */

void hops_take_event(struct hops *hops, struct nlmsghdr *hdr)
{
	const struct ndmsg *ndm = nlmsg_data(hdr);
	struct nlattr *tb[NDA_MAX + 1];
	struct addr addr;
	struct hop *hop;

	if (!netlink_parse(hdr, sizeof(*ndm), tb, NDA_MAX) ||
	    !netlink_get_addr(tb[NDA_DST], ndm->ndm_family, &addr))
		return;
	hop = find(hops, (unsigned)ndm->ndm_ifindex, &addr);
	if (hop)
		make_dirty(hop);
}

void hops_make_dirty(struct hops *hops)
{
	struct hop *hop;

	for (size_t i = 0; i < HOP_BUCKETS; i++)
		list_for_each(hop, &hops->buckets[i], node)
			make_dirty(hop);
}

struct hop *hops_next_dirty(struct hops *hops)
{
	struct hop *hop;

	if (list_is_empty(&hops->dirty))
		return NULL;
	hop = list_entry(hops->dirty.next, struct hop, dirty);
	list_remove(&hop->dirty);
	return hop;
}
