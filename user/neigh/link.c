/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of links, fed by events and dumps. A host has tens of links: a list is enough.
 *
 * Reports wait in a queue instead of calling anybody: events arrive in the middle of netlink's
 * receive functions, where nobody may be called who might ask netlink something.
 */
#include "link.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_bonding.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

struct link {
	struct list node;
	struct neigh_link info;
	bool is_seen; /* by the dump that is being read */
};

struct link_report {
	struct list node;
	struct neigh_link info;
};

void links_init(struct links *links)
{
	list_init(&links->known);
	list_init(&links->reports);
}

void links_drop_reports(struct links *links)
{
	struct neigh_link unused;

	while (links_next_report(links, &unused))
		;
}

void links_fini(struct links *links)
{
	struct link *link, *tmp;

	links_drop_reports(links);
	list_for_each_safe(link, tmp, &links->known, node)
		free(link);
	list_init(&links->known);
}

/* ---- finding ---- */

static struct link *find(const struct links *links, unsigned ifindex)
{
	struct link *link;

	list_for_each(link, &links->known, node)
		if (link->info.ifindex == ifindex)
			return link;
	return NULL;
}

const struct neigh_link *links_find(const struct links *links, unsigned ifindex)
{
	struct link *link = find(links, ifindex);

	return link ? &link->info : NULL;
}

const struct neigh_link *links_find_name(const struct links *links, const char *ifname)
{
	struct link *link;

	list_for_each(link, &links->known, node)
		if (strcmp(link->info.ifname, ifname) == 0)
			return &link->info;
	return NULL;
}

void links_each(const struct links *links,
		void (*on_link)(const struct neigh_link *link, void *arg), void *arg)
{
	struct link *link;

	list_for_each(link, &links->known, node)
		on_link(&link->info, arg);
}

/* ---- reporting ---- */

static void report(struct links *links, const struct neigh_link *info)
{
	struct link_report *report = calloc(1, sizeof(*report));

	if (!report)
		abort();
	report->info = *info;
	list_append(&links->reports, &report->node);
}

static void report_vanished(struct links *links, const char *ifname)
{
	struct neigh_link info = {0};

	memcpy(info.ifname, ifname, sizeof(info.ifname));
	report(links, &info);
}

bool links_next_report(struct links *links, struct neigh_link *link)
{
	struct link_report *report;

	if (list_is_empty(&links->reports))
		return false;
	report = list_entry(links->reports.next, struct link_report, node);
	*link = report->info;
	list_remove(&report->node);
	free(report);
	return true;
}

/* ---- taking in ---- */

static bool infos_equal(const struct neigh_link *a, const struct neigh_link *b)
{
	return a->ifindex == b->ifindex && strcmp(a->ifname, b->ifname) == 0 &&
	       memcmp(a->mac, b->mac, sizeof(a->mac)) == 0 && a->mtu == b->mtu &&
	       a->is_up == b->is_up && strcmp(a->kind, b->kind) == 0 && a->parent == b->parent &&
	       a->vlan_id == b->vlan_id && a->vlan_proto == b->vlan_proto &&
	       a->master == b->master && a->is_member == b->is_member &&
	       a->is_active == b->is_active && a->active == b->active;
}

static struct link *add(struct links *links)
{
	struct link *link = calloc(1, sizeof(*link));

	if (!link)
		abort();
	list_append(&links->known, &link->node);
	return link;
}

static void forget(struct links *links, struct link *link)
{
	report_vanished(links, link->info.ifname);
	list_remove(&link->node);
	free(link);
}

bool links_put(struct links *links, const struct neigh_link *info)
{
	struct link *link = find(links, info->ifindex);

	if (!link)
		link = add(links);
	link->is_seen = true;
	if (infos_equal(&link->info, info))
		return false;
	if (link->info.ifindex && strcmp(link->info.ifname, info->ifname) != 0)
		report_vanished(links, link->info.ifname);
	link->info = *info;
	report(links, info);
	return true;
}

static unsigned get_u32(struct nlattr *attr)
{
	return attr && nla_len(attr) >= 4 ? nla_get_u32(attr) : 0;
}

static void parse_vlan(struct nlattr *data, struct neigh_link *info)
{
	struct nlattr *tb[IFLA_VLAN_MAX + 1];

	if (nla_parse_nested(tb, IFLA_VLAN_MAX, data, NULL) < 0)
		return;
	if (tb[IFLA_VLAN_ID])
		info->vlan_id = nla_get_u16(tb[IFLA_VLAN_ID]);
	if (tb[IFLA_VLAN_PROTOCOL])
		info->vlan_proto = ntohs(nla_get_u16(tb[IFLA_VLAN_PROTOCOL]));
}

static void parse_bond(struct nlattr *data, struct neigh_link *info)
{
	struct nlattr *tb[IFLA_BOND_MAX + 1];

	if (nla_parse_nested(tb, IFLA_BOND_MAX, data, NULL) == 0)
		info->active = get_u32(tb[IFLA_BOND_ACTIVE_SLAVE]);
}

/* A member that waits in an active-backup bond is as good as down, and so is one whose link monitor
 * says so although it has carrier. */
static void parse_member(struct nlattr *data, struct neigh_link *info)
{
	struct nlattr *tb[IFLA_BOND_SLAVE_MAX + 1];

	info->is_member = true;
	if (nla_parse_nested(tb, IFLA_BOND_SLAVE_MAX, data, NULL) < 0)
		return;
	info->is_active = tb[IFLA_BOND_SLAVE_STATE] && tb[IFLA_BOND_SLAVE_MII_STATUS] &&
			  nla_get_u8(tb[IFLA_BOND_SLAVE_STATE]) == BOND_STATE_ACTIVE &&
			  nla_get_u8(tb[IFLA_BOND_SLAVE_MII_STATUS]) == BOND_LINK_UP;
}

static bool is_word(struct nlattr *attr, const char *word)
{
	return attr && nla_strcmp(attr, word) == 0;
}

static void parse_kind(struct nlattr *nested, struct neigh_link *info)
{
	struct nlattr *tb[IFLA_INFO_MAX + 1];

	if (!nested || nla_parse_nested(tb, IFLA_INFO_MAX, nested, NULL) < 0)
		return;
	if (tb[IFLA_INFO_KIND])
		nla_strlcpy(info->kind, tb[IFLA_INFO_KIND], sizeof(info->kind));
	if (is_word(tb[IFLA_INFO_KIND], "vlan") && tb[IFLA_INFO_DATA])
		parse_vlan(tb[IFLA_INFO_DATA], info);
	if (is_word(tb[IFLA_INFO_KIND], "bond") && tb[IFLA_INFO_DATA])
		parse_bond(tb[IFLA_INFO_DATA], info);
	if (is_word(tb[IFLA_INFO_SLAVE_KIND], "bond") && tb[IFLA_INFO_SLAVE_DATA])
		parse_member(tb[IFLA_INFO_SLAVE_DATA], info);
}

static bool parse(struct nlmsghdr *hdr, struct neigh_link *info)
{
	const struct ifinfomsg *ifi = nlmsg_data(hdr);
	struct nlattr *tb[IFLA_MAX + 1];

	/* Other families speak of the same link as a bridge port or an IPv6 interface: leaving a
	 * bridge is no RTM_DELLINK of ours. */
	if (!netlink_parse(hdr, sizeof(*ifi), tb, IFLA_MAX) || ifi->ifi_family != AF_UNSPEC)
		return false;
	*info = (struct neigh_link){
		.ifindex = (unsigned)ifi->ifi_index,
		.mtu = tb[IFLA_MTU] ? nla_get_u32(tb[IFLA_MTU]) : 0,
		.is_up = (ifi->ifi_flags & IFF_UP) && (ifi->ifi_flags & IFF_LOWER_UP),
	};
	if (tb[IFLA_IFNAME])
		nla_strlcpy(info->ifname, tb[IFLA_IFNAME], sizeof(info->ifname));
	netlink_get_mac(tb[IFLA_ADDRESS], info->mac);
	info->master = get_u32(tb[IFLA_MASTER]);
	parse_kind(tb[IFLA_LINKINFO], info);
	if (strcmp(info->kind, "vlan") == 0 && !tb[IFLA_LINK_NETNSID])
		info->parent = get_u32(tb[IFLA_LINK]);
	return info->ifindex != 0;
}

bool links_take_event(struct links *links, struct nlmsghdr *hdr)
{
	struct neigh_link info;
	struct link *link;

	if (!parse(hdr, &info))
		return false;
	if (hdr->nlmsg_type == RTM_NEWLINK)
		return links_put(links, &info);
	link = find(links, info.ifindex);
	if (link)
		forget(links, link);
	return link != NULL;
}

static void on_dumped(struct nlmsghdr *hdr, void *arg)
{
	if (hdr->nlmsg_type == RTM_NEWLINK)
		links_take_event(arg, hdr);
}

int links_sync(struct links *links, struct nl_sock *requests)
{
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC};
	struct link *link, *tmp;
	int ret;

	list_for_each(link, &links->known, node)
		link->is_seen = false;
	ret = netlink_request(requests, netlink_message(RTM_GETLINK, NLM_F_DUMP, &ifi, sizeof(ifi)),
			      on_dumped, links);
	if (ret)
		return ret;
	list_for_each_safe(link, tmp, &links->known, node)
		if (!link->is_seen)
			forget(links, link);
	return 0;
}
