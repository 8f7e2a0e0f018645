/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The transport: two libnl sockets and the small change of building and splitting messages. The
 * only file that knows how libnl receives.
 *
 * libnl squeezes the kernel's errno into fewer codes of its own; the error callback takes the
 * original before that happens.
 */
#include "netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/base.h"

#define EVENT_BUFFER_BYTES \
	(8 << 20) /* a BGP daemon that loads a table is thousands of events at once */
#define READS_PER_TURN 128
#define REQUEST_TIMEOUT_S \
	2 /* the kernel answers in microseconds; only so that nothing can hang us */
#define DUMP_TRIES 5

static const int groups[] = {
	RTNLGRP_LINK,	     RTNLGRP_NEIGH,	 RTNLGRP_IPV4_IFADDR,
	RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
	RTNLGRP_IPV4_RULE,   RTNLGRP_IPV6_RULE,	 RTNLGRP_NEXTHOP,
};

/* ---- opening ---- */

static int open_socket(struct nl_sock **sock, struct err *err)
{
	struct nl_sock *s = nl_socket_alloc();
	int ret;

	if (!s)
		abort();
	ret = nl_connect(s, NETLINK_ROUTE);
	if (ret < 0) {
		nl_socket_free(s);
		return err_set(err, -EIO, "can't open a netlink socket: %s", nl_geterror(ret));
	}
	*sock = s;
	return 0;
}

int netlink_open_requests(struct nl_sock **sock, struct err *err)
{
	struct timeval limit = {.tv_sec = REQUEST_TIMEOUT_S};
	int ret = open_socket(sock, err);

	if (ret)
		return ret;
	setsockopt(nl_socket_get_fd(*sock), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return 0;
}

static int subscribe(struct nl_sock *sock)
{
	int ret = nl_socket_set_nonblocking(sock);

	for (size_t i = 0; i < ARRAY_SIZE(groups) && ret == 0; i++)
		ret = nl_socket_add_membership(sock, groups[i]);
	return ret;
}

int netlink_open_events(struct nl_sock **sock, struct err *err)
{
	int bytes = EVENT_BUFFER_BYTES;
	int ret = open_socket(sock, err);

	if (ret)
		return ret;
	setsockopt(nl_socket_get_fd(*sock), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	ret = subscribe(*sock);
	if (ret == 0)
		return 0;
	nl_socket_free(*sock);
	*sock = NULL;
	return err_set(err, -EIO, "can't subscribe to netlink events: %s", nl_geterror(ret));
}

/* ---- receiving ---- */

struct exchange {
	netlink_message_fn *on_message;
	void *arg;
	int error; /* the kernel's -errno */
	bool is_over;
};

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct exchange *exchange = arg;

	if (exchange->on_message)
		exchange->on_message(nlmsg_hdr(msg), exchange->arg);
	return NL_OK;
}

static int on_end(struct nl_msg *msg, void *arg)
{
	struct exchange *exchange = arg;

	exchange->is_over = true;
	return NL_STOP;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *arg)
{
	struct exchange *exchange = arg;

	exchange->error = error->error;
	exchange->is_over = true;
	return NL_STOP;
}

static struct nl_cb *callbacks(struct exchange *exchange)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);

	if (!cb)
		abort();
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, exchange);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_end, exchange);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_end, exchange);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, exchange);
	return cb;
}

/* What libnl says of the socket itself. */
static int errno_of(int nl_error)
{
	switch (-nl_error) {
	case NLE_AGAIN:
		return -EAGAIN;
	case NLE_NOMEM: /* also its word for ENOBUFS */
		return -ENOBUFS;
	case NLE_DUMP_INTR:
		return -EINTR;
	default:
		return -EIO;
	}
}

static int receive_answer(struct nl_sock *requests, struct exchange *exchange)
{
	struct nl_cb *cb = callbacks(exchange);
	int ret = 0;

	while (!exchange->is_over && ret >= 0)
		ret = nl_recvmsgs(requests, cb);
	nl_cb_put(cb);
	if (exchange->error)
		return exchange->error;
	return ret < 0 ? errno_of(ret) : 0;
}

/* A dump that was overtaken by a change is asked for again; on_message has to bear repetitions. */
int netlink_request(struct nl_sock *requests, struct nl_msg *msg, netlink_message_fn *on_message,
		    void *arg)
{
	struct exchange exchange;
	int ret, tries = 0;

	do {
		exchange = (struct exchange){.on_message = on_message, .arg = arg};
		nlmsg_hdr(msg)->nlmsg_seq = NL_AUTO_SEQ;
		ret = nl_send_auto(requests, msg);
		ret = ret < 0 ? errno_of(ret) : receive_answer(requests, &exchange);
	} while (ret == -EINTR && ++tries < DUMP_TRIES);
	nlmsg_free(msg);
	return ret;
}

/* Events answer nothing, and not all of them are 0 in their number: some carry that of the request
 * that caused them. */
static int on_sequence(struct nl_msg *msg, void *arg)
{
	return NL_OK;
}

int netlink_read(struct nl_sock *events, netlink_message_fn *on_message, void *arg)
{
	struct exchange exchange = {.on_message = on_message, .arg = arg};
	struct nl_cb *cb = callbacks(&exchange);
	int ret = 0;

	nl_cb_set(cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, on_sequence, NULL);
	for (int i = 0; i < READS_PER_TURN && ret >= 0; i++)
		ret = nl_recvmsgs(events, cb);
	nl_cb_put(cb);
	if (ret >= 0 || ret == -NLE_AGAIN)
		return 0;
	return -ENOBUFS; /* whatever it is, something may have been missed */
}

/* ---- building ---- */

struct nl_msg *netlink_message(int type, int flags, const void *header, size_t header_len)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (!msg || nlmsg_append(msg, (void *)header, header_len, NLMSG_ALIGNTO) < 0)
		abort();
	return msg;
}

void netlink_put(struct nl_msg *msg, int attr, const void *data, size_t len)
{
	if (nla_put(msg, attr, (int)len, data) < 0)
		abort(); /* a page is room for all we ever say */
}

void netlink_put_addr(struct nl_msg *msg, int attr, const struct addr *addr)
{
	netlink_put(msg, attr, addr->bytes, addr->family == AF_INET ? 4 : 16);
}

/* ---- splitting ---- */

bool netlink_get_addr(struct nlattr *attr, int family, struct addr *addr)
{
	size_t len = family == AF_INET ? 4 : 16;

	if (!attr || (family != AF_INET && family != AF_INET6) || nla_len(attr) != (int)len)
		return false;
	*addr = (struct addr){.family = (uint16_t)family};
	memcpy(addr->bytes, nla_data(attr), len);
	return true;
}

bool netlink_get_mac(struct nlattr *attr, uint8_t mac[6])
{
	if (!attr || nla_len(attr) != 6)
		return false;
	memcpy(mac, nla_data(attr), 6);
	return true;
}

bool netlink_read_address(struct nlmsghdr *hdr, unsigned *ifindex, struct addr *addr,
			  uint8_t *proto)
{
	const struct ifaddrmsg *ifa = nlmsg_data(hdr);
	struct nlattr *tb[IFA_MAX + 1];

	if (!netlink_parse(hdr, sizeof(*ifa), tb, IFA_MAX))
		return false;
	*ifindex = ifa->ifa_index;
	if (proto)
		*proto = tb[IFA_PROTO] ? nla_get_u8(tb[IFA_PROTO]) : 0;
	/* On a point-to-point link IFA_ADDRESS is the other end. */
	return netlink_get_addr(tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS], ifa->ifa_family,
				addr);
}

bool netlink_parse(struct nlmsghdr *hdr, size_t header_len, struct nlattr *tb[], int max)
{
	return nlmsg_parse(hdr, (int)header_len, tb, max, NULL) >= 0;
}
