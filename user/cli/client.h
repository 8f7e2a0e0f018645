/* SPDX-License-Identifier: BSD-2-Clause */
/* One question to leatd: POST /v1/<Operation> over its unix socket. */
#ifndef LEAT_CLI_CLIENT_H
#define LEAT_CLI_CLIENT_H

#include <jansson.h>

#include "base/err.h"

#define CLIENT_ANSWER_MAX ((size_t)256 << 20) /* bytes; more is no answer */
#define CLIENT_SOCKET_MAX 107		      /* bytes of a socket's path, unix(7) */

struct client {
	const char *socket;  /* path */
	unsigned timeout_ms; /* from connecting to the last byte */
};

enum client_outcome {
	CLIENT_DONE,	/* a complete answer */
	CLIENT_REFUSED, /* leatd says no: err is its sentence */
	CLIENT_ABSENT,	/* leatd was not reached: nothing was asked */
	CLIENT_LOST,	/* asked, but no complete answer came: whether it was done is unknown */
};

/* *answer: a JSON object, owned by the caller; NULL unless CLIENT_DONE. err says why otherwise. */
__must_check enum client_outcome client_call(const struct client *client, const char *operation,
					     const json_t *request, json_t **answer,
					     struct err *err);

#endif
