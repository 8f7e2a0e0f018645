/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of validation share: the refusal with its subject, and the stages in their order.
 * Private to model. Every stage returns 0, or -EINVAL with the sentence in check->err.
 */
#ifndef LEAT_MODEL_CHECK_H
#define LEAT_MODEL_CHECK_H

#include "index.h"
#include "model.h"

struct check {
	struct model *model;
	struct arena *scratch; /* lives as long as the validation */
	struct err *err;
};

/* What a sentence is about: "listener 'edge/TCP:80'", and the line it was written in. */
struct subject {
	unsigned line;
	char text[128];
};

struct subject subject_load_balancer(const struct load_balancer *lb);
struct subject subject_listener(const struct load_balancer *lb, const struct listener *listener);
struct subject subject_target_group(const struct target_group *tg);
struct subject subject_security_group(const struct security_group *sg);
struct subject subject_target(const struct target_group *tg, const struct target *target);

/* "FILE:LINE: subject: sentence"; subject NULL: the sentence alone. Returns -EINVAL. */
int check_refuse(const struct check *check, const struct subject *subject, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* "FILE:LINE: sentence" */
int check_refuse_line(const struct check *check, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* " (line 12)", or nothing when the line is unknown. Returns text. */
char *check_also_line(unsigned line, char text[24]);

/* A field of a noun (unsigned) and what it may be. */
struct range {
	const char *key;
	size_t offset;
	unsigned min, max;
};

int check_ranges(const struct check *check, const struct subject *subject, const void *noun,
		 const struct range *ranges, size_t count);
int check_count(const struct check *check, const struct subject *subject, const char *what,
		size_t count, size_t max);
int check_name(const struct check *check, const struct subject *subject, const char *name);
int check_address(const struct check *check, const struct subject *subject,
		  const struct addr *address);

int check_load_balancers(const struct check *check); /* each noun for itself */
int check_target_groups(const struct check *check);
int check_security_groups(const struct check *check);
int check_security_group_users(const struct check *check); /* listeners name groups that exist */
int check_relations(const struct check *check); /* between nouns; sets listener->target_group */

#endif
