/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * leatctl from the command line to the exit status: parse, ask, print. Output is put together
 * first and written in one go, so that an answer is printed whole or not at all.
 */
#include "cli.h"

#include <errno.h>
#include <string.h>

#include "base/base.h"
#include "client.h"
#include "commands.h"
#include "completion.h"
#include "help.h"
#include "manual.h"
#include "options.h"
#include "request.h"
#include "text.h"
#include "writer.h"

#define VERSION_OPERATION "GetVersion"

struct session {
	const struct cli_io *io;
	struct invocation invocation;
	struct client client;
	struct err err;
};

/* ---- what goes out ---- */

static void complain(const struct session *session, const char *what, const char *text)
{
	struct buf line = {0};

	text_append_clean(&line, text);
	fprintf(session->io->err, "leatctl: %s%s\n", what, line.data ? line.data : "");
	buf_fini(&line);
}

/* Takes what is in out. A full disk or a closed pipe must not look like success. */
static enum cli_exit finish(struct session *session, struct buf *out, enum cli_exit status)
{
	size_t len = out->len;
	bool is_written = fwrite(out->data ? out->data : "", 1, len, session->io->out) == len &&
			  fflush(session->io->out) == 0;

	buf_fini(out);
	if (is_written)
		return status;
	err_set_errno(&session->err, errno ? -errno : -EIO, "can't write the answer");
	complain(session, "", session->err.text);
	return CLI_REFUSED;
}

static enum cli_exit refuse_usage(struct session *session)
{
	char hint[OPTIONS_HINT_MAX];

	complain(session, "", session->err.text);
	fprintf(session->io->err, "try: %s\n", options_hint(&session->invocation, hint));
	return CLI_USAGE;
}

static enum cli_exit refuse(struct session *session)
{
	complain(session, "", session->err.text);
	return CLI_REFUSED;
}

/* Says, where it matters, that the question may have been carried out all the same. */
static enum cli_exit tell_no_answer(struct session *session, bool was_asked)
{
	bool is_doubtful = was_asked && session->invocation.command->is_write;

	complain(session, "", session->err.text);
	if (is_doubtful)
		complain(session, "",
			 "it may have been carried out all the same: see leatctl history");
	return CLI_NO_ANSWER;
}

/* Things leatd did, but wants known. */
static void pass_warning_on(const struct session *session, const json_t *answer)
{
	const char *warning = json_string_value(json_object_get(answer, "warning"));

	if (warning)
		complain(session, "warning: ", warning);
}

static enum cli_exit print(struct session *session, const json_t *answer, enum cli_exit status)
{
	struct view view = {
		.command = session->invocation.command,
		.answer = answer,
		.headers = !options_has(&session->invocation, "no_headers"),
	};
	const struct writer *writer = writer_find(options_output(&session->invocation));
	struct buf out = {0};

	if (writer->write(&view, &out, &session->err)) {
		buf_fini(&out);
		err_prefix(&session->err,
			   "no complete answer from leatd at %s: ", session->client.socket);
		return tell_no_answer(session, true);
	}
	pass_warning_on(session, answer);
	return finish(session, &out, status);
}

/* ---- commands ---- */

/* leatctl's own version is known without leatd. */
static enum cli_exit run_version(struct session *session)
{
	json_t *answer, *leatd;
	enum client_outcome outcome;
	enum cli_exit status;

	outcome = client_call(&session->client, VERSION_OPERATION, session->invocation.request,
			      &leatd, &session->err);
	if (outcome != CLIENT_DONE) {
		complain(session, "", session->err.text);
		err_clear(&session->err);
	}
	answer = json_pack("{ss so?}", "leatctl", LEAT_VERSION, "leatd", leatd);
	if (!leatd)
		json_object_set_new(answer, "leatd", json_null());
	status = print(session, answer, outcome == CLIENT_DONE ? CLI_DONE : CLI_NO_ANSWER);
	json_decref(answer);
	return outcome == CLIENT_REFUSED && status == CLI_NO_ANSWER ? CLI_REFUSED : status;
}

static enum cli_exit ask(struct session *session)
{
	enum client_outcome outcome;
	enum cli_exit status;
	json_t *answer;

	outcome = client_call(&session->client, session->invocation.command->name,
			      session->invocation.request, &answer, &session->err);
	if (outcome == CLIENT_REFUSED)
		return refuse(session);
	if (outcome != CLIENT_DONE)
		return tell_no_answer(session, outcome == CLIENT_LOST);
	status = print(session, answer, CLI_DONE);
	json_decref(answer);
	return status;
}

static enum cli_exit run_operation(struct session *session)
{
	struct invocation *invocation = &session->invocation;

	if (request_load_files(invocation->command, invocation->request, &session->err))
		return refuse(session);
	if (strcmp(invocation->command->name, VERSION_OPERATION) == 0)
		return run_version(session);
	return ask(session);
}

static enum cli_exit run_local(struct session *session)
{
	struct buf out = {0};

	if (strcmp(session->invocation.command->name, COMMAND_MANUAL) == 0)
		manual_append(&out);
	else
		completion_append_bash(&out); /* the only shell that the table lets through */
	return finish(session, &out, CLI_DONE);
}

static enum cli_exit show_help(struct session *session)
{
	struct buf out = {0};

	help_append(session->invocation.command, session->invocation.noun, &out);
	return finish(session, &out, CLI_DONE);
}

static enum cli_exit show_own_version(struct session *session)
{
	struct buf out = {0};

	buf_append_text(&out, "leatctl " LEAT_VERSION "\n");
	return finish(session, &out, CLI_DONE);
}

/* ---- the way there ---- */

static int choose_socket(struct session *session)
{
	const char *socket = options_socket(&session->invocation);
	const char *from = socket ? "--socket" : "LEAT_SOCKET";

	if (!socket)
		socket = session->io->socket;
	if (!socket || !*socket)
		socket = CLI_SOCKET;
	if (strlen(socket) > CLIENT_SOCKET_MAX)
		return err_set(&session->err, -ENAMETOOLONG,
			       "%s: a socket's path has at most %d bytes", from, CLIENT_SOCKET_MAX);
	session->client = (struct client){socket, session->io->timeout_ms};
	return 0;
}

static enum cli_exit run(struct session *session)
{
	const struct invocation *invocation = &session->invocation;

	if (options_has(invocation, "help"))
		return show_help(session);
	if (options_has(invocation, "version"))
		return show_own_version(session);
	if (commands_is_local(invocation->command))
		return run_local(session);
	if (choose_socket(session))
		return refuse_usage(session);
	return run_operation(session);
}

enum cli_exit cli_run(int argc, char *const argv[], const struct cli_io *io)
{
	struct session session = {.io = io};
	enum cli_exit status;

	if (options_parse(argc, argv, &session.invocation, &session.err))
		status = refuse_usage(&session);
	else
		status = run(&session);
	options_fini(&session.invocation);
	return status;
}
