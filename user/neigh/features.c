/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two questions: which number the family has (CTRL_CMD_GETFAMILY), then NETDEV_CMD_DEV_GET for an
 * interface. Numbers are from linux/netdev.h, which older systems that Leat is built on don't have.
 */
#include "features.h"

#include <linux/genetlink.h>
#include <string.h>

#include "netlink.h"

#define FAMILY_NAME	   "netdev"
#define CMD_DEV_GET	   1 /* NETDEV_CMD_DEV_GET */
#define A_DEV_IFINDEX	   1 /* NETDEV_A_DEV_IFINDEX */
#define A_DEV_XDP_FEATURES 3 /* NETDEV_A_DEV_XDP_FEATURES, 64 bits */
#define A_DEV_MAX	   8
#define ACT_NDO_XMIT	   4 /* NETDEV_XDP_ACT_NDO_XMIT */

static struct nl_msg *question(int family, uint8_t command)
{
	struct genlmsghdr genl = {.cmd = command, .version = 1};

	return netlink_message(family, 0, &genl, sizeof(genl));
}

static void on_family(struct nlmsghdr *hdr, void *arg)
{
	struct nlattr *tb[CTRL_ATTR_MAX + 1];
	int *family = arg;

	if (netlink_parse(hdr, GENL_HDRLEN, tb, CTRL_ATTR_MAX) && tb[CTRL_ATTR_FAMILY_ID])
		*family = nla_get_u16(tb[CTRL_ATTR_FAMILY_ID]);
}

static void open_family(struct features *features)
{
	struct nl_msg *msg;

	if (features->is_tried)
		return;
	features->is_tried = true;
	features->sock = nl_socket_alloc();
	if (!features->sock)
		return;
	if (nl_connect(features->sock, NETLINK_GENERIC) == 0) {
		msg = question(GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
		netlink_put(msg, CTRL_ATTR_FAMILY_NAME, FAMILY_NAME, sizeof(FAMILY_NAME));
		if (netlink_request(features->sock, msg, on_family, &features->family) == 0 &&
		    features->family)
			return;
	}
	features_fini(features);
}

void features_fini(struct features *features)
{
	nl_socket_free(features->sock);
	features->sock = NULL;
}

struct answer {
	uint64_t bits;
	bool is_known;
};

static void on_device(struct nlmsghdr *hdr, void *arg)
{
	struct nlattr *tb[A_DEV_MAX + 1];
	struct answer *answer = arg;

	if (!netlink_parse(hdr, GENL_HDRLEN, tb, A_DEV_MAX) || !tb[A_DEV_XDP_FEATURES] ||
	    nla_len(tb[A_DEV_XDP_FEATURES]) != sizeof(answer->bits))
		return;
	memcpy(&answer->bits, nla_data(tb[A_DEV_XDP_FEATURES]), sizeof(answer->bits));
	answer->is_known = true;
}

bool features_can_transmit(struct features *features, unsigned ifindex)
{
	struct answer answer = {0};
	uint32_t index = ifindex;
	struct nl_msg *msg;

	open_family(features);
	if (!features->sock)
		return true;
	msg = question(features->family, CMD_DEV_GET);
	netlink_put(msg, A_DEV_IFINDEX, &index, sizeof(index));
	if (netlink_request(features->sock, msg, on_device, &answer))
		return true;
	return !answer.is_known || answer.bits & ACT_NDO_XMIT;
}
