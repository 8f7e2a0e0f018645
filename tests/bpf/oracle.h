/* SPDX-License-Identifier: BSD-2-Clause */
/* Are a frame's checksums right? Asked of frames that the packet builder didn't make, by a parser
 * that is neither its nor the program's. */
#ifndef LEAT_TESTS_BPF_ORACLE_H
#define LEAT_TESTS_BPF_ORACLE_H

#include <stddef.h>
#include <stdint.h>

enum rightness { CHECKSUM_NONE, CHECKSUM_RIGHT, CHECKSUM_WRONG };

struct rightness_of {
	enum rightness ip; /* NONE: IPv6, or no IP at all */
	enum rightness l4; /* NONE: neither TCP, UDP nor ICMP, a fragment, or UDP without a
			      checksum, or with another length */
};

struct rightness_of oracle_checksums(const uint8_t *frame, size_t len);
/* Of a frame whose datagram is inside another (ipip, gue): bytes of the outer headers; 0: none. And the checksums of what
 * is inside. */
size_t oracle_outer_bytes(const uint8_t *frame, size_t len);
struct rightness_of oracle_checksums_inside(const uint8_t *frame, size_t len, size_t outer);
/* What is wrong with the checksums of a frame that left with that verdict, `in` being as it came; NULL:
 * nothing. A wrong one stays wrong; those that Leat makes are right. */
const char *oracle_leaving(int verdict, const uint8_t *in, size_t in_len, const uint8_t *out,
			   size_t out_len);
/* Makes wrong ones right. */
void oracle_repair(uint8_t *frame, size_t len);

#endif
