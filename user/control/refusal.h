/* SPDX-License-Identifier: BSD-2-Clause */
/* Why an operation was refused: an error code of the API (elbv2.md 1.1, 1.4), its HTTP status, and
 * one sentence. */
#ifndef LEAT_CONTROL_REFUSAL_H
#define LEAT_CONTROL_REFUSAL_H

#include "base/err.h"

#define REFUSALS(X)                                                  \
	X(VALIDATION, "ValidationError", 400)                        \
	X(INVALID_ACTION, "InvalidAction", 400)                      \
	X(INVALID_TARGET, "InvalidTarget", 400)                      \
	X(NO_LOAD_BALANCER, "LoadBalancerNotFound", 404)             \
	X(NO_LISTENER, "ListenerNotFound", 404)                      \
	X(NO_RULE, "RuleNotFound", 404)                              \
	X(NO_TARGET_GROUP, "TargetGroupNotFound", 404)               \
	X(NO_SECURITY_GROUP, "SecurityGroupNotFound", 404)           \
	X(DUPLICATE_LOAD_BALANCER, "DuplicateLoadBalancerName", 409) \
	X(DUPLICATE_LISTENER, "DuplicateListener", 409)              \
	X(PRIORITY_IN_USE, "PriorityInUse", 409)                     \
	X(DUPLICATE_TARGET_GROUP, "DuplicateTargetGroupName", 409)   \
	X(DUPLICATE_SECURITY_GROUP, "DuplicateSecurityGroupName", 409) \
	X(IN_USE, "ResourceInUse", 409)                              \
	X(DENIED, "AccessDeniedException", 403)                      \
	X(TOO_LARGE, "ValidationError", 413)                         \
	X(INTERNAL, "InternalFailure", 500)                          \
	X(UNAVAILABLE, "ServiceUnavailable", 503)

enum refusal_code {
#define X(id, name, status) REFUSED_##id,
	REFUSALS(X)
#undef X
};

struct refusal {
	enum refusal_code code;
	struct err err; /* empty: nothing was refused */
};

/* The first refusal wins. Returns -1, so that callers write `return refuse(…)`. */
int refuse(struct refusal *refusal, enum refusal_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

const char *refusal_name(enum refusal_code code); /* "ValidationError" */
unsigned refusal_status(enum refusal_code code);  /* HTTP */

#endif
