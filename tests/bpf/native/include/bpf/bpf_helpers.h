/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in for libbpf's header of this name while bpf/ is compiled for the host: the same macros,
 * made so that a map's struct still says what the map is. What a program calls and is not here or
 * in kernel.h doesn't compile; a kind of map that maps.c doesn't know doesn't either (NATIVE_MAP).
 */
#ifndef LEAT_TESTS_BPF_NATIVE_BPF_HELPERS_H
#define LEAT_TESTS_BPF_NATIVE_BPF_HELPERS_H

#include <linux/bpf.h>
#include <linux/types.h>

#include "../../kernel.h"

#define SEC(name) __attribute__((used))

#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#define __noinline	__attribute__((noinline))
#define __weak		__attribute__((weak))
#define __hidden

#define barrier()	 asm volatile("" ::: "memory")
#define barrier_var(var) asm volatile("" : "+r"(var))

#ifndef __clang__
#define __builtin_assume(condition)              \
	do {                                     \
		if (!(condition))                \
			__builtin_unreachable(); \
	} while (0)
#endif

#define __uint(name, number) int(*name)[number]
#define __type(name, type)   __typeof__(type) *name
#define __array(name, type)  __typeof__(type) *name[NATIVE_VALUES_MAX]

#define NATIVE_NUMBER(member) (sizeof(*(member)) / sizeof(int))

/* The map of that address, made at its first use unless the user of native.h has made it. */
#define NATIVE_MAP(map)                                                                           \
	native_map_of((map),                                                                      \
		      &(const struct native_shape){NATIVE_NUMBER((map)->type),                    \
						   sizeof(*(map)->key), sizeof(*(map)->value),    \
						   NATIVE_NUMBER((map)->max_entries)},            \
		      sizeof(struct {                                                             \
			      _Static_assert(                                                     \
				      NATIVE_KNOWS(NATIVE_NUMBER((map)->type)),                   \
				      "a kind of map that tests/bpf/native/maps.c doesn't know"); \
			      int none;                                                           \
		      }))

#define bpf_map_lookup_elem(map, key) native_map_lookup(NATIVE_MAP(map), key)
#define bpf_map_update_elem(map, key, value, flags) \
	native_map_update(NATIVE_MAP(map), key, value, flags)
#define bpf_map_delete_elem(map, key)	  native_map_delete(NATIVE_MAP(map), key)
#define bpf_redirect_map(map, key, flags) native_redirect_map(NATIVE_MAP(map), key, flags)

/* Programs are taken from the map's initializer, as libbpf does. */
#define bpf_tail_call(ctx, map, index)                                                         \
	do {                                                                                   \
		_Static_assert(NATIVE_NUMBER((map)->type) == BPF_MAP_TYPE_PROG_ARRAY &&        \
				       NATIVE_NUMBER((map)->max_entries) <= NATIVE_VALUES_MAX, \
			       "not an array of programs, or a longer one");                   \
		native_tail_call(ctx, (native_program *const *)(map)->values,                  \
				 NATIVE_NUMBER((map)->max_entries), index);                    \
	} while (0)

#endif
