/* SPDX-License-Identifier: BSD-2-Clause */
/* Growable text or byte buffer; zero is ready to use; always zero-terminated once something was
 * appended. Aborts when out of memory. */
#ifndef LEAT_BASE_BUF_H
#define LEAT_BASE_BUF_H

#include <stddef.h>

struct buf {
	char *data; /* owned; NULL while empty */
	size_t len; /* bytes used, terminating zero not counted */
	size_t cap;
};

void buf_fini(struct buf *buf);
void buf_clear(struct buf *buf); /* keeps the memory */
void buf_append(struct buf *buf, const void *bytes, size_t len);
void buf_append_text(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Hands over the text (heap, never NULL); buf is empty afterwards. */
char *buf_take(struct buf *buf);

#endif
