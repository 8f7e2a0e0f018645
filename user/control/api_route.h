/* SPDX-License-Identifier: BSD-2-Clause */
/* From method, path and body to status and body: the API without its transport. */
#ifndef LEAT_CONTROL_API_ROUTE_H
#define LEAT_CONTROL_API_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define API_BODY_MAX (16u << 20) /* bytes of a request; as CONF_TEXT_MAX */

struct control;

struct api_request {
	const char *method, *path;
	const char *body; /* NULL: none */
	size_t len;
	bool is_too_large; /* the body was longer than API_BODY_MAX and thrown away */
	bool may_write;	   /* came by the unix socket */
	const char *who;
};

struct api_response {
	unsigned status;
	const char *content_type;
	const char *allow;     /* with 405: the Allow header */
	const char *operation; /* for counting: static; "-" when there is none */
	struct buf body;       /* the caller frees */
};

void api_route(struct control *control, const struct api_request *request,
	       struct api_response *response);

#endif
