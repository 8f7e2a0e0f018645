/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The life of a flow as the two tables see it: TCP states from the flags of either side, and when
 * an entry is too old. Pure: no map is touched here.
 */
#ifndef LEAT_BPF_STATE_H
#define LEAT_BPF_STATE_H

#include "config.h"
#include "packet.h"

/* The two bytes that both directions' entries have. */
struct flow_state {
	__u8 state; /* enum nlb_flow_state */
	__u8 flags; /* enum nlb_flow_flags */
};

#define FIN_BOTH (NLB_FLOW_FIN_CLIENT | NLB_FLOW_FIN_TARGET)

static __always_inline bool is_half_open(__u8 state)
{
	return state == NLB_FLOW_SYN_SENT || state == NLB_FLOW_SYN_RECEIVED;
}

/* A SYN begins a new connection: the old one has ended, whatever late segments say. */
static __always_inline bool is_over(__u8 state)
{
	return state == NLB_FLOW_CLOSING || state == NLB_FLOW_TIME_WAIT || state == NLB_FLOW_CLOSED;
}

static __always_inline bool has_both_fins(__u8 flags)
{
	return (flags & FIN_BOTH) == FIN_BOTH;
}

static __always_inline void state_fin(struct flow_state *now, __u8 whose)
{
	now->flags |= whose;
	if (now->state == NLB_FLOW_CLOSED)
		return;
	now->state = has_both_fins(now->flags) ? NLB_FLOW_TIME_WAIT : NLB_FLOW_CLOSING;
}

/* Of a connection that is known from this segment of its client on. */
static __always_inline __u8 state_first(__u8 tcp_flags)
{
	if (tcp_flags & TCP_RST)
		return NLB_FLOW_CLOSED;
	if (tcp_flags & TCP_SYN)
		return NLB_FLOW_SYN_SENT;
	return tcp_flags & TCP_FIN ? NLB_FLOW_CLOSING : NLB_FLOW_ESTABLISHED;
}

/* Most segments change nothing: which may, in either direction. Flags of UDP are 0. */
static __always_inline bool may_change_from_client(__u8 state, __u8 tcp_flags)
{
	return tcp_flags & (TCP_FIN | TCP_RST) || state == NLB_FLOW_SYN_RECEIVED;
}

static __always_inline bool may_change_from_target(__u8 tcp_flags)
{
	return tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST);
}

/* After a segment of the client. SYNs of known flows are retransmissions: what begins anew doesn't
 * come here. */
static __always_inline struct flow_state state_from_client(struct flow_state now, __u8 tcp_flags)
{
	if (tcp_flags & TCP_RST)
		now.state = NLB_FLOW_CLOSED;
	else if (tcp_flags & TCP_FIN)
		state_fin(&now, NLB_FLOW_FIN_CLIENT);
	else if (now.state == NLB_FLOW_SYN_RECEIVED && !(tcp_flags & TCP_SYN))
		now.state = NLB_FLOW_ESTABLISHED;
	return now;
}

static __always_inline struct flow_state state_from_target(struct flow_state now, __u8 tcp_flags)
{
	if (tcp_flags & TCP_RST)
		now.state = NLB_FLOW_CLOSED;
	else if (tcp_flags & TCP_FIN)
		state_fin(&now, NLB_FLOW_FIN_TARGET);
	else if (now.state == NLB_FLOW_SYN_SENT && (tcp_flags & TCP_SYN))
		now.state = NLB_FLOW_SYN_RECEIVED;
	return now;
}

/* What both entries are to say when one side has just changed: a FIN that the other CPU has
 * recorded meanwhile is not lost. */
static __always_inline struct flow_state state_merge(struct flow_state now, __u8 other_flags)
{
	now.flags |= other_flags & FIN_BOTH;
	if (now.state == NLB_FLOW_CLOSING && has_both_fins(now.flags))
		now.state = NLB_FLOW_TIME_WAIT;
	return now;
}

/* Idle time after which an entry in this state no longer counts. */
static __always_inline __u64 state_timeout_ns(const struct nlb_settings *settings, __u8 state,
					      __u16 idle_s)
{
	__u32 seconds = idle_s;

	if (state != NLB_FLOW_UDP && state != NLB_FLOW_ESTABLISHED)
		seconds = settings->timeout_s[state % NLB_FLOW_STATES];
	return seconds * NSEC_PER_SEC;
}

/* Signed: another CPU may have stored a time that is later than ours. */
static __always_inline bool is_older_than(__u64 last_seen_ns, __u64 now_ns, __u64 ns)
{
	return (__s64)(now_ns - last_seen_ns) > (__s64)ns;
}

static __always_inline bool is_sync_due(__u32 synced_s, __u64 now_ns)
{
	return is_older_than(synced_s * NSEC_PER_SEC, now_ns, SYNC_INTERVAL_NS);
}

#endif
