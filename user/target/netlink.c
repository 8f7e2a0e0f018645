/* SPDX-License-Identifier: BSD-2-Clause */
/* rtnetlink by hand: a target host needs no further library for these few messages. */
#include "netlink.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"

#define ANSWER_BYTES	 32768 /* what a dump's message may be: NLMSG_GOODSIZE and more */
#define LIFETIME_FOREVER 0xffffffffU

struct request {
	struct nlmsghdr hdr;
	char body[256];
};

typedef void message_fn(const struct nlmsghdr *hdr, void *arg);

/* ---- messages ---- */

static void *begin(struct request *request, int type, int flags, size_t body_bytes)
{
	memset(request, 0, sizeof(*request));
	request->hdr.nlmsg_len = NLMSG_LENGTH(body_bytes);
	request->hdr.nlmsg_type = (uint16_t)type;
	request->hdr.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	request->hdr.nlmsg_seq = 1;
	return request->body;
}

static void put(struct request *request, int type, const void *value, size_t bytes)
{
	struct rtattr *attr =
		(struct rtattr *)((char *)request + NLMSG_ALIGN(request->hdr.nlmsg_len));

	attr->rta_type = (uint16_t)type;
	attr->rta_len = (uint16_t)RTA_LENGTH(bytes);
	memcpy(RTA_DATA(attr), value, bytes);
	request->hdr.nlmsg_len = NLMSG_ALIGN(request->hdr.nlmsg_len) + RTA_ALIGN(attr->rta_len);
}

static size_t addr_bytes(const struct addr *addr)
{
	return addr->family == AF_INET ? 4 : 16;
}

/* One message of an answer: 1 when it is the last, 0, or -errno. */
static int take_message(const struct nlmsghdr *hdr, bool is_dump, message_fn *on_message, void *arg)
{
	if (hdr->nlmsg_type == NLMSG_DONE)
		return 1;
	if (hdr->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *error = NLMSG_DATA(hdr);

		return error->error ? error->error : 1;
	}
	if (on_message)
		on_message(hdr, arg);
	return is_dump ? 0 : 1;
}

static int take_answer(int fd, bool is_dump, message_fn *on_message, void *arg)
{
	static char answer[ANSWER_BYTES] __attribute__((aligned(8)));
	const struct nlmsghdr *hdr;
	int rc = 0, len;

	while (!rc) {
		len = (int)recv(fd, answer, sizeof(answer), 0);
		if (len < 0)
			return -errno;
		for (hdr = (void *)answer; !rc && NLMSG_OK(hdr, (unsigned)len);
		     hdr = NLMSG_NEXT(hdr, len))
			rc = take_message(hdr, is_dump, on_message, arg);
	}
	return rc < 0 ? rc : 0;
}

static int ask(const struct request *request, message_fn *on_message, void *arg)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), rc;
	bool is_dump = (request->hdr.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;

	if (fd < 0)
		return -errno;
	if (send(fd, request, request->hdr.nlmsg_len, 0) < 0)
		rc = -errno;
	else
		rc = take_answer(fd, is_dump, on_message, arg);
	fd_close(&fd);
	return rc;
}

/* ---- addresses ---- */

struct address_dump {
	void (*on_address)(const struct host_address *address, void *arg);
	void *arg;
};

static void copy_addr(struct addr *addr, int family, const struct rtattr *attr)
{
	size_t bytes = family == AF_INET ? 4 : 16;

	if (RTA_PAYLOAD(attr) < bytes)
		return;
	memset(addr, 0, sizeof(*addr));
	addr->family = (uint16_t)family;
	memcpy(addr->bytes, RTA_DATA(attr), bytes);
}

/* IFA_LOCAL is the host's own address where there is one; IFA_ADDRESS then is a peer's. */
static void on_address_message(const struct nlmsghdr *hdr, void *arg)
{
	const struct ifaddrmsg *ifa = NLMSG_DATA(hdr);
	const struct rtattr *attr = IFA_RTA(ifa);
	unsigned len = IFA_PAYLOAD(hdr), flags = ifa->ifa_flags;
	struct host_address address = {.ifindex = ifa->ifa_index, .prefix = ifa->ifa_prefixlen};
	struct address_dump *dump = arg;
	bool has_local = false;

	if (hdr->nlmsg_type != RTM_NEWADDR ||
	    (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6))
		return;
	for (; RTA_OK(attr, len); attr = RTA_NEXT(attr, len)) {
		if (attr->rta_type == IFA_LOCAL)
			has_local = true;
		if (attr->rta_type == IFA_LOCAL || (attr->rta_type == IFA_ADDRESS && !has_local))
			copy_addr(&address.addr, ifa->ifa_family, attr);
		if (attr->rta_type == IFA_FLAGS)
			memcpy(&flags, RTA_DATA(attr), sizeof(flags));
	}
	address.is_global = ifa->ifa_scope == RT_SCOPE_UNIVERSE &&
			    !(flags & (IFA_F_DEPRECATED | IFA_F_TEMPORARY | IFA_F_TENTATIVE));
	if (address.addr.family)
		dump->on_address(&address, dump->arg);
}

int netlink_addresses(void (*on_address)(const struct host_address *address, void *arg), void *arg)
{
	struct address_dump dump = {.on_address = on_address, .arg = arg};
	struct request request;

	begin(&request, RTM_GETADDR, NLM_F_DUMP, sizeof(struct ifaddrmsg));
	return ask(&request, on_address_message, &dump);
}

static int change_address(int type, int flags, const struct vip *vip)
{
	struct ifa_cacheinfo lifetimes = {.ifa_valid = LIFETIME_FOREVER};
	struct request request;
	struct ifaddrmsg *ifa = begin(&request, type, flags | NLM_F_ACK, sizeof(*ifa));

	ifa->ifa_family = (uint8_t)vip->addr.family;
	ifa->ifa_prefixlen = (uint8_t)vip->prefix;
	ifa->ifa_index = if_nametoindex("lo");
	ifa->ifa_scope = vip->addr.family == AF_INET ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
	put(&request, IFA_LOCAL, vip->addr.bytes, addr_bytes(&vip->addr));
	put(&request, IFA_ADDRESS, vip->addr.bytes, addr_bytes(&vip->addr));
	if (vip->addr.family == AF_INET6) {
		ifa->ifa_flags = IFA_F_NODAD;
		put(&request, IFA_CACHEINFO, &lifetimes, sizeof(lifetimes));
	}
	return ask(&request, NULL, NULL);
}

struct address_search {
	const struct vip *vip;
	unsigned ifindex;
	bool is_found;
};

static void look_at_address(const struct host_address *address, void *arg)
{
	struct address_search *search = arg;

	if (address->ifindex == search->ifindex && addr_equal(&address->addr, &search->vip->addr))
		search->is_found = true;
}

static int has_address(const struct vip *vip)
{
	struct address_search search = {.vip = vip, .ifindex = if_nametoindex("lo")};
	int rc = netlink_addresses(look_at_address, &search);

	return rc ? rc : search.is_found;
}

/* ---- local routes, for prefixes ---- */

static void begin_route(struct request *request, int type, int flags, const struct vip *vip)
{
	struct rtmsg *rtm = begin(request, type, flags, sizeof(*rtm));

	rtm->rtm_family = (uint8_t)vip->addr.family;
	rtm->rtm_dst_len = (uint8_t)vip->prefix;
	rtm->rtm_table = RT_TABLE_LOCAL;
	rtm->rtm_protocol = RTPROT_STATIC;
	rtm->rtm_scope = vip->addr.family == AF_INET ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
	rtm->rtm_type = RTN_LOCAL;
}

static int change_route(int type, int flags, const struct vip *vip)
{
	struct request request;
	unsigned lo = if_nametoindex("lo");

	begin_route(&request, type, flags | NLM_F_ACK, vip);
	put(&request, RTA_DST, vip->addr.bytes, addr_bytes(&vip->addr));
	put(&request, RTA_OIF, &lo, sizeof(lo));
	return ask(&request, NULL, NULL);
}

struct route_search {
	const struct vip *vip;
	bool is_found;
};

static void look_at_route(const struct nlmsghdr *hdr, void *arg)
{
	struct route_search *search = arg;
	const struct rtmsg *rtm = NLMSG_DATA(hdr);
	const struct rtattr *attr = RTM_RTA(rtm);
	unsigned len = RTM_PAYLOAD(hdr);
	struct addr dst = {0};

	if (hdr->nlmsg_type != RTM_NEWROUTE || rtm->rtm_type != RTN_LOCAL ||
	    rtm->rtm_family != search->vip->addr.family || rtm->rtm_dst_len != search->vip->prefix)
		return;
	for (; RTA_OK(attr, len); attr = RTA_NEXT(attr, len))
		if (attr->rta_type == RTA_DST)
			copy_addr(&dst, rtm->rtm_family, attr);
	if (addr_equal(&dst, &search->vip->addr))
		search->is_found = true;
}

static int has_route(const struct vip *vip)
{
	struct route_search search = {.vip = vip};
	struct request request;
	int rc;

	begin_route(&request, RTM_GETROUTE, NLM_F_DUMP, vip);
	rc = ask(&request, look_at_route, &search);
	return rc ? rc : search.is_found;
}

/* ---- the door ---- */

int netlink_add_vip(const struct vip *vip)
{
	int flags = NLM_F_CREATE | NLM_F_EXCL;

	return vip_is_single(vip) ? change_address(RTM_NEWADDR, flags, vip)
				  : change_route(RTM_NEWROUTE, flags, vip);
}

int netlink_remove_vip(const struct vip *vip)
{
	int rc = vip_is_single(vip) ? change_address(RTM_DELADDR, 0, vip)
				    : change_route(RTM_DELROUTE, 0, vip);

	return rc == -EADDRNOTAVAIL || rc == -ESRCH ? -ENOENT : rc;
}

int netlink_has_vip(const struct vip *vip)
{
	return vip_is_single(vip) ? has_address(vip) : has_route(vip);
}

/* ---- filters ---- */

/* Each priority and protocol also has a message of its own, without a handle. */
static void count_filter(const struct nlmsghdr *hdr, void *arg)
{
	const struct tcmsg *tc = NLMSG_DATA(hdr);
	int *count = arg;

	if (hdr->nlmsg_type == RTM_NEWTFILTER && tc->tcm_handle)
		(*count)++;
}

int netlink_count_filters(unsigned ifindex)
{
	static const uint32_t parents[] = {TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
					   TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)};
	struct request request;
	int count = 0, rc = 0;
	struct tcmsg *tc;
	size_t i;

	for (i = 0; i < 2 && !rc; i++) {
		tc = begin(&request, RTM_GETTFILTER, NLM_F_DUMP, sizeof(*tc));
		tc->tcm_family = AF_UNSPEC;
		tc->tcm_ifindex = (int)ifindex;
		tc->tcm_parent = parents[i];
		rc = ask(&request, count_filter, &count);
	}
	return rc ? rc : count;
}
