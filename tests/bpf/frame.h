/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packet's bytes, with the name of every field. Lengths, types and checksums that the fixture
 * doesn't give are computed, checksums always over everything.
 */
#ifndef LEAT_TESTS_BPF_FRAME_H
#define LEAT_TESTS_BPF_FRAME_H

#include "names.h"
#include "packet.h"

#define FRAME_MAX      16384
#define FRAME_SPANS    256
#define FRAME_MIN_SENT 14 /* the kernel takes no shorter frame for a test run */

struct span { /* where a field lies */
	const char *layer;
	const char *field;
	uint16_t offset;
	uint16_t size;
};

struct frame {
	uint8_t bytes[FRAME_MAX];
	size_t len;
	struct span spans[FRAME_SPANS];
	int span_count;
	size_t ip_end; /* where the outermost IP datagram ends by its length field; 0: no IP */
	struct nlb_tuple tuple; /* of the outermost IP header and the first TCP or UDP header after
				   it; of what an ICMP error quotes, turned round; family 0: none */
};

/* Makes the bytes of a packet. `seen` (may be NULL) is what the program made of it: variables that
 * are not bound yet take the value that stands there at their place. */
bool frame_build(struct frame *frame, const struct packet *packet, struct names *names,
		 const uint8_t *seen, size_t seen_len, struct report *report);

/* Says which fields differ, and both in hex. True when nothing does. */
bool frame_compare(const struct frame *expected, const uint8_t *seen, size_t seen_len,
		   struct report *report);

#endif
