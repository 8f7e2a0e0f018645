/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Consistent hashing after Maglev (Eisenbud et al., NSDI 2016, section 3.4) with exact weights and a second choice a slot. Pure: the table is a function of its
 * arguments and of the order-independent set of targets, so every node with the same configuration computes the same one.
 */
#ifndef LEAT_NLB_MAGLEV_H
#define LEAT_NLB_MAGLEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct maglev_target {
	uint64_t identity; /* hash of (address, port): must not depend on index or order */
	uint32_t weight;   /* > 0 */
	bool takes_new;
};

#define MAGLEV_NONE UINT32_MAX

/* Ring size for this many targets: a prime with at least 100 slots a target (and so a share error of at most 1 %) up to 10485 targets,
 * fewer slots a target beyond; 0 for 0. */
uint32_t maglev_ring_size(size_t targets);

/* primary[size]: index into targets of each slot's owner. Each target owns weight/Σweights of the slots within one slot of rounding. Without
 * one of N equal targets about 1/N + 0.8 % of the slots have another owner at most, as long as the size stays. */
void maglev_primary(const struct maglev_target *targets, size_t count, const uint64_t key[2], uint32_t *primary, uint32_t size);

/* secondary[size]: another target than the primary, among those that take new flows, spread by weight; MAGLEV_NONE where there is none. Slots whose
 * primary takes new flows get a second choice too (instant failover). */
void maglev_secondary(const struct maglev_target *targets, size_t count, const uint64_t key[2], const uint32_t *primary, uint32_t *secondary,
		      uint32_t size);

#endif
