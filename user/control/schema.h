/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON Schema (2020-12) of a request, from the operation table. Pure. */
#ifndef LEAT_CONTROL_SCHEMA_H
#define LEAT_CONTROL_SCHEMA_H

#include <jansson.h>

/* A new reference; NULL when there is no such operation. */
json_t *schema_of_request(const char *operation);
/* {"operations": [{"name", "write", "help", "commands"}]}: a new reference. */
json_t *schema_list_operations(void);

#endif
