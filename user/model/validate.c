/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * model_validate(): defaults first, then the rules, noun by noun and then between nouns
 * (check_load_balancer.c, check_target_group.c, check_security_group.c, check_relations.c). Here: the order, the refusal
 * and the checks that several nouns share. The first broken rule ends it.
 */
#include "check.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

struct subject subject_load_balancer(const struct load_balancer *lb)
{
	struct subject s = {.line = lb->line};

	snprintf(s.text, sizeof(s.text), "load balancer '%.64s'", lb->name ? lb->name : "");
	return s;
}

struct subject subject_listener(const struct load_balancer *lb, const struct listener *listener)
{
	struct subject s = {.line = listener->line};

	char text[LISTENER_TEXT_MAX];

	snprintf(s.text, sizeof(s.text), "listener '%.64s/%s'", lb->name,
		 listener_format(listener, text));
	return s;
}

struct subject subject_target_group(const struct target_group *tg)
{
	struct subject s = {.line = tg->line};

	snprintf(s.text, sizeof(s.text), "target group '%.64s'", tg->name ? tg->name : "");
	return s;
}

struct subject subject_security_group(const struct security_group *sg)
{
	struct subject s = {.line = sg->line};

	snprintf(s.text, sizeof(s.text), "security group '%.64s'", sg->name ? sg->name : "");
	return s;
}

struct subject subject_target(const struct target_group *tg, const struct target *target)
{
	struct subject s = {.line = target->line};
	char endpoint[ENDPOINT_TEXT_MAX];

	snprintf(s.text, sizeof(s.text), "target '%.64s/%s'", tg->name,
		 endpoint_format(&target->address, target->port, endpoint));
	return s;
}

/* Sentences go to terminals and logs: what an input smuggled in must not act there. */
static void hide_controls(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

static int check_refuse_args(const struct check *check, unsigned line, const char *subject,
			     const char *fmt, va_list args)
{
	char sentence[ERR_TEXT_MAX];
	int len = snprintf(sentence, sizeof(sentence), "%s%s", subject, *subject ? ": " : "");

	vsnprintf(sentence + len, sizeof(sentence) - (size_t)len, fmt, args);
	hide_controls(sentence);
	err_set(check->err, -EINVAL, "%s", sentence);
	if (check->model->source && line)
		err_prefix(check->err, "%s:%u: ", check->model->source, line);
	else if (check->model->source)
		err_prefix(check->err, "%s: ", check->model->source);
	return -EINVAL;
}

int check_refuse(const struct check *check, const struct subject *subject, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	check_refuse_args(check, subject ? subject->line : 0, subject ? subject->text : "", fmt,
			  args);
	va_end(args);
	return -EINVAL;
}

int check_refuse_line(const struct check *check, unsigned line, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	check_refuse_args(check, line, "", fmt, args);
	va_end(args);
	return -EINVAL;
}

char *check_also_line(unsigned line, char text[24])
{
	text[0] = '\0';
	if (line)
		snprintf(text, 24, " (line %u)", line);
	return text;
}

int check_ranges(const struct check *check, const struct subject *subject, const void *noun,
		 const struct range *ranges, size_t count)
{
	for (const struct range *r = ranges; r < ranges + count; r++) {
		unsigned value = *(const unsigned *)((const char *)noun + r->offset);

		if (value < r->min || value > r->max)
			return check_refuse(check, subject, "%s: %u is out of range (%u..%u)",
					    r->key, value, r->min, r->max);
	}
	return 0;
}

int check_count(const struct check *check, const struct subject *subject, const char *what,
		size_t count, size_t max)
{
	if (count <= max)
		return 0;
	return check_refuse(check, subject, "%zu %s, at most %zu are allowed", count, what, max);
}

int check_name(const struct check *check, const struct subject *subject, const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-";
	size_t len = name ? strlen(name) : 0;

	if (len >= 1 && len <= MODEL_NAME_MAX && strspn(name, letters) == len && name[0] != '-' &&
	    name[len - 1] != '-')
		return 0;
	return check_refuse(
		check, subject,
		"a name is 1 to %d letters, digits and hyphens, with no hyphen at either end",
		MODEL_NAME_MAX);
}

int check_address(const struct check *check, const struct subject *subject,
		  const struct addr *address)
{
	const char *unusable = address_is_unusable(address);
	char text[ADDR_TEXT_MAX];

	if (!addr_is_set(address))
		return check_refuse(check, subject, "the address is missing");
	if (unusable)
		return check_refuse(check, subject, "%s is %s and cannot be used",
				    addr_format(address, text), unusable);
	return 0;
}

static int run(const struct check *check)
{
	int (*const stages[])(const struct check *) = {
		check_load_balancers,
		check_target_groups,
		check_security_groups,
		check_security_group_users,
		check_relations,
	};

	for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
		int rc = stages[i](check);

		if (rc)
			return rc;
	}
	return 0;
}

/* Targets that an earlier validation made are made anew. */
static void fill_target_group(struct model *model, struct target_group *tg)
{
	if (tg->has_own_targets)
		tg->target_count = 0;
	tg->has_own_targets = false;
	model_fill_defaults(tg, model->arena);
}

int model_validate(struct model *model, struct err *err)
{
	struct check check = {.model = model, .scratch = arena_new(), .err = err};
	int rc;

	for (size_t i = 0; i < model->target_group_count; i++)
		fill_target_group(model, &model->target_groups[i]);
	for (size_t i = 0; i < model->load_balancer_count; i++)
		for (size_t l = 0; l < model->load_balancers[i].listener_count; l++)
			model_fill_listener_defaults(&model->load_balancers[i].listeners[l]);
	rc = run(&check);
	arena_free(check.scratch);
	return rc;
}
