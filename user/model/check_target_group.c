/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules that a target group and its targets keep by themselves. */
#include "check.h"

#include <string.h>

#include "base/base.h"

#define GROUP(member) offsetof(struct target_group, member)

static const struct range group_ranges[] = {
	{"health_check.interval_seconds", GROUP(health_check.interval_s), 1,
	 MODEL_HC_INTERVAL_MAX_S},
	{"health_check.timeout_seconds", GROUP(health_check.timeout_s), 1, MODEL_HC_TIMEOUT_MAX_S},
	{"health_check.healthy_threshold", GROUP(health_check.healthy_threshold), 1,
	 MODEL_HC_THRESHOLD_MAX},
	{"health_check.unhealthy_threshold", GROUP(health_check.unhealthy_threshold), 1,
	 MODEL_HC_THRESHOLD_MAX},
	{"attributes.deregistration_delay.timeout_seconds", GROUP(deregistration_delay_s), 0,
	 MODEL_DEREGISTRATION_MAX_S},
	{"attributes.target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
	 GROUP(min_healthy_count), 1, MODEL_TARGETS_MAX},
	{"attributes.target_group_health.unhealthy_state_routing.minimum_healthy_targets."
	 "percentage",
	 GROUP(min_healthy_pct), 0, 100},
	{"attributes.tcp.mss.maximum", GROUP(mss_max), 0, MODEL_MSS_MAX},
};

/* What fits into a request line as it is: printable ASCII without spaces. */
static bool is_path(const char *path)
{
	if (path[0] != '/' || strlen(path) > MODEL_PATH_MAX)
		return false;
	for (const char *c = path; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return true;
}

static int check_matcher(const struct check *check, const struct subject *subject,
			 const struct health_check *hc)
{
	for (size_t i = 0; i < hc->matcher_count; i++) {
		const struct status_range *r = &hc->matcher[i];

		if (r->first > r->last || r->first < MODEL_MATCHER_STATUS_MIN ||
		    r->last > MODEL_MATCHER_STATUS_MAX)
			return check_refuse(check, subject,
					    "health_check.matcher: %u-%u is out of range (%d..%d)",
					    r->first, r->last, MODEL_MATCHER_STATUS_MIN,
					    MODEL_MATCHER_STATUS_MAX);
	}
	return check_count(check, subject, "ranges in health_check.matcher", hc->matcher_count,
			   MODEL_MATCHER_RANGES_MAX);
}

static int check_http(const struct check *check, const struct subject *subject,
		      const struct health_check *hc)
{
	if (!is_path(hc->path))
		return check_refuse(check, subject,
				    "health_check.path must start with '/' and hold at most %d "
				    "printable characters and no space",
				    MODEL_PATH_MAX);
	return check_matcher(check, subject, hc);
}

static int check_health_check(const struct check *check, const struct subject *subject,
			      const struct health_check *hc)
{
	if (hc->protocol == HC_HTTP)
		return check_http(check, subject, hc);
	if (hc->path)
		return check_refuse(check, subject,
				    "health_check.path needs health_check.protocol HTTP");
	if (hc->matcher_count)
		return check_refuse(check, subject,
				    "health_check.matcher needs health_check.protocol HTTP");
	return 0;
}

/* Behind l2 and dnat a target sees its client's address anyway; UDP has no place for a header. */
static int check_proxy(const struct check *check, const struct subject *subject,
		       const struct target_group *tg)
{
	if (!tg->proxy_protocol)
		return 0;
	if (tg->protocol != PROTOCOL_TCP)
		return check_refuse(check, subject,
				    "attributes.proxy_protocol_v2.enabled needs protocol TCP, not "
				    "%s",
				    protocol_name(tg->protocol));
	if (tg->forwarding != FORWARDING_NAT)
		return check_refuse(check, subject,
				    "attributes.proxy_protocol_v2.enabled needs forwarding nat: "
				    "with %s targets see the client's address as it is",
				    forwarding_name(tg->forwarding));
	return 0;
}

static bool changes_ports(const struct target_group *tg)
{
	return tg->target_type == TARGET_TYPE_IP &&
	       (tg->forwarding == FORWARDING_NAT || tg->forwarding == FORWARDING_DNAT);
}

static int check_fields(const struct check *check, const struct subject *subject,
			const struct target_group *tg)
{
	const struct health_check *hc = &tg->health_check;
	int rc;

	if (!tg->protocol)
		return check_refuse(check, subject, "the protocol is missing");
	if (!tg->port)
		return check_refuse(check, subject, "port: 0 is out of range (1..65535)");
	if (hc->timeout_s > hc->interval_s)
		return check_refuse(
			check, subject,
			"health_check.timeout_seconds: %u is longer than the interval of %u "
			"seconds",
			hc->timeout_s, hc->interval_s);
	if (tg->target_type == TARGET_TYPE_ALB && tg->protocol != PROTOCOL_TCP)
		return check_refuse(check, subject, "target_type alb needs protocol TCP");
	if (tg->target_type == TARGET_TYPE_ALB && tg->target_count)
		return check_refuse(check, subject,
				    "target_type alb has no targets of its own: what listens on "
				    "this host at the load balancer's address is the target");
	if (tg->preserve_port && !changes_ports(tg))
		return check_refuse(check, subject,
				    "attributes.preserve_port.enabled needs forwarding nat or "
				    "dnat: the port is kept without it");
	if (tg->unhealthy_connection_termination && tg->protocol != PROTOCOL_TCP)
		return check_refuse(
			check, subject,
			"attributes.target_health_state.unhealthy.connection_termination."
			"enabled cannot be true with protocol %s",
			protocol_name(tg->protocol));
	if (tg->mss_max && tg->mss_max < MODEL_MSS_MIN)
		return check_refuse(check, subject,
				    "attributes.tcp.mss.maximum: %u is out of range (%d..%d, or 0: "
				    "what the path carries)",
				    tg->mss_max, MODEL_MSS_MIN, MODEL_MSS_MAX);
	if (tg->mss_max && (tg->forwarding != FORWARDING_NAT || tg->protocol == PROTOCOL_UDP))
		return check_refuse(check, subject,
				    "attributes.tcp.mss.maximum needs TCP and forwarding nat: the "
				    "answers of other targets don't pass here");
	rc = check_proxy(check, subject, tg);
	return rc ? rc : check_health_check(check, subject, hc);
}

static int check_target(const struct check *check, const struct target_group *tg,
			const struct target *target)
{
	static const struct range weight = {"weight", offsetof(struct target, weight), 0,
					    MODEL_WEIGHT_MAX};
	struct subject subject = subject_target(tg, target);
	int rc = check_address(check, &subject, &target->address);

	return rc ? rc : check_ranges(check, &subject, target, &weight, 1);
}

static int check_unique_targets(const struct check *check, const struct target_group *tg)
{
	struct index index = index_build(check->scratch, tg->targets, tg->target_count,
					 sizeof(*tg->targets), index_by_endpoint);
	const void *first, *second;
	struct subject subject;
	char also[24];

	if (!index_twins(&index, &first, &second))
		return 0;
	subject = subject_target(tg, second);
	return check_refuse(check, &subject, "the target is listed twice%s",
			    check_also_line(((const struct target *)first)->line, also));
}

static int check_targets(const struct check *check, const struct subject *subject,
			 const struct target_group *tg)
{
	int rc = check_count(check, subject, "targets", tg->target_count, MODEL_TARGETS_MAX);

	for (size_t i = 0; i < tg->target_count && !rc; i++)
		rc = check_target(check, tg, &tg->targets[i]);
	return rc ? rc : check_unique_targets(check, tg);
}

static int check_target_group(const struct check *check, const struct target_group *tg)
{
	struct subject subject = subject_target_group(tg);
	int rc = check_name(check, &subject, tg->name);

	if (!rc)
		rc = check_ranges(check, &subject, tg, group_ranges, ARRAY_SIZE(group_ranges));
	if (!rc)
		rc = check_fields(check, &subject, tg);
	if (!rc)
		rc = check_targets(check, &subject, tg);
	return rc;
}

static int check_unique(const struct check *check)
{
	const struct model *model = check->model;
	struct index index =
		index_build(check->scratch, model->target_groups, model->target_group_count,
			    sizeof(*model->target_groups), index_by_tg_name);
	const void *first, *second;
	struct subject subject;
	char also[24];

	if (!index_twins(&index, &first, &second))
		return 0;
	subject = subject_target_group(second);
	return check_refuse(check, &subject, "the name is already used%s",
			    check_also_line(((const struct target_group *)first)->line, also));
}

int check_target_groups(const struct check *check)
{
	const struct model *model = check->model;
	size_t targets = 0;
	int rc = check_count(check, NULL, "target groups", model->target_group_count,
			     MODEL_TARGET_GROUPS_MAX);

	for (size_t i = 0; i < model->target_group_count && !rc; i++) {
		rc = check_target_group(check, &model->target_groups[i]);
		targets += model->target_groups[i].target_count;
	}
	if (!rc)
		rc = check_count(check, NULL, "targets in all target groups", targets,
				 MODEL_TARGETS_TOTAL_MAX);
	return rc ? rc : check_unique(check);
}
