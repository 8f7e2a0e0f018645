/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a target's health is, and how probe results change it. Pure: time comes in as a parameter.
 * States and reasons: elbv2.md 1.5.
 */
#ifndef LEAT_MODEL_HEALTH_STATE_H
#define LEAT_MODEL_HEALTH_STATE_H

#include <stdbool.h>
#include <stdint.h>

enum target_state {
	TARGET_INITIAL, /* registered, no result yet: takes no flows unless the group fails open */
	TARGET_HEALTHY,
	TARGET_UNHEALTHY,
	TARGET_DRAINING, /* deregistered or drained, open flows go on */
	TARGET_UNUSED,	 /* its group is in no listener, or its drain is over */
};

/* X(id, AWS reason, what leatctl and the log say). How a single probe ended, and why a state is
 * what it is. */
#define HEALTH_REASONS(X)                                                                        \
	X(NONE, "", "")                                                                          \
	X(REGISTERING, "Elb.RegistrationInProgress", "target registration is in progress")       \
	X(CHECKING, "Elb.InitialHealthChecking", "initial health checks in progress")            \
	X(CONNECT_REFUSED, "Target.FailedHealthChecks", "connection refused")                    \
	X(CONNECT_TIMEOUT, "Target.Timeout", "connect timeout")                                  \
	X(CONNECT_UNREACHABLE, "Target.FailedHealthChecks", "host or network unreachable")       \
	X(CONNECT_ERROR, "Target.FailedHealthChecks", "connect error")                           \
	X(RESPONSE_TIMEOUT, "Target.Timeout", "no answer in time")                               \
	X(RESPONSE_MISMATCH, "Target.ResponseCodeMismatch", "unexpected status code")            \
	X(RESPONSE_BAD, "Target.FailedHealthChecks", "answer is not HTTP")                       \
	X(CONNECTION_CLOSED, "Target.FailedHealthChecks", "connection closed before the answer") \
	X(PROBE_ERROR, "Elb.InternalError", "the probe could not be sent")                       \
	X(CHECKS_DISABLED, "Target.HealthCheckDisabled", "health checks are disabled")           \
	X(DEREGISTERING, "Target.DeregistrationInProgress",                                      \
	  "target deregistration is in progress")                                                \
	X(DRAIN_REQUESTED, "Target.DeregistrationInProgress",                                    \
	  "draining on request: takes no new flows")                                             \
	X(DRAINED, "Target.NotRegistered", "drained: takes no flows until it is added again")    \
	X(NOT_IN_USE, "Target.NotInUse", "target group is in no listener")

enum health_reason {
#define X(id, aws, text) HEALTH_##id,
	HEALTH_REASONS(X)
#undef X
	HEALTH_REASON_COUNT
};

/* One probe's result. */
struct health_result {
	bool passed;
	enum health_reason reason; /* HEALTH_NONE when passed */
	int detail; /* RESPONSE_MISMATCH: status; CONNECT_ERROR, PROBE_ERROR: errno; else 0 */
	unsigned took_ms;
};

/* Zeroed is not ready: health_state_init(). */
struct health_state {
	enum target_state state;
	enum health_reason reason;
	int detail;
	unsigned streak;  /* results in a row that speak against the state */
	int64_t since_ms; /* wall clock of the last state change */
	unsigned last_took_ms;
	uint64_t checks, failures; /* totals */
};

void health_state_init(struct health_state *hs, int64_t now_ms);

/* Takes one result. Returns true when the state changed. INITIAL → HEALTHY on the first success
 * whatever the threshold (elbv2.md 3.1), INITIAL → UNHEALTHY after unhealthy_threshold failures;
 * HEALTHY ↔ UNHEALTHY after that many results in a row. DRAINING and UNUSED ignore results. */
bool health_state_step(struct health_state *hs, const struct health_result *result,
		       unsigned healthy_threshold, unsigned unhealthy_threshold, int64_t now_ms);

/* Sets a state from outside (draining, unused, restored). Returns true when the state changed; a new
 * reason alone is taken over silently. */
bool health_state_set(struct health_state *hs, enum target_state state, enum health_reason reason,
		      int64_t now_ms);

const char *target_state_name(enum target_state state);	   /* "healthy" … */
const char *health_reason_name(enum health_reason reason); /* AWS's */
const char *health_reason_text(enum health_reason reason); /* a person's */

/* elbv2.md 3.9: with fewer than max(count, ceil(pct % of total)) healthy targets the group fails
 * open: all registered targets take new flows. An empty group never does. min_count 0 counts as 1.
 */
bool health_fails_open(unsigned healthy, unsigned total, unsigned min_count, unsigned min_pct);

#endif
