/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON values as YAML, block style, two spaces a level. Pure. */
#ifndef LEAT_CLI_YAML_H
#define LEAT_CLI_YAML_H

#include <jansson.h>

#include "base/buf.h"

/* Every YAML 1.1 and 1.2 reader gets the same value back: strings that could be taken for something
 * else ("no", "1e3", "12:30") are quoted. Ends with a newline. */
void yaml_append(const json_t *value, struct buf *out);

#endif
