/* SPDX-License-Identifier: BSD-2-Clause */
/* UTF-8 text on a terminal: how wide it is, and nothing in it that the terminal obeys. Pure. */
#ifndef LEAT_CLI_TEXT_H
#define LEAT_CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Columns that text takes; follows LC_CTYPE (leatctl sets C.UTF-8). Bytes that are not UTF-8 take
 * one each. */
size_t text_width(const char *text);

/* Appends text with every control character (C0, DEL, C1) and every byte that is not UTF-8 replaced
 * by '?': names and reasons come from outside and may hold escape sequences. */
void text_append_clean(struct buf *out, const char *text);

void text_append_spaces(struct buf *out, size_t count);

/* Puts text into a field of `width` columns; is_right: the spaces come first. Pads the right side
 * only if is_last is false, so that no line ends in spaces. */
void text_append_cell(struct buf *out, const char *text, size_t width, bool is_right, bool is_last);

#endif
