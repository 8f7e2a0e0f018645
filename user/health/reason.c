/* SPDX-License-Identifier: BSD-2-Clause */
/* From errno to a named reason. Pure; the one place where TCP and HTTP probes agree on words. */
#include <errno.h>

#include "base/base.h"
#include "probe.h"

/* What is not listed is CONNECT_ERROR. PROBE_ERROR: our own host's fault, not the target's. */
static const struct {
	int error;
	enum health_reason reason;
} reasons[] = {
	{ECONNREFUSED, HEALTH_CONNECT_REFUSED},
	{ETIMEDOUT, HEALTH_CONNECT_TIMEOUT},
	{EHOSTUNREACH, HEALTH_CONNECT_UNREACHABLE},
	{ENETUNREACH, HEALTH_CONNECT_UNREACHABLE},
	{EHOSTDOWN, HEALTH_CONNECT_UNREACHABLE},
	{ENETDOWN, HEALTH_CONNECT_UNREACHABLE},
	{EMFILE, HEALTH_PROBE_ERROR},
	{ENFILE, HEALTH_PROBE_ERROR},
	{ENOBUFS, HEALTH_PROBE_ERROR},
	{ENOMEM, HEALTH_PROBE_ERROR},
	{EADDRNOTAVAIL, HEALTH_PROBE_ERROR},
	{EAGAIN, HEALTH_PROBE_ERROR},
	{EACCES, HEALTH_PROBE_ERROR},
	{EPERM, HEALTH_PROBE_ERROR},
	{EINVAL, HEALTH_PROBE_ERROR},
	{EAFNOSUPPORT, HEALTH_PROBE_ERROR},
};

enum health_reason probe_reason_of_errno(int error, int *detail)
{
	enum health_reason reason = HEALTH_CONNECT_ERROR;

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].error == error)
			reason = reasons[i].reason;
	*detail = reason == HEALTH_CONNECT_ERROR || reason == HEALTH_PROBE_ERROR ? error : 0;
	return reason;
}
