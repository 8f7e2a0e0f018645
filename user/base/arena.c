/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arenas: a list of chunks that are filled front to back and freed together. What does not fit the
 * newest chunk starts a new one, each twice as large as the last, so that a model of any size needs
 * a handful of them.
 */
#include "arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT	  16u
#define CHUNK_BYTES_FIRST 4096u
#define CHUNK_BYTES_MAX	  (1u << 20)

struct chunk {
	struct chunk *older;
	size_t used, size; /* of bytes[] */
	_Alignas(ALIGNMENT) char bytes[];
};

struct arena {
	struct chunk *newest; /* NULL: nothing allocated yet */
	size_t next_bytes;    /* size of the next chunk */
};

struct arena *arena_new(void)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	if (!arena)
		abort();
	arena->next_bytes = CHUNK_BYTES_FIRST;
	return arena;
}

void arena_free(struct arena *arena)
{
	struct chunk *chunk, *older;

	if (!arena)
		return;
	for (chunk = arena->newest; chunk; chunk = older) {
		older = chunk->older;
		free(chunk);
	}
	free(arena);
}

static void add_chunk(struct arena *arena, size_t at_least)
{
	size_t size = at_least > arena->next_bytes ? at_least : arena->next_bytes;
	struct chunk *chunk = calloc(1, sizeof(*chunk) + size);

	if (!chunk)
		abort();
	chunk->size = size;
	chunk->older = arena->newest;
	arena->newest = chunk;
	if (arena->next_bytes < CHUNK_BYTES_MAX)
		arena->next_bytes *= 2;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
	struct chunk *chunk;
	void *memory;

	if (bytes > SIZE_MAX / 2)
		abort(); /* a length that was computed below zero */
	bytes = bytes ? (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1) : ALIGNMENT;
	chunk = arena->newest;
	if (!chunk || chunk->size - chunk->used < bytes)
		add_chunk(arena, bytes);
	chunk = arena->newest;
	memory = chunk->bytes + chunk->used;
	chunk->used += bytes;
	return memory;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return text ? arena_strndup(arena, text, strlen(text)) : NULL;
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
	char *copy;

	len = strnlen(text, len);
	copy = arena_alloc(arena, len + 1);
	memcpy(copy, text, len);
	return copy;
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	char probe[256]; /* most names fit, and are formatted once */
	va_list args;
	char *text;
	int len;

	va_start(args, fmt);
	len = vsnprintf(probe, sizeof(probe), fmt, args);
	va_end(args);
	if (len < 0)
		abort();
	text = arena_alloc(arena, (size_t)len + 1);
	if ((size_t)len < sizeof(probe))
		return memcpy(text, probe, (size_t)len + 1);
	va_start(args, fmt);
	vsnprintf(text, (size_t)len + 1, fmt, args);
	va_end(args);
	return text;
}

void *arena_grow(struct arena *arena, void *array, size_t count, size_t element_bytes)
{
	size_t wanted = count ? count * 2 : 1;
	void *grown;

	if (count & (count - 1))
		return array;
	if (wanted > SIZE_MAX / 2 / element_bytes)
		abort();
	grown = arena_alloc(arena, wanted * element_bytes);
	if (count)
		memcpy(grown, array, count * element_bytes);
	return grown;
}
