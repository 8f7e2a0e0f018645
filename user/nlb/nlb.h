/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The XDP plane from user space. Pure half: what is wanted (struct nlb_want) → nlb_compile() → an image of what the maps shall hold →
 * nlb_plan_make() → the difference, printable before anything is done. Effects half: nlb_open() loads or adopts program, maps and
 * links, nlb_apply() brings the maps to an image, counters and flows are read. Decides nothing.
 */
#ifndef LEAT_NLB_NLB_H
#define LEAT_NLB_NLB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/err.h"
#include "leat/nlb_abi.h"
#include "leat/nlb_verdicts.h"

/* ---- what is wanted: built by control from the model and what it observed ---------------------------------------------------- */
struct nlb_path {
	bool is_resolved;
	unsigned ifindex;
	uint8_t dst_mac[6], src_mac[6];
	unsigned mtu;	    /* L3 bytes, 0: unknown */
	uint16_t vlan_proto, vlan_outer, vlan_inner; /* tags on the frames, host order, 0: none; one tag is the outer, proto is its TPID */
};

struct nlb_want_target {
	struct addr address;
	uint16_t port;	 /* host order */
	unsigned weight; /* 0: no slots */
	bool in_ring;	 /* registered and not draining */
	bool takes_new;	 /* health bit: healthy, or its group fails open; true while draining */
	struct nlb_path path;
	struct addr snats[8]; /* nat, dnat: source addresses towards it, host's choice; in order */
	size_t snat_count;
	uint8_t source_bits; /* ipip: so many low bits of snats[0] are the flow's and 0 there; at most NLB_SOURCE_BITS_MAX */
	uint8_t link_bits; /* dnat: of its network's prefix, where it is this host's as well; 0: not known */
};

struct nlb_want_group { /* one per target group and family of its targets */
	const char *name; /* target group's name */
	uint8_t family;	  /* AF_INET, AF_INET6 */
	uint8_t forwarding, hash_fields; /* enum nlb_forwarding, nlb_hash_fields */
	uint32_t flags;	  /* enum nlb_group_flags */
	bool fails_open;    /* its targets take new flows for want of a healthy one: weighted actions prefer groups that have one */
	bool preserves_port; /* nat: flows go to the port that the client sent to */
	uint16_t mss_max; /* of TCP through it, 0: by the path alone */
	struct nlb_want_target *targets;
	size_t target_count;
};

struct nlb_want_choice { /* one of the groups of a weighted action */
	const char *group; /* as nlb_want_listener.group */
	uint8_t group_family; /* as nlb_want_listener.group_family */
	unsigned weight;
};

struct nlb_want_source { /* of several that hold an address the longest prefix decides */
	struct addr address; /* zero behind the prefix */
	uint8_t bits;
	bool is_allowed;
};

struct nlb_want_sources { /* answers for every address: has a prefix of length 0 for either family; no prefix twice */
	struct nlb_want_source *rules;
	size_t count;
};

struct nlb_want_listener { /* one per listener and VIP; a TCP_UDP listener gives both protocols */
	const char *name; /* "edge/TCP:80": all entries with one name share a listener id */
	struct addr vip;
	uint8_t vip_bits; /* of a prefix; 0: the address alone */
	uint16_t port; /* host order */
	uint16_t last_port; /* of a range; 0: the one port. 1..65535 are all ports */
	bool has_tcp, has_udp;
	const char *group; /* name of the target group; a missing one is an empty ring. NULL: choices */
	const struct nlb_want_choice *choices; /* 1..NLB_ACTION_GROUPS, weights 0..999, not all 0 */
	size_t choice_count;
	bool is_sticky; /* a client address keeps its choice */
	bool is_local;	/* served by this host's own stack; group and choices are not asked */
	uint8_t group_family; /* AF_INET, AF_INET6: of the group's entry; 0: the VIP's */
	uint16_t tcp_idle_s, udp_idle_s;
	size_t sources; /* index of source_lists + 1; 0: every source is allowed */
	uint32_t flows_per_s, flows_burst; /* new flows of one source; 0: no limit */
};

struct nlb_want {
	struct nlb_want_group *groups;
	size_t group_count;
	struct nlb_want_listener *listeners;
	size_t listener_count;
	struct nlb_want_sources *source_lists;
	size_t source_list_count;
	uint64_t hash_key[2];
};

/* ---- pure: image and plan ---------------------------------------------------------------------------------------------------- */
struct nlb_image; /* what the maps hold, or shall hold; image.h */

/* The image that fulfils `want`, keeping the ids, indexes and rings of `now` wherever they still fit (now: from nlb_image(), or an empty one for a
 * dry run). Indexes freed less than NLB_GRACE_MS before now_ms are not reused. -ENOSPC with a sentence naming the table that is
 * full and its size, -EINVAL with one where the want contradicts itself. The caller frees *next with nlb_image_free(). Pure. */
__must_check int nlb_compile(const struct nlb_want *want, const struct nlb_image *now, uint64_t now_ms, struct nlb_image **next,
			     struct err *err);
struct nlb_image *nlb_image_new(void); /* empty */
void nlb_image_free(struct nlb_image *image);

/* Where a counter lives; -1 when the image has no such target or listener. */
int nlb_image_target_index(const struct nlb_image *image, const char *group, const struct addr *address, uint16_t port);
/* Its health bit; false when the image has no such target. */
bool nlb_image_takes_new(const struct nlb_image *image, const char *group, const struct addr *address, uint16_t port);
int nlb_image_listener_id(const struct nlb_image *image, const char *listener_name);
/* Digest of the rings (membership, weights, key): equal on every node with the same configuration. */
uint64_t nlb_image_digest(const struct nlb_image *image);
/* Does any packet reach a listener by it? */
bool nlb_image_has_listeners(const struct nlb_image *image);
/* Slots of a group by target, for `status` and tests: slots that have the target as primary. */
unsigned nlb_image_primary_slots(const struct nlb_image *image, const char *group, const struct addr *address, uint16_t port);
unsigned nlb_image_ring_size(const struct nlb_image *image, const char *group, uint8_t family);

struct nlb_plan { /* what going from one image to another means */
	unsigned listeners_added, listeners_changed, listeners_removed;
	unsigned groups_added, groups_changed, groups_removed;
	unsigned targets_added, targets_changed, targets_removed;
	unsigned slots_total; /* of the rings after the change that existed before */
	unsigned slots_moved; /* of those: primary differs */
	uint32_t *removed_targets; /* ids that leave: flows that know them end; owned by the plan */
	size_t removed_target_count;
};
void nlb_plan_make(const struct nlb_image *from, const struct nlb_image *to, struct nlb_plan *plan);
void nlb_plan_fini(struct nlb_plan *plan);

/* Which target (id, 0: none) a flow of this tuple would choose now in the image, by the same arithmetic as the program. */
uint32_t nlb_image_select(const struct nlb_image *image, const struct nlb_tuple *tuple);

/* ---- effects ------------------------------------------------------------------------------------------------------------------ */
struct nlb;

enum nlb_mode { NLB_MODE_AUTO, NLB_MODE_NATIVE, NLB_MODE_GENERIC };

struct nlb_options {
	const char *bpffs; /* directory on a bpf file system; made when missing (its parent must be on one) */
	unsigned flows; /* 0: NLB_DEFAULT_FLOWS */
	uint16_t nat_port_first, nat_port_last;
	uint64_t hash_key[2];
};

/* Loads the program, or adopts what is pinned under bpffs: maps are reused when ABI and sizes agree (else made anew, with a log line that says that flows are
 * lost and why); a pinned program is replaced (link update, no packet lost) only when it comes from another object. Nothing is
 * attached here. Sentences for: no bpffs ("mount -t bpf bpf DIR"), no permission, kernel too old or without a feature, verifier refusal (last lines of
 * its log). One plane a directory: -EBUSY while another process (or another struct nlb) has it. options->hash_key is for new maps; pinned ones keep theirs until
 * nlb_apply() brings that of its image. New maps that replace others which links still use are pinned by the first nlb_attach() only: until
 * then traffic goes on in the old ones, and a failed start leaves them. */
__must_check int nlb_open(const struct nlb_options *options, struct nlb **nlb, struct err *err);
/* Forgets the descriptors; program, maps and links stay as they are (a link that has lost its pin does not). */
void nlb_close(struct nlb *nlb);

/* The maps' contents as read at nlb_open() and changed by nlb_apply(). */
const struct nlb_image *nlb_image(const struct nlb *nlb);
/* Brings the maps to `next`, in an order in which no packet sees a hole (health bits first, then nexthops, snats, targets, slots, rings, listeners; removals last); takes `next`
 * on success. On failure what was done stays done, nlb_image() says what that is, err names map and key. */
__must_check int nlb_apply(struct nlb *nlb, struct nlb_image *next, struct err *err);

/* Attaches to an interface by bpf_link, pinned as bpffs/link_IFNAME, or adopts the pinned link (updating its program when it is another object's; re-creating it when the interface is
 * a new one of the same name). AUTO: native, and where the driver has none: refused with a sentence that says to set xdp_mode: generic. A foreign XDP program
 * on the interface: refused, named by id and name. Puts the interface into tx_ports. *mode: what was obtained. Last step of a start: after nlb_apply(). */
__must_check int nlb_attach(struct nlb *nlb, const char *ifname, enum nlb_mode wanted, enum nlb_mode *mode, struct err *err);
/* Pins links of nlb_attach() again whose pin somebody has removed: until nlb_close() the program stays on the interface without one. Cheap. */
void nlb_keep_pins(struct nlb *nlb);
/* Detaches from one interface (its settings entry is gone). */
int nlb_detach_interface(struct nlb *nlb, const char *ifname, struct err *err);
/* Removes links of interfaces not in the list (left by an earlier configuration). */
int nlb_detach_others(struct nlb *nlb, const char *const *keep, size_t count, struct err *err);
/* Takes everything under bpffs down: links, program, maps, the directory. For when no nlb is open (-EBUSY). 0 when there was nothing. */
__must_check int nlb_remove_all(const char *bpffs, struct err *err);
const char *nlb_mode_name(enum nlb_mode mode); /* "native", "generic", "auto" */

/* ---- offloads: what a NIC does to frames before XDP sees them, and must not --------------------------------------------------------
 * A VLAN tag that is taken off is invisible (answers would leave without it), and frames that were glued together are not what the client sent. By
 * the names of ethtool -k. */
/* X(id, feature, what it does) */
#define NLB_OFFLOADS(X)                                                                    \
	X(VLAN, "rx-vlan-hw-parse", "takes VLAN tags off before XDP sees them")            \
	X(STAG, "rx-vlan-stag-hw-parse", "takes 802.1ad tags off before XDP sees them")    \
	X(LRO, "rx-lro", "glues segments together before XDP sees them")                   \
	X(GRO_HW, "rx-gro-hw", "glues segments together before XDP sees them")

enum nlb_offload {
#define X(id, feature, help) NLB_OFFLOAD_##id,
	NLB_OFFLOADS(X)
#undef X
	NLB_OFFLOAD_COUNT
};

#define NLB_OFFLOAD_BIT(offload) (1U << (offload))

const char *nlb_offload_name(enum nlb_offload offload);
const char *nlb_offload_help(enum nlb_offload offload);

/* Turns off those that are on. *changed: bits of those that were turned off now; *stuck: of those
 * that stay on, because the driver can't do without. A driver that knows none of them has none on. 0, or -errno: the
 * kernel could not say. */
__must_check int nlb_offloads_off(const char *ifname, uint32_t *changed, uint32_t *stuck);
/* Turns these on again. An interface that is gone: 0. */
int nlb_offloads_restore(const char *ifname, uint32_t bits);

/* "rx-lro, rx-gro-hw" */
void nlb_offloads_list(uint32_t bits, struct buf *out);

/* Writes the sign of life into settings. */
void nlb_heartbeat(struct nlb *nlb, uint64_t mono_ns);

/* Counters, summed over CPUs. 0 or -errno. */
__must_check int nlb_read_verdicts(const struct nlb *nlb, struct nlb_count counts[NLB_VERDICT_COUNT]);
__must_check int nlb_read_listener(const struct nlb *nlb, unsigned id, struct nlb_listener_count *count);
__must_check int nlb_read_target(const struct nlb *nlb, unsigned index, struct nlb_target_count *count);
const char *nlb_verdict_name(enum nlb_verdict verdict);
const char *nlb_verdict_action(enum nlb_verdict verdict); /* "PASS", "DROP", "TX", "REDIRECT" */
const char *nlb_verdict_help(enum nlb_verdict verdict);

/* ---- flows -------------------------------------------------------------------------------------------------------------------- */
/* A full pass over the flow table in slices, so that the loop is never blocked for more than a millisecond or two: counts live flows by target index and
 * state, deletes expired entries of both tables. */
struct nlb_flow_census {
	uint64_t flows;	 /* live entries of the last finished pass */
	uint64_t replies;
	uint64_t expired; /* entries deleted, total since nlb_open */
	uint64_t by_state[NLB_FLOW_STATES];
	const uint32_t *by_target; /* [NLB_MAX_TARGETS], by index; owned by nlb */
	uint64_t passes;
	uint64_t took_ms; /* duration of the last pass */
};
/* Flows whose source towards the target is one of these end with the next pass: their answers can't arrive any more. Copied; replaces the last list. */
#define NLB_LOST_SOURCES_MAX 16
void nlb_flow_census_end_sources(struct nlb *nlb, const struct addr *sources, size_t count);
/* Does the next slice. Returns true when it finished a pass. */
bool nlb_flow_census_step(struct nlb *nlb, uint64_t mono_ns);
const struct nlb_flow_census *nlb_flow_census(const struct nlb *nlb);
unsigned nlb_flows_max(const struct nlb *nlb);

/* Live flows matching the filter, at most limit. Zeroed fields match all. Returns the number handed to the callback or -errno. */
struct nlb_flow_filter {
	struct addr client, vip;
	int target_index; /* -1: all */
	uint16_t client_port, vip_port;
	uint8_t protocol;
};
typedef void nlb_flow_fn(const struct nlb_tuple *tuple, const struct nlb_flow *flow, void *arg);
int nlb_flows_list(const struct nlb *nlb, const struct nlb_flow_filter *filter, size_t limit, uint64_t mono_ns, nlb_flow_fn *fn, void *arg);
const char *nlb_flow_state_name(unsigned state); /* "established" … */

#endif
