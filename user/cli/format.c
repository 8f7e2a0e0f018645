/* SPDX-License-Identifier: BSD-2-Clause */
/* Values to text: one function a format. */
#include "format.h"

#include <stdlib.h>

#include "base/base.h"
#include "text.h"

#define NOTHING "-"

/* ---- numbers ---- */

void format_bytes(double bytes, struct buf *out)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	size_t unit = 0;

	/* 1023.95 would be printed as 1024.0 */
	while (bytes >= (unit ? 1023.95 : 1024) && unit + 1 < ARRAY_SIZE(units)) {
		bytes /= 1024;
		unit++;
	}
	buf_printf(out, "%.*f %s", unit ? 1 : 0, bytes, units[unit]);
}

struct age_unit {
	unsigned long long seconds; /* ages from here on are told in this unit */
	const char *name;
	const char *lesser_name; /* and in this one, which makes up one of the former … */
	unsigned long long lesser_seconds;
};

void format_age(double seconds, struct buf *out)
{
	static const struct age_unit units[] = {
		{86400, "d", "h", 3600},
		{3600, "h", "m", 60},
		{60, "m", "s", 1},
	};
	unsigned long long age = seconds > 0 ? (unsigned long long)seconds : 0;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (age < units[i].seconds)
			continue;
		buf_printf(out, "%llu%s %llu%s", age / units[i].seconds, units[i].name,
			   age % units[i].seconds / units[i].lesser_seconds, units[i].lesser_name);
		return;
	}
	buf_printf(out, "%llus", age);
}

static void format_number(double number, enum operation_format format, struct buf *out)
{
	switch (format) {
	case OP_BYTES:
		format_bytes(number, out);
		break;
	case OP_RATE:
		buf_printf(out, "%.1f/s", number);
		break;
	case OP_PERCENT:
		buf_printf(out, "%.1f %%", number);
		break;
	case OP_AGE:
		format_age(number, out);
		break;
	case OP_COUNT:
	case OP_TEXT:
	case OP_LIST:
		buf_printf(out, "%.15g", number);
		break;
	}
}

bool format_is_right(enum operation_format format)
{
	return format != OP_TEXT && format != OP_LIST;
}

/* ---- everything else ---- */

static void format_text(const char *text, struct buf *out)
{
	text_append_clean(out, *text ? text : NOTHING);
}

static void format_list(const json_t *list, enum operation_format format, struct buf *out)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (i)
			buf_append_text(out, ", ");
		format_value(item, format, out);
	}
	if (!json_array_size(list))
		buf_append_text(out, NOTHING);
}

static void format_object(const json_t *object, struct buf *out)
{
	char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15));

	text_append_clean(out, text ? text : NOTHING);
	free(text);
}

void format_value(const json_t *value, enum operation_format format, struct buf *out)
{
	bool is_plain = format == OP_TEXT || format == OP_LIST || format == OP_COUNT;

	if (json_is_string(value))
		format_text(json_string_value(value), out);
	else if (json_is_boolean(value))
		buf_append_text(out, json_is_true(value) ? "true" : "false");
	else if (json_is_integer(value) && is_plain) /* exact, also above 2^53 */
		buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_number(value))
		format_number(json_number_value(value), format, out);
	else if (json_is_array(value))
		format_list(value, format, out);
	else if (json_is_object(value))
		format_object(value, out);
	else
		buf_append_text(out, NOTHING);
}
