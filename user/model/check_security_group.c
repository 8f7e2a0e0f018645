/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules that security groups keep, and that those who name them keep. */
#include "check.h"

#include <stddef.h>
#include <string.h>

#include "base/base.h"

static int by_prefix(const void *a, const void *b)
{
	return prefix_cmp(a, b);
}

static int check_prefixes(const struct check *check, const struct subject *subject, const char *key,
			  const struct index *index)
{
	char text[PREFIX_TEXT_MAX];
	const void *first, *second;

	if (index->count > MODEL_SOURCES_MAX)
		return check_refuse(check, subject, "%s: %zu prefixes, at most %d are allowed", key,
				    index->count, MODEL_SOURCES_MAX);
	if (index_twins(index, &first, &second))
		return check_refuse(check, subject, "%s: %s is listed twice", key,
				    prefix_format(first, text));
	return 0;
}

static int check_security_group(const struct check *check, const struct security_group *sg)
{
	struct subject subject = subject_security_group(sg);
	struct index allow = index_build(check->scratch, sg->allow, sg->allow_count,
					 sizeof(*sg->allow), by_prefix);
	struct index deny =
		index_build(check->scratch, sg->deny, sg->deny_count, sizeof(*sg->deny), by_prefix);
	int rc = check_name(check, &subject, sg->name);
	char text[PREFIX_TEXT_MAX];

	if (!rc)
		rc = check_prefixes(check, &subject, "allow", &allow);
	if (!rc)
		rc = check_prefixes(check, &subject, "deny", &deny);
	for (size_t i = 0; i < sg->deny_count && !rc; i++)
		if (index_find(&allow, &sg->deny[i]))
			rc = check_refuse(check, &subject, "%s is both allowed and denied",
					  prefix_format(&sg->deny[i], text));
	return rc;
}

static int check_unique(const struct check *check)
{
	const struct model *model = check->model;
	struct index index =
		index_build(check->scratch, model->security_groups, model->security_group_count,
			    sizeof(*model->security_groups), index_by_sg_name);
	const void *first, *second;
	struct subject subject;
	char also[24];

	if (!index_twins(&index, &first, &second))
		return 0;
	subject = subject_security_group(second);
	return check_refuse(check, &subject, "the name is already used%s",
			    check_also_line(((const struct security_group *)first)->line, also));
}

int check_security_groups(const struct check *check)
{
	const struct model *model = check->model;
	int rc = check_count(check, NULL, "security groups", model->security_group_count,
			     MODEL_SECURITY_GROUPS_MAX);

	for (size_t i = 0; i < model->security_group_count && !rc; i++)
		rc = check_security_group(check, &model->security_groups[i]);
	return rc ? rc : check_unique(check);
}

static int check_listener(const struct check *check, const struct load_balancer *lb,
			  const struct listener *listener)
{
	struct subject subject = subject_listener(lb, listener);
	int rc = check_count(check, &subject, "security groups", listener->security_group_count,
			     MODEL_GROUPS_PER_LISTENER_MAX);

	for (size_t i = 0; i < listener->security_group_count && !rc; i++)
		if (!model_find_security_group(check->model, listener->security_groups[i]))
			rc = check_refuse(check, &subject, "there is no security group '%.64s'",
					  listener->security_groups[i]);
	return rc;
}

int check_security_group_users(const struct check *check)
{
	const struct model *model = check->model;
	int rc = 0;

	for (size_t i = 0; i < model->load_balancer_count && !rc; i++) {
		const struct load_balancer *lb = &model->load_balancers[i];

		for (size_t l = 0; l < lb->listener_count && !rc; l++)
			rc = check_listener(check, lb, &lb->listeners[l]);
	}
	return rc;
}
