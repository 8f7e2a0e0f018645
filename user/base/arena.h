/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that dies together: one arena a model, one a request. Allocation never returns NULL (out
 * of memory aborts: there is nothing sensible left to do for a controller whose state fits in
 * megabytes); returned memory is zeroed, aligned to 16 bytes.
 */
#ifndef LEAT_BASE_ARENA_H
#define LEAT_BASE_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena); /* NULL is fine */

void *arena_alloc(struct arena *arena, size_t bytes);
char *arena_strdup(struct arena *arena, const char *text); /* NULL gives NULL */
char *arena_strndup(struct arena *arena, const char *text, size_t len);
char *arena_printf(struct arena *arena, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Room for one more element in an arena array that doubles: returns the (perhaps moved) array.
 * count: elements in use; grows whenever count is 0 or a power of two. Usage: v = arena_grow(a, v,
 * n, sizeof(*v)); v[n++] = x; */
void *arena_grow(struct arena *arena, void *array, size_t count, size_t element_bytes);

#endif
