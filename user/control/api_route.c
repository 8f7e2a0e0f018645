/* SPDX-License-Identifier: BSD-2-Clause */
/* A table of paths, and the JSON form of answers and refusals. */
#include "api_route.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/log.h"
#include "controller.h"
#include "metrics/metrics.h"
#include "metrics_export.h"
#include "ops.h"
#include "schema.h"

#define JSON_TYPE "application/json"
#define TEXT_TYPE "text/plain; charset=utf-8"

static void put_json(struct api_response *response, unsigned status, json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_PRESERVE_ORDER);

	if (!text)
		abort();
	response->status = status;
	response->content_type = JSON_TYPE;
	buf_append_text(&response->body, text);
	buf_append_text(&response->body, "\n");
	free(text);
	json_decref(value);
}

static void put_refusal(struct api_response *response, const struct refusal *refusal)
{
	/* A sentence may quote a request's bytes and be cut in the middle of a character. */
	json_t *message = json_string(refusal->err.text);

	if (!message)
		message = json_string("the request was refused, and the reason is not text");
	put_json(response, refusal_status(refusal->code),
		 json_pack("{s{ss so}}", "error", "code", refusal_name(refusal->code), "message",
			   message));
}

/* ---- GET ---- */

static void get_metrics(struct control *control, const char *rest, struct api_response *response)
{
	response->status = 200;
	response->content_type = METRICS_CONTENT_TYPE;
	metrics_export(control, &response->body);
}

static bool any_attached(const struct control *control)
{
	for (size_t i = 0; i < control->interfaces.count; i++)
		if (control->interfaces.list[i].state == INTERFACE_ATTACHED)
			return true;
	return false;
}

static void get_healthz(struct control *control, const char *rest, struct api_response *response)
{
	const char *text = "ok\n";

	if (control->reconcile.error[0])
		text = "the maps are behind the state\n";
	else if (!any_attached(control))
		text = "the program is attached to no interface\n";
	response->status = strcmp(text, "ok\n") == 0 ? 200 : 503;
	response->content_type = TEXT_TYPE;
	buf_append_text(&response->body, text);
}

static void get_operations(struct control *control, const char *rest, struct api_response *response)
{
	put_json(response, 200, schema_list_operations());
}

static void get_schema(struct control *control, const char *rest, struct api_response *response)
{
	json_t *schema = schema_of_request(rest);
	struct refusal refusal = {0};

	if (schema) {
		put_json(response, 200, schema);
		return;
	}
	refuse(&refusal, REFUSED_INVALID_ACTION, "there is no operation '%.64s'", rest);
	put_refusal(response, &refusal);
}

/* ---- POST ---- */

static json_t *parse_body(const struct api_request *request, struct refusal *refusal)
{
	json_error_t error;
	json_t *value;

	if (request->is_too_large) {
		refuse(refusal, REFUSED_TOO_LARGE, "the request is longer than %u bytes",
		       API_BODY_MAX);
		return NULL;
	}
	if (!request->len)
		return json_object();
	value = json_loadb(request->body, request->len, JSON_REJECT_DUPLICATES, &error);
	if (!value)
		refuse(refusal, REFUSED_VALIDATION, "the request is not JSON: line %d: %s",
		       error.line, error.text);
	return value;
}

static int check_rights(const struct api_request *request, const char *operation,
			struct refusal *refusal)
{
	if (request->may_write || !ops_is_write(operation))
		return 0;
	return refuse(refusal, REFUSED_DENIED,
		      "%s changes something: that is allowed over the unix socket only", operation);
}

static void log_failure(const struct call *call)
{
	if (refusal_status(call->refusal.code) >= 500)
		log_error("api: %s: %s", call->operation, call->refusal.err.text);
}

static void post_operation(struct control *control, const struct api_request *request,
			   const char *name, struct api_response *response)
{
	const char *known = ops_name(name);
	struct call call = {
		.control = control,
		.operation = known ? known : name,
		.who = request->who,
	};
	json_t *body = NULL;
	int ret = check_rights(request, call.operation, &call.refusal);

	response->operation = known ? known : "-";
	if (!ret)
		body = parse_body(request, &call.refusal);
	call.request = body;
	if (body)
		ret = ops_run(&call);
	if (body && !ret) {
		put_json(response, 200, call.answer);
	} else {
		log_failure(&call);
		put_refusal(response, &call.refusal);
		json_decref(call.answer);
	}
	json_decref(body);
}

/* ---- the table ---- */

static const struct route_row {
	const char *path; /* with '/' at its end: a prefix, the rest is handed over */
	void (*get)(struct control *control, const char *rest, struct api_response *response);
	const char *name; /* for counting */
} routes[] = {
	{"/metrics", get_metrics, "metrics"},
	{"/healthz", get_healthz, "healthz"},
	{"/v1/operations", get_operations, "operations"},
	{"/v1/schema/", get_schema, "schema"},
	{"/v1/", NULL, "-"}, /* POST */
};

static const struct route_row *find_route(const char *path, const char **rest)
{
	size_t len;

	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		len = strlen(routes[i].path);
		*rest = path + len;
		if (routes[i].path[len - 1] == '/'
			    ? strncmp(path, routes[i].path, len) == 0 && **rest
			    : strcmp(path, routes[i].path) == 0)
			return &routes[i];
	}
	return NULL;
}

static void put_text(struct api_response *response, unsigned status, const char *text)
{
	response->status = status;
	response->content_type = TEXT_TYPE;
	buf_append_text(&response->body, text);
}

void api_route(struct control *control, const struct api_request *request,
	       struct api_response *response)
{
	bool is_get = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
	bool is_post = strcmp(request->method, "POST") == 0;
	const struct route_row *route;
	const char *rest;

	*response = (struct api_response){.operation = "-"};
	if (control->is_detached) {
		put_text(response, 503, "leatd is ending\n");
		return;
	}
	route = find_route(request->path, &rest);
	if (!route) {
		put_text(response, 404, "there is nothing here; see /v1/operations\n");
		return;
	}
	response->operation = route->name;
	if (route->get ? is_get : is_post) {
		if (route->get)
			route->get(control, rest, response);
		else
			post_operation(control, request, rest, response);
		return;
	}
	response->allow = route->get ? "GET, HEAD" : "POST";
	put_text(response, 405, "this method is not for this path\n");
}
