/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One sentence for a person: why an operation was refused.
 *
 * A function that can fail for a reason an operator must learn takes a last parameter `struct err
 * *` (may be NULL), fills it once, where the reason is known, and returns -errno. The first text
 * wins: callers further out add context with err_prefix(), never overwrite. Lower case, subject in
 * quotes, no full stop: listener 'http': port 80 is already used by 'edge'
 */
#ifndef LEAT_BASE_ERR_H
#define LEAT_BASE_ERR_H

#ifndef __must_check
#define __must_check __attribute__((warn_unused_result))
#endif

#define ERR_TEXT_MAX 768 /* bytes, terminating zero included; longer text is cut */

struct err {
	char text[ERR_TEXT_MAX]; /* empty string: nothing was said yet */
};

/* Fills err if it is not NULL and still empty. Returns code (a negative errno) so that callers
 * write `return err_set(err, -EINVAL, "…");`. */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Like err_set, and appends ": " and strerror(-code). */
int err_set_errno(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts text before what is already there (nothing happens when err is NULL or empty). */
void err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Forgets what was said, for a second try. */
void err_clear(struct err *err);

#endif
