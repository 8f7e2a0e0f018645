/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A probe from the inside: what health.c (the schedule's effects) and the kinds of probe (probe_tcp.c, probe_http.c) share.
 *
 * A probe sleeps (IDLE), wants to ask but too many others do (WAITING), may begin on the next turn (ADMITTED), has an attempt under way
 * (ASKING), sleeps again. Its one timer means: due, begin now, timeout.
 */
#ifndef LEAT_HEALTH_PROBE_H
#define LEAT_HEALTH_PROBE_H

#include "base/list.h"
#include "health.h"

enum probe_phase { PROBE_IDLE, PROBE_WAITING, PROBE_ADMITTED, PROBE_ASKING };

/* How to ask. An attempt ends with exactly one probe_finish() unless it is cancelled. */
struct probe_kind {
	/* Begins an attempt; may call probe_finish() right away, so the probe may be gone afterwards. */
	void (*begin)(struct health_probe *probe);
	/* The timer has expired: ends with probe_finish(). */
	void (*expire)(struct health_probe *probe);
	/* Gives back whatever the attempt holds. Nothing is reported. */
	void (*cancel)(struct health_probe *probe);
};

extern const struct probe_kind probe_tcp, probe_http;

struct tcp_attempt {
	struct loop_fd watch;
};

struct http_attempt {
	void *easy;	 /* CURL, NULL: none */
	unsigned status; /* 0: the answer's headers are not complete yet */
	size_t body_bytes;
	int fd;		  /* curl's, -1: none yet */
	int socket_errno; /* why there is no socket, 0: there is */
	bool is_overtime; /* the timeout is over, but something had arrived unread */
};

struct health {
	struct loop *loop;
	struct list probes;  /* all but the waiting */
	struct list waiting; /* in PROBE_WAITING, first come first served */
	unsigned asking, asking_max;
	uint64_t key[2]; /* of the seeds: two balancers must not probe in step */
	uint64_t started; /* probes ever started */
	uint64_t burst_ms; /* when the last burst of new probes began */
	struct http_prober *http;
};

struct health_probe {
	struct health *health;
	struct list node;
	struct health_spec spec; /* path and matcher owned */
	health_result_fn *on_result;
	void *arg;

	enum probe_phase phase;
	struct loop_timer timer;
	uint64_t seed, round;
	uint64_t due_ms;     /* of the attempt under way, or the last one */
	uint64_t started_ms; /* when it really began */
	uint64_t answered_ms; /* when the answer was there, 0: is there when the attempt ends */

	const struct probe_kind *kind; /* of the attempt under way, else NULL */
	union {
		struct tcp_attempt tcp;
		struct http_attempt http;
	} attempt;
};

/* Ends the attempt, arms the timer for the next one and reports. HEALTH_NONE: passed. The probe may be gone afterwards. */
void probe_finish(struct health_probe *probe, enum health_reason reason, int detail);

/* Sends the PROXY header that the spec asks for, if it does, on a connection that has just been established and whose send buffer is
 * empty. 0 or the errno. */
__must_check int probe_send_proxy_header(const struct health_spec *spec, int fd);

/* What a failed socket(2) or connect(2) means. *detail: the errno, where the reason alone doesn't tell. */
enum health_reason probe_reason_of_errno(int error, int *detail);

/* The part of the HTTP probes that is shared by all of them: one libcurl multi handle, driven by the loop. */
struct http_prober;
__must_check int http_prober_open(struct loop *loop, struct http_prober **prober, struct err *err);
void http_prober_close(struct http_prober *prober); /* after the last attempt; NULL is fine */

#endif
