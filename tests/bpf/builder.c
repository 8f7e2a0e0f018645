// SPDX-License-Identifier: BSD-2-Clause
/* What appending and finishing have in common. */
#include "builder.h"

void bytes_store(uint8_t *bytes, uint64_t number, size_t n)
{
	while (n--) {
		bytes[n] = (uint8_t)number;
		number >>= 8;
	}
}

uint64_t bytes_load(const uint8_t *bytes, size_t n)
{
	uint64_t number = 0;

	while (n--)
		number = number << 8 | *bytes++;
	return number;
}

static uint64_t max_of(size_t bits)
{
	return bits == 64 ? UINT64_MAX : (1ull << bits) - 1;
}

bool builder_value(struct builder *b, const struct layer *l, const char *key, size_t bits,
		   uint64_t otherwise, uint64_t *number)
{
	const char *word = layer_value(l, key);

	*number = otherwise;
	return !word || names_number(b->names, word, max_of(bits), number, b->report);
}

bool layer_is_ip(const struct layer *l)
{
	return l->kind->id == LAYER_IP4 || l->kind->id == LAYER_IP6;
}

const struct layer *builder_ip_of(const struct builder *b, int at, size_t *start)
{
	while (at-- > 0) {
		if (layer_is_ip(&b->packet->layers[at])) {
			*start = b->start[at];
			return &b->packet->layers[at];
		}
	}
	return NULL;
}
