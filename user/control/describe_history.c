/* SPDX-License-Identifier: BSD-2-Clause */
/* DescribeHistory. */
#include "base/clock.h"
#include "controller.h"
#include "ops.h"
#include "request.h"

#define LIMIT_DEFAULT 20
#define LIMIT_MAX     1000

static int on_change(const struct store_change *change, void *arg)
{
	char when[CLOCK_TEXT_MAX];

	json_array_append_new(
		arg, json_pack("{sI ss ss ss ss}", "change", (json_int_t)change->number, "when",
			       clock_format_utc(change->wall_ms, when), "who", change->user,
			       "operation", change->operation, "summary", change->summary));
	return 0;
}

int op_describe_history(struct call *call)
{
	json_int_t limit = request_number(call->request, "limit", LIMIT_DEFAULT);
	struct err err = {0};
	json_t *list;

	if (limit < 1 || limit > LIMIT_MAX)
		return refuse(&call->refusal, REFUSED_VALIDATION,
			      "'limit': %lld is out of range (1..%d)", (long long)limit, LIMIT_MAX);
	list = json_array();
	if (store_history(call->control->store, (unsigned)limit, on_change, list, &err)) {
		json_decref(list);
		return refuse(&call->refusal, REFUSED_UNAVAILABLE, "%s", err.text);
	}
	call->answer = json_pack("{so}", "changes", list);
	return 0;
}
