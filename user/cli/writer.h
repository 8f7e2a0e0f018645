/* SPDX-License-Identifier: BSD-2-Clause */
/* Forms of an answer: -o table, json, yaml. */
#ifndef LEAT_CLI_WRITER_H
#define LEAT_CLI_WRITER_H

#include "print.h"

struct writer {
	const char *name;
	/* 0, or -EPROTO with err: the answer lacks something; out is as it was. */
	int (*write)(const struct view *view, struct buf *out, struct err *err);
};

/* One of the words of -o. */
const struct writer *writer_find(const char *name);

#endif
