/* SPDX-License-Identifier: BSD-2-Clause */
/* Talking to the kernel over rtnetlink: questions that are answered at once, and events. Errors are -errno as the kernel said it. */
#ifndef LEAT_NEIGH_NETLINK_H
#define LEAT_NEIGH_NETLINK_H

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "base/addr.h"

/* Called for each message of an answer or of a batch of events. hdr is valid during the call. */
typedef void netlink_message_fn(struct nlmsghdr *hdr, void *arg);

__must_check int netlink_open_requests(struct nl_sock **sock, struct err *err);
/* Subscribed to links, addresses, routes, rules, next hops and neighbours; non-blocking. */
__must_check int netlink_open_events(struct nl_sock **sock, struct err *err);

/* Takes msg (NULL: -ENOMEM), sends it, waits for the whole answer. on_message may be NULL. It may not make a request of its own. */
int netlink_request(struct nl_sock *requests, struct nl_msg *msg, netlink_message_fn *on_message, void *arg);

/* Delivers what is waiting, at most a few hundred messages. 0; -ENOBUFS: events were lost, everything has to be read anew. */
int netlink_read(struct nl_sock *events, netlink_message_fn *on_message, void *arg);

/* A message of type with a fixed header of its family; aborts when out of memory. */
struct nl_msg *netlink_message(int type, int flags, const void *header, size_t header_len);
void netlink_put(struct nl_msg *msg, int attr, const void *data, size_t len);
void netlink_put_addr(struct nl_msg *msg, int attr, const struct addr *addr);

/* False when the attribute is missing or has the wrong size for the family. */
bool netlink_get_addr(struct nlattr *attr, int family, struct addr *addr);
bool netlink_get_mac(struct nlattr *attr, uint8_t mac[6]);

/* The address of RTM_NEWADDR or RTM_DELADDR, this host's end of it. proto (may be NULL): IFA_PROTO, 0 when the kernel says none. False: malformed. */
bool netlink_read_address(struct nlmsghdr *hdr, unsigned *ifindex, struct addr *addr, uint8_t *proto);

/* Splits the attributes behind a fixed header of header_len bytes into tb[max + 1]. False: malformed. */
bool netlink_parse(struct nlmsghdr *hdr, size_t header_len, struct nlattr *tb[], int max);

#endif
