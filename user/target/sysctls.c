/* SPDX-License-Identifier: BSD-2-Clause */
/* Sysctls: the effective value of an interface is the larger one of its own and that of `all`. */
#include "sysctls.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/fd.h"

const char *sysctls_root = "/proc/sys";

struct rule {
	const char *name;
	bool of_interface;   /* set on the interfaces, else on `all` */
	unsigned acceptable; /* bit n: the effective value n will do */
	const char *wanted;
};

/* arp_ignore 2 and 8 and arp_announce are stricter still. */
static const struct rule rules[] = {
	{"arp_ignore", false, 1u << 1 | 1u << 2 | 1u << 8, "1"},
	{"arp_announce", false, 1u << 2, "2"},
	{"rp_filter", true, 1u << 0 | 1u << 2, "2"},
};

/* ---- one sysctl ---- */

static void name_of(const struct rule *rule, const char *interface, char name[SYSCTL_NAME_MAX])
{
	snprintf(name, SYSCTL_NAME_MAX, "net/ipv4/conf/%s/%s", interface, rule->name);
}

static int read_value(const char *name, char value[SYSCTL_VALUE_MAX], struct err *err)
{
	char path[PATH_MAX], *text;
	int rc;

	snprintf(path, sizeof(path), "%s/%s", sysctls_root, name);
	rc = fd_read_file(path, 4096, &text, NULL, err);
	if (rc)
		return rc;
	snprintf(value, SYSCTL_VALUE_MAX, "%.*s", (int)strcspn(text, "\n"), text);
	free(text);
	return 0;
}

static int write_value(const char *name, const char *value)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", sysctls_root, name);
	return fd_write_file(path, value);
}

static char *dotted(const char *name, char text[SYSCTL_NAME_MAX])
{
	char *slash;

	snprintf(text, SYSCTL_NAME_MAX, "%s", name);
	for (slash = text; (slash = strchr(slash, '/'));)
		*slash = '.';
	return text;
}

/* ---- rules ---- */

/* As the kernel takes it: the larger one of the interface's and `all`. -1 with err. */
static int effective(const struct rule *rule, const char *interface, struct err *err)
{
	char name[SYSCTL_NAME_MAX], all[SYSCTL_VALUE_MAX], own[SYSCTL_VALUE_MAX];

	name_of(rule, "all", name);
	if (read_value(name, all, err))
		return -1;
	name_of(rule, interface, name);
	if (read_value(name, own, err))
		return -1;
	return atoi(all) > atoi(own) ? atoi(all) : atoi(own);
}

static bool is_acceptable(const struct rule *rule, int value)
{
	return value >= 0 && value < 32 && rule->acceptable & 1u << value;
}

static int add_change(struct state *state, const char *name, const char *before, const char *after,
		      struct err *err)
{
	struct sysctl_change *change = state_find_sysctl(state, name);

	if (change)
		return 0;
	if (state->sysctl_count == SYSCTLS_MAX)
		return err_set(err, -E2BIG, "more than %d sysctls to change", SYSCTLS_MAX);
	change = &state->sysctls[state->sysctl_count++];
	snprintf(change->name, sizeof(change->name), "%s", name);
	snprintf(change->before, sizeof(change->before), "%s", before);
	snprintf(change->after, sizeof(change->after), "%s", after);
	return 0;
}

/* What was changed before stays so, with the value from before that. */
static int plan_change(const struct rule *rule, const char *place, const struct state *before,
		       struct state *state, struct err *err)
{
	const struct sysctl_change *earlier;
	char name[SYSCTL_NAME_MAX], value[SYSCTL_VALUE_MAX];
	int rc;

	name_of(rule, place, name);
	earlier = state_find_sysctl((struct state *)before, name);
	if (earlier)
		return add_change(state, name, earlier->before, earlier->after, err);
	rc = read_value(name, value, err);
	return rc ? rc : add_change(state, name, value, rule->wanted, err);
}

static bool was_changed(const struct rule *rule, const char *place, const struct state *before)
{
	char name[SYSCTL_NAME_MAX];

	name_of(rule, place, name);
	return state_find_sysctl((struct state *)before, name);
}

static int plan_place(const struct rule *rule, const char *place, int now,
		      const struct state *before, struct state *state, struct err *err)
{
	if (is_acceptable(rule, now) && !was_changed(rule, place, before))
		return 0;
	return plan_change(rule, place, before, state, err);
}

/* A rule of all interfaces may still be spoilt by a larger value of one. */
static int plan_one(const struct rule *rule, const char *interface, const struct state *before,
		    struct state *state, struct err *err)
{
	int now = effective(rule, interface, err), all, rc;

	if (now < 0)
		return -EIO;
	if (rule->of_interface)
		return plan_place(rule, interface, now, before, state, err);
	all = effective(rule, "all", err);
	rc = plan_place(rule, "all", all, before, state, err);
	if (!rc && now > all && now > atoi(rule->wanted))
		rc = plan_place(rule, interface, now, before, state, err);
	return rc;
}

int sysctls_plan(const struct state *before, struct state *state, struct err *err)
{
	size_t i, k;
	int rc = 0;

	for (i = 0; i < ARRAY_SIZE(rules); i++)
		for (k = 0; !rc && k < state->interface_count; k++)
			rc = plan_one(&rules[i], state->interfaces[k].name, before, state, err);
	return rc;
}

static int put_one(const struct sysctl_change *change, FILE *out, struct err *err)
{
	char value[SYSCTL_VALUE_MAX], text[SYSCTL_NAME_MAX];
	int rc = read_value(change->name, value, err);

	if (rc || !strcmp(value, change->after))
		return rc;
	rc = write_value(change->name, change->after);
	if (rc)
		return err_set_errno(err, rc, "setting %s to %s failed", dotted(change->name, text),
				     change->after);
	fprintf(out, "%s: %s -> %s%s\n", dotted(change->name, text), value, change->after,
		strstr(change->name, "/rp_filter") ? " (strict would drop what clients send)" : "");
	return 0;
}

int sysctls_put(const struct state *state, FILE *out, struct err *err)
{
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < state->sysctl_count; i++)
		rc = put_one(&state->sysctls[i], out, err);
	return rc;
}

static void take_one(const struct sysctl_change *change, FILE *out)
{
	char value[SYSCTL_VALUE_MAX], text[SYSCTL_NAME_MAX];

	dotted(change->name, text);
	if (read_value(change->name, value, NULL))
		return; /* its interface is gone, and the sysctl with it */
	if (!strcmp(value, change->before))
		return;
	if (strcmp(value, change->after)) {
		fprintf(out, "%s: left at %s, for someone else changed it\n", text, value);
		return;
	}
	if (write_value(change->name, change->before))
		fprintf(out, "%s: setting it back to %s failed\n", text, change->before);
	else
		fprintf(out, "%s: %s -> %s\n", text, value, change->before);
}

void sysctls_take(const struct state *before, struct state *keep, FILE *out)
{
	size_t i;

	for (i = before->sysctl_count; i-- > 0;)
		if (!keep || !state_find_sysctl(keep, before->sysctls[i].name))
			take_one(&before->sysctls[i], out);
}

static void check_one(const struct rule *rule, const char *interface,
		      void (*on_wrong)(const char *, const char *, const char *, void *), void *arg)
{
	char name[SYSCTL_NAME_MAX], text[SYSCTL_NAME_MAX], value[SYSCTL_VALUE_MAX];
	int now = effective(rule, interface, NULL);

	if (now < 0 || is_acceptable(rule, now))
		return;
	name_of(rule, interface, name);
	snprintf(value, sizeof(value), "%d", now);
	on_wrong(dotted(name, text), value, rule->wanted, arg);
}

void sysctls_check(const struct state *state,
		   void (*on_wrong)(const char *, const char *, const char *, void *), void *arg)
{
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(rules); i++)
		for (k = 0; k < state->interface_count; k++)
			check_one(&rules[i], state->interfaces[k].name, on_wrong, arg);
}
