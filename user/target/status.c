/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status: what is set up, what the counters say, and what is wrong, each problem with its cure.
 * Asked of the kernel, not of what up once did. An answer is one JSON object; the table is made
 * from it.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "hooks.h"
#include "netlink.h"
#include "sysctls.h"

#define AGAIN "run 'leat-target up' again"

struct verdict_row {
	const char *name, *help;
};

static const struct verdict_row verdicts[] = {
#define X(id, name, action, help) [DECAP_##id] = {name, help},
	DECAP_VERDICTS(X)
#undef X
};

static void add_problem(json_t *problems, const char *cure, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void add_problem(json_t *problems, const char *cure, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	json_array_append_new(problems, json_pack("{ss ss}", "problem", text, "cure", cure));
}

/* ---- what is wrong ---- */

static void check_vips(const struct state *state, json_t *problems)
{
	char text[VIP_TEXT_MAX];
	size_t i;

	for (i = 0; i < state->vips.count; i++)
		if (netlink_has_vip(&state->vips.at[i]) == 0)
			add_problem(problems, AGAIN, "VIP '%s' is not on loopback",
				    vip_format(&state->vips.at[i], text));
}

static void on_wrong_sysctl(const char *name, const char *is, const char *should, void *arg)
{
	add_problem(arg, AGAIN, "%s is %s, not %s", name, is, should);
}

static void check_interfaces(const struct state *state, json_t *problems)
{
	const char *problem;
	size_t i;

	for (i = 0; i < state->interface_count; i++) {
		problem = hooks_problem(state->bpffs, state, &state->interfaces[i]);
		if (problem)
			add_problem(problems, AGAIN, "interface '%s': %s",
				    state->interfaces[i].name, problem);
	}
}

/* Addresses that came after up. */
static void check_own(const struct state *state, json_t *problems)
{
	struct own_addresses *own = calloc(1, sizeof(*own));
	char text[ADDR_TEXT_MAX];
	size_t i;

	if (own && !addresses_find_own(&state->vips, "", own, NULL))
		for (i = 0; i < own->count; i++)
			if (program_has_own(state->bpffs, &own->at[i]) == 0)
				add_problem(problems, AGAIN,
					    "address '%s' is newer than the setup: packets "
					    "encapsulated to it are not taken",
					    addr_format(&own->at[i], text));
	free(own);
}

static void check_mss(const struct state *state, json_t *problems)
{
	unsigned mtu = smallest_mtu(state);

	if (state->mss == MSS_AUTO && mtu && state->mss4 != mss_for_mtu(mtu, 4))
		add_problem(problems, AGAIN,
			    "the MTU is %u now, the MSS of VIPs (%u) is made for another", mtu,
			    state->mss4);
}

static void check_counts(const struct decap_count *counts, json_t *problems)
{
	if (counts[DECAP_MERGED].packets)
		add_problem(problems,
			    "ethtool -K INTERFACE rx-udp-gro-forwarding off, or --mode xdp",
			    "%llu packets were lost because GRO merged GUE packets",
			    (unsigned long long)counts[DECAP_MERGED].packets);
}

/* ---- the answer ---- */

static json_t *counters_to_json(const struct decap_count *counts)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < DECAP_VERDICT_COUNT; i++)
		json_array_append_new(list, json_pack("{ss sI sI ss}", "name", verdicts[i].name,
						      "packets", (json_int_t)counts[i].packets,
						      "bytes", (json_int_t)counts[i].bytes, "help",
						      verdicts[i].help));
	return list;
}

static json_t *vips_to_json(const struct state *state)
{
	json_t *list = json_array();
	char text[VIP_TEXT_MAX];
	size_t i;

	for (i = 0; i < state->vips.count; i++)
		json_array_append_new(list, json_string(vip_format(&state->vips.at[i], text)));
	return list;
}

static json_t *interfaces_to_json(const struct state *state)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < state->interface_count; i++)
		json_array_append_new(
			list,
			json_pack("{ss ss}", "name", state->interfaces[i].name, "mode",
				  state->l2 ? "l2" : target_mode_name(state->interfaces[i].mode)));
	return list;
}

static json_t *make_answer(struct state *state)
{
	struct decap_count counts[DECAP_MAX_VERDICTS];
	json_t *problems = json_array(), *counters = json_array(), *answer;

	check_vips(state, problems);
	sysctls_check(state, on_wrong_sysctl, problems);
	check_interfaces(state, problems);
	if (!state->l2) {
		check_own(state, problems);
		check_mss(state, problems);
		if (program_read_stats(state->bpffs, counts))
			add_problem(problems, AGAIN, "the pins in '%s' are gone", state->bpffs);
		json_decref(counters);
		counters = counters_to_json(counts);
		check_counts(counts, problems);
	}
	answer = json_pack("{sb sb so so sb si si si so so}", "up", 1, "l2", state->l2, "vips",
			   vips_to_json(state), "interfaces", interfaces_to_json(state),
			   "second_hop", state->second_hop, "gue_port", (int)state->gue_port,
			   "mss4", (int)state->mss4, "mss6", (int)state->mss6, "counters", counters,
			   "problems", problems);
	return answer;
}

/* ---- as a table ---- */

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void print_setup(const json_t *answer, FILE *out)
{
	json_t *item;
	size_t i;

	fprintf(out, "VIPs:       ");
	json_array_foreach(json_object_get(answer, "vips"), i, item)
		fprintf(out, "%s%s", i ? ", " : "", json_string_value(item));
	fprintf(out, "\nInterfaces: ");
	json_array_foreach(json_object_get(answer, "interfaces"), i, item) fprintf(
		out, "%s%s (%s)", i ? ", " : "", text_of(item, "name"), text_of(item, "mode"));
	fprintf(out, "\n");
	if (json_is_true(json_object_get(answer, "l2")))
		return;
	fprintf(out, "GUE port:   %lld\n", json_integer_value(json_object_get(answer, "gue_port")));
	fprintf(out, "Second hop: %s\n",
		json_is_true(json_object_get(answer, "second_hop")) ? "on" : "off");
	if (json_integer_value(json_object_get(answer, "mss4")))
		fprintf(out, "MSS:        %lld (IPv4), %lld (IPv6)\n",
			json_integer_value(json_object_get(answer, "mss4")),
			json_integer_value(json_object_get(answer, "mss6")));
	else
		fprintf(out, "MSS:        as TCP announces it\n");
}

/* Results that did not occur are left out; JSON has them all. */
static void print_counters(const json_t *answer, FILE *out)
{
	bool is_first = true;
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(answer, "counters"), i, item)
	{
		json_int_t packets = json_integer_value(json_object_get(item, "packets"));

		if (!packets)
			continue;
		if (is_first)
			fprintf(out, "\n%-22s %12s %14s  %s\n", "RESULT", "PACKETS", "BYTES",
				"MEANING");
		is_first = false;
		fprintf(out, "%-22s %12lld %14lld  %s\n", text_of(item, "name"), (long long)packets,
			json_integer_value(json_object_get(item, "bytes")), text_of(item, "help"));
	}
}

static void print_problems(const json_t *answer, FILE *out)
{
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(answer, "problems"), i, item)
		fprintf(out, "%sproblem: %s; cure: %s\n", i ? "" : "\n", text_of(item, "problem"),
			text_of(item, "cure"));
}

static void print_table(const json_t *answer, FILE *out)
{
	if (!json_is_true(json_object_get(answer, "up"))) {
		fprintf(out, "nothing is set up here\n");
		return;
	}
	print_setup(answer, out);
	print_counters(answer, out);
	print_problems(answer, out);
}

static int run(const struct options *options, struct state *state, FILE *out, struct err *err)
{
	int rc = state_read(options->state_dir, state, err);
	json_t *answer;

	if (rc)
		return rc;
	answer = state->is_up ? make_answer(state) : json_pack("{sb}", "up", 0);
	if (options->json) {
		json_dumpf(answer, out, JSON_INDENT(2));
		fprintf(out, "\n");
	} else {
		print_table(answer, out);
	}
	json_decref(answer);
	return 0;
}

/* Without the lock: the state is replaced as a whole, and two may look at once. */
int command_status(const struct options *options, FILE *out, struct err *err)
{
	struct state *state = calloc(1, sizeof(*state));
	int rc;

	if (!state)
		return err_set(err, -ENOMEM, "out of memory");
	program_quiet();
	rc = run(options, state, out, err);
	free(state);
	return rc;
}
