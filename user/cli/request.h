/* SPDX-License-Identifier: BSD-2-Clause */
/* What is added to a request after the command line was read: the text of the files it names. */
#ifndef LEAT_CLI_REQUEST_H
#define LEAT_CLI_REQUEST_H

#include <jansson.h>
#include <stddef.h>

#include "base/err.h"
#include "leat/operations.h"

#define REQUEST_FILE_MAX ((size_t)16 << 20)

/* Replaces file names (fields with OP_FILE, "-" is standard input) by what the files contain;
 * "source" gets the name for leatd's messages. 0 or -errno with err: can't be read, longer than
 * REQUEST_FILE_MAX bytes, not UTF-8 text. */
__must_check int request_load_files(const struct operation *command, json_t *request,
				    struct err *err);

#endif
