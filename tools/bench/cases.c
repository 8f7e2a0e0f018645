// SPDX-License-Identifier: BSD-2-Clause
#include "cases.h"

#include <err.h>
#include <netinet/in.h>
#include <string.h>

#define MANY 100000

const struct kind kinds[] = {
	{.name = "nat/forward",
	 .help = "client's segment of an established flow",
	 .forwarding = NLB_FORWARD_NAT,
	 .protocol = IPPROTO_TCP,
	 .tcp_flags = FRAME_ACK,
	 .verdict = NLB_FORWARD_TX},
	{.name = "nat/reply",
	 .help = "target's segment of an established flow",
	 .forwarding = NLB_FORWARD_NAT,
	 .protocol = IPPROTO_TCP,
	 .tcp_flags = FRAME_ACK,
	 .traffic = TRAFFIC_ANSWER,
	 .verdict = NLB_REPLY_TX},
	{.name = "nat/resync",
	 .help = "as forward, of flows that were silent for 3 s",
	 .forwarding = NLB_FORWARD_NAT,
	 .protocol = IPPROTO_TCP,
	 .tcp_flags = FRAME_ACK,
	 .verdict = NLB_FORWARD_TX,
	 .flows_min = MANY,
	 .is_resync = true},
	{.name = "nat/syn",
	 .help = "SYN of a new flow beside so many established ones",
	 .forwarding = NLB_FORWARD_NAT,
	 .protocol = IPPROTO_TCP,
	 .tcp_flags = FRAME_SYN,
	 .traffic = TRAFFIC_NEW,
	 .verdict = NLB_FORWARD_TX,
	 .flows_min = 2},
	{.name = "nat/syn-full",
	 .help = "the same where the flow table is full: every one evicts another",
	 .forwarding = NLB_FORWARD_NAT,
	 .protocol = IPPROTO_TCP,
	 .tcp_flags = FRAME_SYN,
	 .traffic = TRAFFIC_NEW,
	 .verdict = NLB_FORWARD_TX,
	 .flows_min = MANY,
	 .is_table_full = true},
	{.name = "l2/hit",
	 .help = "client's segment of a known flow",
	 .forwarding = NLB_FORWARD_L2,
	 .protocol = IPPROTO_TCP,
	 .tcp_flags = FRAME_ACK,
	 .verdict = NLB_FORWARD_TX},
	{.name = "l2/udp",
	 .help = "client's datagram of a known flow",
	 .forwarding = NLB_FORWARD_L2,
	 .protocol = IPPROTO_UDP,
	 .verdict = NLB_FORWARD_TX},
	{.name = "l2/syn",
	 .help = "SYN: by the hash, leaves no entry",
	 .forwarding = NLB_FORWARD_L2,
	 .protocol = IPPROTO_TCP,
	 .tcp_flags = FRAME_SYN,
	 .verdict = NLB_FORWARD_TX},
	{.name = "l2/miss",
	 .help = "first other segment of a flow beside so many known ones: makes an entry",
	 .forwarding = NLB_FORWARD_L2,
	 .protocol = IPPROTO_TCP,
	 .tcp_flags = FRAME_ACK,
	 .traffic = TRAFFIC_NEW,
	 .verdict = NLB_FORWARD_TX,
	 .flows_min = 2},
	{.name = "l2/miss-full",
	 .help = "the same where the flow table is full",
	 .forwarding = NLB_FORWARD_L2,
	 .protocol = IPPROTO_TCP,
	 .tcp_flags = FRAME_ACK,
	 .traffic = TRAFFIC_NEW,
	 .verdict = NLB_FORWARD_TX,
	 .flows_min = MANY,
	 .is_table_full = true},
};

const int kind_count = sizeof(kinds) / sizeof(kinds[0]);

const struct kind *cases_find(const char *name)
{
	int i;

	for (i = 0; i < kind_count; i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	errx(1, "there is no case '%s'", name);
}
