// SPDX-License-Identifier: BSD-2-Clause
/* A network namespace with veth pairs, by rtnetlink(7) without a library: two kinds of message are
 * not worth one. */
#include "netns.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char *const netns_names[IF_COUNT] = {"front", "back", "third"};
const uint32_t netns_ifindexes[IF_COUNT] = {11, 12, 13};

#define PEER_IFINDEX 100 /* added to that of the interface */

struct request {
	struct nlmsghdr header;
	struct ifinfomsg link;
	char attributes[512];
};

static struct rtattr *add(struct request *r, unsigned short type, const void *data, size_t len)
{
	struct rtattr *a = (struct rtattr *)((char *)r + NLMSG_ALIGN(r->header.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(a), data, len);
	r->header.nlmsg_len = (uint32_t)(NLMSG_ALIGN(r->header.nlmsg_len) + RTA_ALIGN(a->rta_len));
	return a;
}

/* An attribute reaches to where the message ends now. */
static void close_nest(struct request *r, struct rtattr *a)
{
	a->rta_len = (unsigned short)((char *)r + r->header.nlmsg_len - (char *)a);
}

static int talk(int fd, struct request *r)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[1024];
	} answer;

	if (send(fd, r, r->header.nlmsg_len, 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
		return -errno;
	return answer.header.nlmsg_type == NLMSG_ERROR ? answer.error.error : -EPROTO;
}

static int add_veth(int fd, const char *name, uint32_t ifindex)
{
	struct request r = {0};
	struct ifinfomsg peer = {.ifi_index = (int)ifindex + PEER_IFINDEX};
	struct rtattr *info, *data, *nest;
	char peer_name[16];

	r.header.nlmsg_len = NLMSG_LENGTH(sizeof(r.link));
	r.header.nlmsg_type = RTM_NEWLINK;
	r.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
	r.link.ifi_index = (int)ifindex;
	add(&r, IFLA_IFNAME, name, strlen(name) + 1);
	info = add(&r, IFLA_LINKINFO, NULL, 0);
	add(&r, IFLA_INFO_KIND, "veth", 5);
	data = add(&r, IFLA_INFO_DATA, NULL, 0);
	nest = add(&r, VETH_INFO_PEER, &peer, sizeof(peer));
	snprintf(peer_name, sizeof(peer_name), "%s-peer", name);
	add(&r, IFLA_IFNAME, peer_name, strlen(peer_name) + 1);
	close_nest(&r, nest);
	close_nest(&r, data);
	close_nest(&r, info);
	return talk(fd, &r);
}

int netns_enter(char *why, size_t room)
{
	int i, fd, err = 0;

	if (unshare(CLONE_NEWNET)) {
		err = -errno;
		snprintf(why, room, "no network namespace of our own: %s", strerror(-err));
		return err;
	}
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		err = -errno;
	for (i = 0; !err && i < IF_COUNT; i++)
		err = add_veth(fd, netns_names[i], netns_ifindexes[i]);
	if (fd >= 0)
		close(fd);
	if (err)
		snprintf(why, room, "no veth pairs: %s", strerror(-err));
	return err;
}

int netns_find(const char *name)
{
	int i;

	for (i = 0; i < IF_COUNT; i++)
		if (!strcmp(netns_names[i], name))
			return i;
	return -1;
}
