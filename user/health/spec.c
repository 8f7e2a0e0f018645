/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The question of a probe. The model has validated what an operator wrote; the checks here only
 * keep a caller's mistake from becoming a malformed request on the wire.
 */
#include "spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A request target in origin form, nothing that could end the request line. */
static bool is_request_target(const char *path)
{
	if (!path || path[0] != '/')
		return false;
	for (; *path; path++)
		if ((unsigned char)*path <= ' ' || *path == 0x7f)
			return false;
	return true;
}

static int check(const struct health_spec *spec, struct err *err)
{
	if (!addr_is_set(&spec->address) || spec->port == 0)
		return err_set(err, -EINVAL, "health check without address or port");
	if (spec->interval_ms == 0 || spec->timeout_ms == 0)
		return err_set(err, -EINVAL, "health check without interval or timeout");
	if (spec->protocol != HC_TCP && spec->protocol != HC_HTTP)
		return err_set(err, -EINVAL, "health check of unknown protocol %d",
			       (int)spec->protocol);
	if (spec->protocol == HC_HTTP && !is_request_target(spec->path))
		return err_set(err, -EINVAL, "health check path '%s' can't be asked for",
			       spec->path ? spec->path : "");
	return 0;
}

static void *copy_bytes(const void *bytes, size_t len)
{
	void *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	if (len)
		memcpy(copy, bytes, len);
	return copy;
}

int spec_copy(struct health_spec *copy, const struct health_spec *spec, struct err *err)
{
	int ret = check(spec, err);

	if (ret)
		return ret;
	*copy = *spec;
	copy->path = spec->path ? copy_bytes(spec->path, strlen(spec->path) + 1) : NULL;
	copy->matcher = copy_bytes(spec->matcher, spec->matcher_count * sizeof(*spec->matcher));
	return 0;
}

void spec_fini(struct health_spec *copy)
{
	free((void *)copy->path);
	free((void *)copy->matcher);
	*copy = (struct health_spec){0};
}

static bool matchers_equal(const struct health_spec *a, const struct health_spec *b)
{
	if (a->matcher_count != b->matcher_count)
		return false;
	for (size_t i = 0; i < a->matcher_count; i++)
		if (a->matcher[i].first != b->matcher[i].first ||
		    a->matcher[i].last != b->matcher[i].last)
			return false;
	return true;
}

bool health_spec_equal(const struct health_spec *a, const struct health_spec *b)
{
	if (a->protocol != b->protocol || a->port != b->port || a->interval_ms != b->interval_ms ||
	    a->timeout_ms != b->timeout_ms || a->proxy_header != b->proxy_header ||
	    !addr_equal(&a->address, &b->address))
		return false;
	if (a->protocol != HC_HTTP)
		return true;
	return strcmp(a->path ? a->path : "", b->path ? b->path : "") == 0 && matchers_equal(a, b);
}
