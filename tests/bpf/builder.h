/* SPDX-License-Identifier: BSD-2-Clause */
/* The making of one frame, layer by layer: private to frame.c, layers.c, finish.c and builder.c. */
#ifndef LEAT_TESTS_BPF_BUILDER_H
#define LEAT_TESTS_BPF_BUILDER_H

#include "frame.h"

struct builder {
	struct frame *frame;
	const struct packet *packet;
	struct names *names;
	const uint8_t *seen; /* see frame_build() */
	size_t seen_len;
	struct report *report;
	size_t start[LAYERS_MAX + 1]; /* offset of each layer */
	size_t data_end;	      /* of the IP datagram's bytes: pads lie behind */
};

/* Appends the bytes of layer `at`; lengths and checksums that need what follows are zero. */
bool layer_emit(struct builder *b, int at);
/* Fills in lengths and checksums; to be called from the last layer to the first. */
bool layer_finish(struct builder *b, int at);
/* Fills in frame->tuple and frame->ip_end: of finished layers. */
void layers_tuple(struct builder *b);

/* The number of a key in `bits` bits, or `otherwise` when the layer doesn't have it. */
bool builder_value(struct builder *b, const struct layer *layer, const char *key, size_t bits,
		   uint64_t otherwise, uint64_t *number);
/* The IP header that layer `at` belongs to, and where it starts; NULL: none. */
const struct layer *builder_ip_of(const struct builder *b, int at, size_t *start);
bool layer_is_ip(const struct layer *layer);

/* Big-endian numbers of n bytes. */
void bytes_store(uint8_t *bytes, uint64_t number, size_t n);
uint64_t bytes_load(const uint8_t *bytes, size_t n);

#endif
