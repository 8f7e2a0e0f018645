// SPDX-License-Identifier: BSD-2-Clause
/* The words of leat/nlb_verdicts.h and the flow states, for metrics, listings and logs. What is out
 * of range is "unknown". */
#include "nlb/nlb.h"

struct verdict_words {
	const char *name, *action, *help;
};

static const struct verdict_words words[] = {
#define X(id, name, action, help) [NLB_##id] = {name, #action, help},
	NLB_VERDICTS(X)
#undef X
};

static const struct verdict_words unknown = {"unknown", "DROP",
					     "a verdict this version does not know"};

static const struct verdict_words *words_of(enum nlb_verdict verdict)
{
	return (unsigned)verdict < NLB_VERDICT_COUNT ? &words[verdict] : &unknown;
}

const char *nlb_verdict_name(enum nlb_verdict verdict)
{
	return words_of(verdict)->name;
}

const char *nlb_verdict_action(enum nlb_verdict verdict)
{
	return words_of(verdict)->action;
}

const char *nlb_verdict_help(enum nlb_verdict verdict)
{
	return words_of(verdict)->help;
}

const char *nlb_flow_state_name(unsigned state)
{
	static const char *const names[NLB_FLOW_STATES] = {
		[NLB_FLOW_UDP] = "udp",
		[NLB_FLOW_SYN_SENT] = "syn_sent",
		[NLB_FLOW_SYN_RECEIVED] = "syn_received",
		[NLB_FLOW_ESTABLISHED] = "established",
		[NLB_FLOW_CLOSING] = "closing",
		[NLB_FLOW_TIME_WAIT] = "time_wait",
		[NLB_FLOW_CLOSED] = "closed",
	};

	return state < NLB_FLOW_STATES && names[state] ? names[state] : "unknown";
}
