/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control API over HTTP, on a unix socket (everything) and perhaps a TCP address (/metrics,
 * /healthz and reading operations).
 *
 *     POST /v1/<Operation>         JSON object in, JSON object out
 *     GET  /v1/operations          what there is
 *     GET  /v1/schema/<Operation>  JSON Schema of its request
 *     GET  /metrics  /healthz
 */
#ifndef LEAT_CONTROL_API_H
#define LEAT_CONTROL_API_H

#include <jansson.h>

#include "base/err.h"

struct api;
struct control;

/* Binds the sockets; nothing is answered yet. A stale socket file is replaced, a live one refused.
 */
__must_check int api_open(struct control *control, struct api **api, struct err *err);
/* Answers from now on, in the control's loop. */
__must_check int api_start(struct api *api, struct err *err);
void api_close(struct api *api); /* NULL is fine */

/* Requests so far, by operation and status: for metrics. */
void api_for_each_count(const struct api *api,
			void (*fn)(const char *operation, unsigned status, unsigned long long count,
				   void *arg),
			void *arg);

#endif
