/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SipHash-2-4 after the reference of Aumasson and Bernstein
 * (https://www.aumasson.jp/siphash/siphash.pdf), FNV-1a, and random bytes from the kernel.
 */
#include "hash.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/types.h>

#define FNV_OFFSET 0xcbf29ce484222325u
#define FNV_PRIME  0x100000001b3u

struct sip {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotl(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v2 = rotl(s->v2, 32);
}

static void sip_absorb(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	sip_round(s);
	s->v0 ^= word;
}

static uint64_t load_le64(const uint8_t *bytes, size_t len)
{
	uint64_t word = 0;

	memcpy(&word, bytes, len);
	return le64toh(word);
}

uint64_t hash_siphash24(const uint64_t key[2], const void *bytes, size_t len)
{
	struct sip s = {
		key[0] ^ 0x736f6d6570736575u, /* "somepseudorandomlygeneratedbytes" */
		key[1] ^ 0x646f72616e646f6du,
		key[0] ^ 0x6c7967656e657261u,
		key[1] ^ 0x7465646279746573u,
	};
	const uint8_t *in = bytes;
	size_t left = len;

	for (; left >= 8; in += 8, left -= 8)
		sip_absorb(&s, load_le64(in, 8));
	sip_absorb(&s, (left ? load_le64(in, left) : 0) | (uint64_t)len << 56);
	s.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t hash_fnv1a(uint64_t seed, const void *bytes, size_t len)
{
	uint64_t hash = seed ? seed : FNV_OFFSET;
	const uint8_t *in = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ in[i]) * FNV_PRIME;
	return hash;
}

void hash_random(void *bytes, size_t len)
{
	uint8_t *into = bytes;
	ssize_t n;

	while (len) {
		n = getrandom(into, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			abort(); /* a guessable key is worse than no service */
		into += n;
		len -= (size_t)n;
	}
}
