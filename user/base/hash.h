/* SPDX-License-Identifier: BSD-2-Clause */
/* Hashing in user space: random keys, SipHash over bytes and SHA-like digests are not here: the
 * flow hash that the data path uses is include/leat/nlb_hash.h, one text for both worlds. */
#ifndef LEAT_BASE_HASH_H
#define LEAT_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* SipHash-2-4 (Aumasson, Bernstein 2012) over len bytes, 128-bit key, 64-bit result; the reference
 * test vectors hold. */
uint64_t hash_siphash24(const uint64_t key[2], const void *bytes, size_t len);

/* Not keyed, for digests that are compared, never for tables an outsider can fill: FNV-1a 64. seed:
 * 0 or a previous result. */
uint64_t hash_fnv1a(uint64_t seed, const void *bytes, size_t len);

/* Fills bytes from getrandom(2); aborts if the kernel refuses. */
void hash_random(void *bytes, size_t len);

#endif
