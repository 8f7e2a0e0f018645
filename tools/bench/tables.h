/* SPDX-License-Identifier: BSD-2-Clause */
/* Hash tables of any program, emptied without knowing what is in them. */
#ifndef LEAT_BENCH_TABLES_H
#define LEAT_BENCH_TABLES_H

/* Ends the program with a message when the kernel refuses. */
void tables_empty(int map);
/* Every LRU table that a program uses, directly or in a map of maps: what remembers flows. Leaves
 * all other maps alone. */
void tables_empty_lru(int program);

#endif
