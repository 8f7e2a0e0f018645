/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the stages know of the packet in hand: each stage reads what earlier ones found and adds its
 * own. Nothing here is of a flow's life, only of one packet's.
 *
 * The struct lives in registers: no pointer to it may leave the program's main function (a call
 * would force it into memory). That is why the tuple, whose address the maps need, lies outside of
 * it.
 */
#ifndef LEAT_BPF_PACKET_H
#define LEAT_BPF_PACKET_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <leat/nlb_abi.h>
#include <leat/nlb_verdicts.h>

#define likely(condition)   __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

/* One load, as it stands in the map now: user space may store to it meanwhile. */
#define READ_ONCE(object) (*(const volatile __typeof__(object) *)&(object))

/* Addresses are packed into words in memory order. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "written for little-endian hosts");

/* Words that may lie over fields of any type: addresses are copied and summed by them. */
typedef __u16 __attribute__((may_alias)) word16;
typedef __u32 __attribute__((may_alias)) word32;
typedef __u64 __attribute__((may_alias)) word64;

/* The verifier wants offsets clearly below 65536; XDP's frames are far shorter. */
#define PACKET_OFFSET_MAX 0x7fff

struct vlan_tag {
	__be16 tci;
	__be16 inner_proto; /* EtherType of what follows */
};

/* The two ends as the packet is to name them. */
struct endpoints {
	const void *src;
	const void *dst;
	__be16 sport;
	__be16 dport;
};

enum tcp_flag { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };

struct packet {
	struct xdp_md *ctx;
	struct nlb_tuple *tuple; /* parse; as received, also after rewriting */
	__u64 now_ns;		 /* reply or flow */

	/* parse */
	__u32 frame_bytes; /* as received, with padding */
	__u32 ip_bytes;	   /* what the IP header says: where the datagram ends */
	__u32 tags;	   /* VLAN tags in the frame */
	__u32 l4_offset;   /* from the frame's first byte */
	__be16 vlan_outer; /* as in struct nlb_link */
	__be16 vlan_inner;
	__u8 odd_tpid; /* NLB_FLOW_ODD_TPID or 0; reply: of the client's frames */
	bool is_fragment;
	__u8 ttl;
	__u8 tcp_flags; /* UDP: 0 */

	/* listener, flow, select */
	const struct nlb_settings *settings;
	const struct nlb_listener *listener;  /* NULL: no listener's packet */
	__u16 idle_s;			      /* the listener's for this protocol */
	const struct nlb_target_group *group; /* known only where a target is to be chosen */
	struct nlb_flow *flow;		      /* NULL: none, or one that no longer counts */
	const struct nlb_target *target;
	__u32 target_id;
	bool replaces_flow; /* the flow table has an entry for the tuple, which no longer counts */
	bool is_new_flow;
	bool is_error; /* ICMP; the tuple is the other direction's of the packet it is about */

	/* shift; all of them constant but in nlb_shift */
	bool shifts; /* this is nlb_shift */
	__u16 grows; /* bytes that are put before the segment's data on its way */

	/* reply, nexthop, track: what rewrite is to do */
	union {
		__u32 egress; /* interface it is redirected to; 0: the one it came in by */
		__u32 mtu;    /* PACKET_TOO_BIG: of the path it is too long for */
	};
	const void *macs; /* destination, source, as in a frame; of a reply the start of its link */
	struct endpoints ends; /* src NULL: addresses stay (l2) */
};

static __always_inline __u32 l3_offset(const struct packet *p)
{
	return ETH_HLEN + p->tags * sizeof(struct vlan_tag);
}

static __always_inline bool is_ipv4(const struct packet *p)
{
	return p->tuple->family == NLB_IPV4;
}

static __always_inline bool is_tcp(const struct packet *p)
{
	return p->tuple->protocol == IPPROTO_TCP;
}

/* The first segment of a connection from its client. */
static __always_inline bool is_syn(const struct packet *p)
{
	return (p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
}

static __always_inline bool is_rst(const struct packet *p)
{
	return p->tcp_flags & TCP_RST;
}

static __always_inline __u32 frame_length(const struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	long length = end - data;

	asm volatile(""
		     : "+r"(length)); /* else clang subtracts halves of pointers, which the verifier
					 refuses */
	return length;
}

/* In loops over bytes of the frame: else clang reads its bounds before the loop, and keeps them in
 * a form in which the verifier does not know them. */
#define forget_frame(ctx) asm volatile("" : "+r"(ctx)::"memory")

/* `bytes` bytes of the frame from `offset` on, or NULL where the frame is shorter. The verifier
 * wants it asked anew in every stage and after everything that moves the frame's ends. */
static __always_inline void *frame_at(const struct xdp_md *ctx, __u32 offset, __u32 bytes)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	void *at = data + offset;

	__builtin_assume(at != NULL);
	return at + bytes > end ? NULL : at;
}

static __always_inline void *packet_at(const struct packet *p, __u32 offset, __u32 bytes)
{
	return frame_at(p->ctx, offset, bytes);
}

static __always_inline void address_copy(void *to, const void *from)
{
	word64 *t = to;
	const word64 *f = from;

	t[0] = f[0];
	t[1] = f[1];
}

static __always_inline bool address_equal(const void *a, const void *b)
{
	const word64 *x = a, *y = b;

	return !((x[0] ^ y[0]) | (x[1] ^ y[1]));
}

static __always_inline bool tuple_equal(const struct nlb_tuple *a, const struct nlb_tuple *b)
{
	const word64 *x = (const word64 *)a, *y = (const word64 *)b;

	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) | (x[4] ^ y[4]));
}

#endif
