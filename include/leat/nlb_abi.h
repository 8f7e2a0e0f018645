/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The contract between the XDP program (bpf/) and its controller (user/nlb): keys and values of every map. One text for both
 * compilers; fixed-width fields, explicit padding, sizes asserted. Change anything here and NLB_ABI goes up by one.
 *
 * Who writes: user space writes all but flows, replies and the counters, and is the only writer of those it writes. Reading side
 * rule: a packet may be anywhere in its walk while user space writes, so
 *   - a value wider than 8 bytes is changed only while nothing refers to it, and made reachable by ONE aligned 4- or 8-byte store
 *     (ring, nexthop, snat, id below) or by a hash map update, which replaces the element as a whole;
 *   - what was unlinked is reused only after NLB_GRACE_MS.
 *
 * Byte order: __be16/__be32 and address bytes are network order, everything else is the host's.
 * Addresses are 16 bytes: IPv6, or IPv4 in the first 4 bytes and zero after (as struct addr of user/base).
 */
#ifndef LEAT_NLB_ABI_H
#define LEAT_NLB_ABI_H

#include <linux/types.h>

#define NLB_ABI 2u

#ifndef __cplusplus
#define NLB_ASSERT_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " is not " #bytes " bytes")
#endif

#define NLB_GRACE_MS 100 /* longer than any packet stays in the program, by orders of magnitude */

/* ---- sizes: defaults of maps that are sized when they are made -------------------------------------------------------------- */
#define NLB_MAX_LISTENERS     16384
#define NLB_MAX_TARGET_GROUPS 4096
#define NLB_MAX_TARGETS	      65536
#define NLB_MAX_NEXTHOPS      65536
#define NLB_MAX_SNATS	      4096
#define NLB_MAX_SLOTS	      (1u << 22) /* 32 MiB: rings of all target groups, and room for the next generation of each */
#define NLB_MAX_PORTS	      256	 /* interfaces that packets may be redirected to */
#define NLB_DEFAULT_FLOWS     1000000
#define NLB_MAX_SOURCES	      262144 /* entries of all lists, what is being replaced included */
#define NLB_MAX_SOURCE_LISTS  65535
#define NLB_MAX_SOURCE_RATES  65536 /* sources whose rate is known */
#define NLB_MAX_STAGES	      16
#define NLB_MAX_VIPS	      4096  /* prefixes, and addresses that have ranges of ports */
#define NLB_MAX_PORT_RANGES   65536 /* a range of ports takes up to 30, one of all ports takes one */
#define NLB_MAX_ACTIONS	      4096

/* ---- stages: programs that nlb_ingress goes on into by tail call, for packets off the fast path. Each starts from the frame and is of no
 * version: while the program is replaced, the old nlb_ingress may call the new ones. Numbers stay. -------------------------- */
enum nlb_stage {
	NLB_STAGE_ICMP = 0,
	NLB_STAGE_SHIFT = 1,
	NLB_STAGE_FAMILY = 2,	   /* nat between address families */
	NLB_STAGE_ICMP_FAMILY = 3, /* ICMP errors about its packets */
};

/* ---- target ids: (index, generation) ---------------------------------------------------------------------------------------
 * An index is reused, with the next generation: a stale id never names the new owner. Generation 0 is never used, so id 0 is
 * "no target". */
#define NLB_TARGET_INDEX_BITS 20
#define NLB_TARGET_INDEX(id)  ((id) & ((1u << NLB_TARGET_INDEX_BITS) - 1))
#define NLB_TARGET_GEN(id)    ((id) >> NLB_TARGET_INDEX_BITS)
#define NLB_TARGET_ID(index, gen) (((__u32)(gen) << NLB_TARGET_INDEX_BITS) | (index))
#define NLB_TARGET_GEN_MAX    ((1u << (32 - NLB_TARGET_INDEX_BITS)) - 1)

enum nlb_forwarding {
	NLB_FORWARD_NAT = 1,
	NLB_FORWARD_L2 = 2,
	NLB_FORWARD_DNAT = 3,
	NLB_FORWARD_IPIP = 4,
	NLB_FORWARD_GUE = 5,
};
enum nlb_hash_fields { NLB_HASH_5TUPLE = 0, NLB_HASH_SOURCE = 1 };
enum nlb_family { NLB_IPV4 = 4, NLB_IPV6 = 6 };

/* ---- settings[1] ----------------------------------------------------------------------------------------------------------- */
enum nlb_flow_state {
	NLB_FLOW_UDP = 0,	  /* timeout: the listener's udp_idle_s */
	NLB_FLOW_SYN_SENT = 1,	  /* half-open: SYN seen, nothing from the target yet */
	NLB_FLOW_SYN_RECEIVED = 2,/* half-open: the target answered SYN-ACK, the client did not yet (seen in nat only) */
	NLB_FLOW_ESTABLISHED = 3, /* timeout: the listener's tcp_idle_s */
	NLB_FLOW_CLOSING = 4,	  /* a FIN from one side */
	NLB_FLOW_TIME_WAIT = 5,	  /* a FIN from both sides (seen in nat only) */
	NLB_FLOW_CLOSED = 6,	  /* a RST from either side */
	NLB_FLOW_STATES = 8,
};

enum nlb_settings_flags {
	/* There are dnat targets: what is no listener's may be an answer of theirs, to a port out of the SNAT range. */
	NLB_SETTINGS_DNAT = 1 << 0,
	NLB_SETTINGS_RANGES = 1 << 1, /* vips and port_ranges hold something */
};

struct nlb_settings {
	__u64 hash_key[2];	 /* SipHash key of selection and port choice; random, kept in the state store */
	__u64 heartbeat_ns;	 /* CLOCK_MONOTONIC of the controller's last sign of life; informational: without it packets go on */
	__u64 object_digest;	 /* of the BPF object whose program is attached: a restart with the same one replaces nothing */
	__u32 abi;		 /* NLB_ABI */
	__u32 flags;		 /* enum nlb_settings_flags */
	/* SNAT ports, host order, inclusive; kept apart from net.ipv4.ip_local_port_range. Only packets to these ports are looked up
	 * in replies (and with NLB_SETTINGS_DNAT those that are no listener's): a range that no longer holds a flow's port ends the flow. */
	__u16 nat_port_first;
	__u16 nat_port_last;
	__u32 timeout_s[NLB_FLOW_STATES]; /* idle seconds by state; UDP and ESTABLISHED come from the listener instead */
	__u16 last_source_list; /* the id given last: a flow must not take a new list for the one that admitted it */
	__u8 reserved[178]; /* zero; room for settings to come without another layout */
};
NLB_ASSERT_SIZE(struct nlb_settings, 256);

/* ---- listeners: hash ------------------------------------------------------------------------------------------------------- */
/* Besides, one entry {address, port 0, protocol 0} for each address that any listener has, its value ignored: fragments have no ports,
 * this is how it is known that they are not the stack's. */
struct nlb_listener_key {
	__u8 address[16];
	__be16 port;
	__u8 protocol; /* IPPROTO_TCP, IPPROTO_UDP */
	__u8 family;   /* enum nlb_family */
};
NLB_ASSERT_SIZE(struct nlb_listener_key, 20);

enum nlb_listener_flags {
	NLB_LISTENER_ACTION = 1 << 0, /* target_group is an index of actions */
	NLB_LISTENER_LOCAL = 1 << 1,  /* packets are this host's own stack's; target_group is unused */
	NLB_LISTENER_ADMITS = 1 << 2, /* new flows are asked where they come from */
};

struct nlb_listener {
	__u32 id;	    /* index of listener_stats; one id for all keys of a listener */
	__u32 target_group; /* index of target_groups, or of actions */
	__u16 tcp_idle_s;
	__u16 udp_idle_s;
	__u32 flags; /* enum nlb_listener_flags */
	__u64 name_hash; /* of the listener's name: how a restarted controller knows whose id this is; 0: not known */
	__u16 sources; /* NLB_LISTENER_ADMITS: list of sources; 0: everybody is allowed */
	__u8 pad[2];
	/* NLB_LISTENER_ADMITS: new flows a second of one source, and how many at once after a pause; 0: no limit. */
	__u32 flows_per_s;
	__u32 flows_burst;
	__u8 reserved[12]; /* zero */
};
NLB_ASSERT_SIZE(struct nlb_listener, 48);

/* ---- vips, port_ranges: tries of longest prefixes -----------------------------------------------------------------------------
 * Where {address, port, protocol} is no listener's, the address is looked for in vips, and the port among those of the vip that was
 * found: prefixes of addresses, ranges of ports. The more specific address decides, of its listeners the one with the narrowest range; what
 * an address does not hear goes by the prefix around it. All that is resolved by user space: every vip's ports are written out, what it
 * takes from the prefixes around it as well, so one look-up in each is enough.
 *
 * A range of ports is split into prefixes of a port's 16 bits. The listener's own row is the entry of `listeners` with the key that
 * nlb_range_row() makes; markers are there for single addresses only. */
struct nlb_vip_key {
	__u32 prefix_bits; /* NLB_VIP_FAMILY_BITS + those of the address */
	__u8 family;	   /* enum nlb_family */
	__u8 pad[3];
	__u8 address[16];
};
NLB_ASSERT_SIZE(struct nlb_vip_key, 24);
#define NLB_VIP_FAMILY_BITS 32

struct nlb_port_range_key {
	__u32 prefix_bits; /* NLB_PORT_RANGE_VIP_BITS + those of the port */
	__u32 vip;	   /* value of vips; never 0 */
	__u8 protocol;
	__u8 pad;
	__be16 port;
};
NLB_ASSERT_SIZE(struct nlb_port_range_key, 12);
#define NLB_PORT_RANGE_VIP_BITS 48

/* Value of port_ranges: the listener's id. Its row in `listeners`, for packets of a family: */
#define NLB_RANGE_ROW_PROTOCOL 255 /* IPPROTO_RAW: no packet's */
static inline __attribute__((always_inline)) void nlb_range_row(struct nlb_listener_key *key, __u32 id, __u8 family)
{
	__builtin_memset(key, 0, sizeof(*key));
	__builtin_memcpy(key->address, &id, sizeof(id));
	key->protocol = NLB_RANGE_ROW_PROTOCOL;
	key->family = family;
}

/* ---- actions[]: immutable while referred to -------------------------------------------------------------------------------------
 * A weighted choice between target groups. The first choice is made by all weights; where it falls on a group that can't take new flows
 * now, a second one by the weights of those that can. So a group that fails and comes back moves none of the others' flows. */
#define NLB_ACTION_GROUPS 5

struct nlb_action {
	__u8 count;	  /* groups; 0: row unused */
	__u8 hash_fields; /* enum nlb_hash_fields: what of a flow the choice is made by */
	__u8 able;	  /* bit i: groups[i] takes new flows; of none: all bits are 0, and the first choice stays */
	__u8 pad;
	__u16 ends[NLB_ACTION_GROUPS];	    /* weights up to and with group i */
	__u16 able_ends[NLB_ACTION_GROUPS]; /* the same, of those that are able */
	__u32 groups[NLB_ACTION_GROUPS];    /* indexes of target_groups */
	__u32 reserved[5];		    /* zero */
};
NLB_ASSERT_SIZE(struct nlb_action, 64);

/* ---- sources: LPM trie ------------------------------------------------------------------------------------------------------
 * Lists of source prefixes, each immutable while a listener refers to it: a change is a new list and one update of the listener. Every list
 * answers for every address: it has an entry of length 0 for each family. Ids are given in turn, 0 is no list. */
#define NLB_SOURCE_LIST_BITS 32 /* what stands before the address: list, family and pad */

struct nlb_source_key {
	__u32 prefix_bits; /* NLB_SOURCE_LIST_BITS + length of the prefix */
	__u16 list;
	__u8 family; /* enum nlb_family */
	__u8 pad;
	__u8 address[16];
};
NLB_ASSERT_SIZE(struct nlb_source_key, 24);

enum nlb_source_answer { NLB_SOURCE_ALLOWED = 1, NLB_SOURCE_DENIED = 2 }; /* __u32: the value */

/* ---- target_groups[] ------------------------------------------------------------------------------------------------------- */
#define NLB_RING(base, size) (((__u64)(base) << 32) | (size))
#define NLB_RING_BASE(ring)  ((__u32)((ring) >> 32))
#define NLB_RING_SIZE(ring)  ((__u32)(ring))

enum nlb_group_flags {
	NLB_GROUP_RESET_UNHEALTHY = 1 << 0, /* TCP of a target that takes no new flows because it is unhealthy: RST to the client */
	NLB_GROUP_MOVE_UNHEALTHY = 1 << 1,  /* its UDP flows choose a target anew; without either flag flows stay */
	NLB_GROUP_PROXY = 1 << 8,	    /* nat: new TCP flows begin with a PROXY header (leat/proxy_v2.h) */
	NLB_GROUP_PROXY_ON_ACK = 1 << 9,    /* with the first ACK, else with the first one that has data */
};

struct nlb_target_group {
	__u64 ring; /* NLB_RING(first slot, number of slots): the switch; 0: empty. Lives in slots[] */
	__u32 flags;
	__u8 forwarding;  /* enum nlb_forwarding */
	__u8 hash_fields; /* enum nlb_hash_fields */
	__u16 mss_max; /* TCP through it announces no larger MSS; 0: the path's MTU alone decides */
	char name[48]; /* zero-terminated; how a restarted controller knows what index this is; empty: index unused */
	__u8 reserved[32]; /* zero */
};
NLB_ASSERT_SIZE(struct nlb_target_group, 96);

/* ---- slots[], mmap-able ---------------------------------------------------------------------------------------------------- */
struct nlb_slot { /* one aligned 8-byte load */
	__u32 primary;	 /* target id */
	__u32 secondary; /* target id where the primary takes no new flows; 0: none */
};
NLB_ASSERT_SIZE(struct nlb_slot, 8);

/* ---- health[], mmap-able: u64 words; bit (index % 64) of word (index / 64) = the target takes new flows ---------------------------
 * Not the same as "passes its checks": while a group fails open, all its bits are set. Draining targets are not in a ring and their
 * bit says 1 while their flows go on. */
#define NLB_HEALTH_WORDS(targets) (((targets) + 63) / 64)

/* ---- targets[] ------------------------------------------------------------------------------------------------------------- */
enum nlb_target_flags {
	NLB_TARGET_PRESERVE_PORT = 1 << 0, /* nat: the port that the client sent to stays, `port` is not used */
};

struct nlb_target {
	__u32 id; /* NLB_TARGET_ID; 0: free. Written last when filled, first when freed */
	__u32 target_group;
	__u32 nexthop; /* index of nexthops; 0: unresolved. Changed by one store */
	/* NLB_SNAT(first index of snats, count). Changed by one store. nat, dnat: source addresses towards it; ipip, gue: one, of the
	 * outer header. */
	__u32 snat;
	__u8 address[16];
	__be16 port; /* nat, dnat: rewritten to this; l2, ipip, gue: unused */
	__u8 family;	 /* enum nlb_family */
	__u8 forwarding; /* enum nlb_forwarding */
	__u16 last_gen;	 /* newest generation this index had; stays when the row is freed, so that a restart can't repeat an id */
	/* dnat: clients whose address has so many leading bits in common with the target's are its neighbours: it would answer them past
	 * Leat, so their flows get a SNAT address. 0: not known, the target itself is the only one. Changed by one store */
	__u8 link_bits;
	__u8 overhead;	 /* nlb_encap_bytes() of forwarding and family: what the path's MTU loses; 0: not encapsulated */
	__u8 source_bits; /* ipip: so many low bits of the outer source are the flow's, 0..32 (IPv6: of the last four bytes). Changed by one store */
	__u8 flags;	 /* enum nlb_target_flags */
	__u8 pad[22];
};
NLB_ASSERT_SIZE(struct nlb_target, 64);

#define NLB_SOURCE_BITS_MAX 32
#define NLB_SNAT(first, count)	(((__u32)(first) << 8) | (count))
#define NLB_SNAT_FIRST(snat)	((snat) >> 8)
#define NLB_SNAT_COUNT(snat)	((snat) & 0xff)

/* ---- nexthops[]: immutable while referred to; index 0 is never used ----------------------------------------------------------- */
struct nlb_nexthop {
	__u32 ifindex; /* out of this interface: XDP_TX when the packet came in there, else redirect */
	__u8 dst_mac[6];
	__u8 src_mac[6];
	__u16 mtu;   /* of the path, L3 bytes */
	__u16 flags; /* none yet */
	/* Tags that frames to it carry, as in struct nlb_link; and the EtherType of the outermost one. */
	__be16 vlan_outer;
	__be16 vlan_inner;
	__be16 vlan_outer_proto;
	__u8 reserved[38]; /* zero */
};
NLB_ASSERT_SIZE(struct nlb_nexthop, 64);

/* ---- snats[]: source addresses of nat, and of those flows of dnat that can't keep their client's; immutable while referred to ------------------------------------------------------------- */
struct nlb_snat {
	__u8 address[16];
};
NLB_ASSERT_SIZE(struct nlb_snat, 16);

/* ---- flows, replies: LRU hash; written by the program, read and expired by user space ------------------------------------------ */
struct nlb_tuple { /* as the packet that looks it up has it */
	__u8 src[16];
	__u8 dst[16];
	__be16 sport;
	__be16 dport;
	__u8 protocol;
	__u8 family; /* enum nlb_family */
	__u8 pad[2];
} __attribute__((aligned(8))); /* hashed, compared and copied as 8-byte words */
NLB_ASSERT_SIZE(struct nlb_tuple, 40);

/* Where the client's packets come from: its answers go back the same way. */
struct nlb_link {
	__u8 client_mac[6]; /* source of the client's frames: its own or its router's */
	__u8 local_mac[6];  /* destination of the client's frames: ours */
	__u32 ifindex;
	__be16 vlan_outer; /* TCI of the tags the frames carry, 0: none */
	__be16 vlan_inner;
};
NLB_ASSERT_SIZE(struct nlb_link, 20);

/* What is added to the sequence numbers of a TCP connection that Leat has spoken in itself; all 0: nothing. Host order. */
struct nlb_shift {
	__u32 isn;	  /* the client's initial sequence number */
	__u32 to_client;  /* added to the target's sequence numbers (it chose another initial one than the client was told) */
	__u16 to_target;  /* bytes put before the client's first one (PROXY header), added to the client's sequence numbers */
	__u16 flags;	  /* enum nlb_shift_flags; 0: nothing is added */
};
NLB_ASSERT_SIZE(struct nlb_shift, 12);

/* Set when the flow begins, in both entries; ACKED is set once, later, and never taken back. */
enum nlb_shift_flags {
	NLB_SHIFT_PROXY = 1 << 0,  /* to_target bytes of PROXY header before the client's first one */
	NLB_SHIFT_ON_ACK = 1 << 1, /* it goes with the first ACK; else with the first segment that has data */
	NLB_SHIFT_ACKED = 1 << 2,  /* the target has acknowledged all of it: it is not sent again */
	NLB_SHIFT_SEQ = 1 << 3,	   /* to_client counts */
};

/* key: client -> VIP */
struct nlb_flow {
	__u64 last_seen_ns; /* CLOCK_MONOTONIC, coarse */
	__u32 target;	    /* target id */
	__u32 listener;	    /* listener id */
	__u32 synced_s;	    /* nat, dnat: when the entry of the other direction was last looked after, monotonic seconds */
	__u32 created_s;
	union {
		__u8 snat[16];	 /* nat, dnat: source address and port towards the target; of dnat mostly the client's own */
		__u32 alternate; /* gue: target id that the packets name as alternate; 0: none */
	};
	__be16 snat_port;
	__u8 state; /* enum nlb_flow_state */
	__u8 flags; /* enum nlb_flow_flags */
	__u16 idle_s; /* the listener's idle timeout for this flow's protocol when last seen */
	__u16 sources; /* the listener's list that has admitted it; another one is asked again */
	struct nlb_link link;
	struct nlb_shift shift;
};
NLB_ASSERT_SIZE(struct nlb_flow, 80);

enum nlb_flow_flags {
	NLB_FLOW_FIN_CLIENT = 1 << 0,
	NLB_FLOW_FIN_TARGET = 1 << 1,
	/* The client's outer tag has the other TPID: 0x88a8 on one tag, 0x8100 on the outer of two. */
	NLB_FLOW_ODD_TPID = 1 << 2,
};

/* key: target -> SNAT address (dnat: the client's own, mostly). Its existence is what owns that address and port towards the target. */
struct nlb_reply {
	__u64 last_seen_ns;
	__u32 target;	/* target id */
	__u32 listener; /* listener id */
	__u32 synced_s;
	__u8 state; /* enum nlb_flow_state */
	__u8 flags; /* enum nlb_flow_flags */
	__u16 idle_s;
	struct nlb_tuple client; /* key of the flow: src = client, dst = VIP */
	struct nlb_link link;
	struct nlb_shift shift; /* as the flow's */
};
NLB_ASSERT_SIZE(struct nlb_reply, 96);

/* ---- counters: per-CPU arrays ------------------------------------------------------------------------------------------------- */
struct nlb_count { /* verdict_stats[enum nlb_verdict] */
	__u64 packets;
	__u64 bytes; /* of frames as received */
};

struct nlb_listener_count { /* listener_stats[listener id] */
	__u64 packets;	 /* client -> target, forwarded */
	__u64 bytes;
	__u64 new_flows;
	__u64 dropped;	 /* matched the listener and was not forwarded */
};

struct nlb_target_count { /* target_stats[target index]; zeroed by user space before an index is reused */
	__u64 packets;	 /* client -> target */
	__u64 bytes;
	__u64 new_flows;
	__u64 reply_packets; /* target -> client, nat and dnat */
	__u64 reply_bytes;
	__u64 ports_exhausted;
	__u64 pad[2];
};
NLB_ASSERT_SIZE(struct nlb_target_count, 64);

#endif
