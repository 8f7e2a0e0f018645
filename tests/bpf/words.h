/* SPDX-License-Identifier: BSD-2-Clause */
/* Words that several statements have. Each function says what is wrong with a word. */
#ifndef LEAT_TESTS_BPF_WORDS_H
#define LEAT_TESTS_BPF_WORDS_H

#include "world.h"

bool words_need(const struct line *line, int least, const char *usage, struct report *report);
bool words_name(char to[NAME_BYTES], const char *name, struct report *report);
bool words_family(const char *word, int *family, struct report *report);
bool words_number(struct world *world, const char *word, uint64_t max, uint64_t *number,
		  struct report *report);
/* `index:N` is an index that nothing stands behind: a damaged map. Any other word leaves *is_raw
 * false and *index as it was. */
bool words_raw_index(struct world *world, const char *word, uint32_t *index, bool *is_raw,
		     struct report *report);

#endif
