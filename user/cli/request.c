/* SPDX-License-Identifier: BSD-2-Clause */
/* Files travel as text inside the request: leatd may be unable to read what the operator can. */
#include "request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"

static const char *source_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

/* A new reference, or NULL with err. */
static json_t *text_of_file(const char *path, int *ret, struct err *err)
{
	json_t *value;
	char *text;
	size_t len;

	*ret = fd_read_file(path, REQUEST_FILE_MAX, &text, &len, err);
	if (*ret)
		return NULL;
	value = memchr(text, '\0', len) ? NULL : json_stringn(text, len);
	if (!value)
		*ret = err_set(err, -EILSEQ, "file '%s' is not UTF-8 text", source_name(path));
	free(text);
	return value;
}

static int load_file(const struct operation_field *field, json_t *request, struct err *err)
{
	const char *path = json_string_value(json_object_get(request, field->name));
	json_t *text;
	int ret;

	if (!path)
		return 0;
	text = text_of_file(path, &ret, err);
	if (!text)
		return ret;
	json_object_set_new(request, "source", json_string(source_name(path)));
	json_object_set_new(request, field->name, text);
	return 0;
}

int request_load_files(const struct operation *command, json_t *request, struct err *err)
{
	int ret = 0;

	for (const struct operation_field *field = command->fields; !ret && field->name; field++)
		if (field->flags & OP_FILE)
			ret = load_file(field, request, err);
	return ret;
}
