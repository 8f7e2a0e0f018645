/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Next hops: the neighbours that paths to watched addresses go through, each kept resolved in the kernel for as long as a path uses it.
 * Many paths may share one.
 */
#ifndef LEAT_NEIGH_HOP_H
#define LEAT_NEIGH_HOP_H

#include "base/list.h"
#include "neigh.h"
#include "netlink.h"

#define HOP_BUCKETS 4096

struct hops {
	struct loop *loop;
	struct nl_sock *requests;
	struct list buckets[HOP_BUCKETS];
	struct list dirty; /* to be refreshed by the owner, who is told through on_dirty */
	void (*on_dirty)(void *arg);
	void *arg;
};

struct hop {
	struct hops *hops;
	struct list node, dirty;
	struct list paths; /* of struct watch_way, by node; the hop lives while it has one */
	unsigned ifindex;
	struct addr addr;
	struct loop_timer timer; /* of the next provocation */
	uint64_t provoked_ms;	 /* when the last one was */
	uint64_t doubted_ms;	 /* when it was last asked for anew because of a doubt */
	uint8_t mac[6];
	bool has_mac;	 /* answered, and has not failed to since */
	bool has_failed; /* the last word was that nobody answers */
};

void hops_init(struct hops *hops, struct loop *loop, struct nl_sock *requests, void (*on_dirty)(void *arg), void *arg);

/* The hop of that interface and address; a new one is read from the kernel and provoked at once. The caller puts a path on it. */
struct hop *hop_get(struct hops *hops, unsigned ifindex, const struct addr *addr);
/* After a path has left: frees the hop when it was the last one. */
void hop_put(struct hop *hop);

/* RESOLVING, RESOLVED or UNREACHABLE. */
enum neigh_path_state hop_state(const struct hop *hop);

/* Asks the kernel for the present state of the neighbour. */
void hop_refresh(struct hop *hop);

/* See neigh_doubt(). */
void hop_doubt(struct hop *hop);

/* A neighbour event: makes the hop dirty, if it is one of ours. */
void hops_take_event(struct hops *hops, struct nlmsghdr *hdr);
/* Events were lost, or an interface came back: all of them. */
void hops_make_dirty(struct hops *hops);
/* Takes the next dirty hop; NULL: there is none. */
struct hop *hops_next_dirty(struct hops *hops);

#endif
