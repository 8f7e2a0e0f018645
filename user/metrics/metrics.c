/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prometheus text exposition, format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
 *
 * The format wants all samples of a family in one group, while callers walk listeners and targets
 * and add several metrics of each. So every family has a buffer of its own until metrics_end() puts
 * them together.
 */
#include "metrics.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHOLE_MAX    9007199254740992.0 /* 2^53: up to here a double counts exactly */
#define NUMBER_BYTES 32

#define ROW(id, metric_name, metric_kind, metric_unit, metric_labels, metric_help) \
	[METRIC_##id] = {                                                          \
		.name = "leat_" metric_name,                                       \
		.kind = METRIC_KIND_##metric_kind,                                 \
		.unit = metric_unit,                                               \
		.labels = metric_labels,                                           \
		.help = metric_help,                                               \
	},
static const struct metric_info registry[METRIC_COUNT] = {LEAT_METRICS(ROW)};
#undef ROW

const struct metric_info *metrics_info(enum metric_id id)
{
	return &registry[id];
}

const char *metrics_kind_name(enum metric_kind kind)
{
	return kind == METRIC_KIND_COUNTER ? "counter" : "gauge";
}

static void put_escaped(struct buf *buf, const char *text)
{
	size_t plain;

	for (; *text; text++) {
		plain = strcspn(text, "\\\"\n");
		buf_append(buf, text, plain);
		text += plain;
		if (*text == '\0')
			return;
		buf_append_text(buf, *text == '\n' ? "\\n" : *text == '"' ? "\\\"" : "\\\\");
	}
}

/* {a="x",b="y"}; names is "a,b". As many values as names, or the caller is wrong. */
static void put_labels(struct buf *buf, const char *names, const char *const *values, size_t count)
{
	size_t len, i;

	for (i = 0; *names; i++) {
		if (i == count)
			abort();
		len = strcspn(names, ",");
		buf_append_text(buf, i ? "," : "{");
		buf_append(buf, names, len);
		buf_append_text(buf, "=\"");
		put_escaped(buf, values[i]);
		buf_append_text(buf, "\"");
		names += len + (names[len] == ',');
	}
	if (i != count)
		abort();
	if (i)
		buf_append_text(buf, "}");
}

static void put_sample(struct metrics_writer *writer, enum metric_id id, const char *number,
		       const char *const *label_values, size_t label_count)
{
	struct buf *buf = &writer->families[id];

	buf_append_text(buf, registry[id].name);
	put_labels(buf, registry[id].labels, label_values, label_count);
	buf_printf(buf, " %s\n", number);
}

static bool is_whole(double value)
{
	return value >= -WHOLE_MAX && value <= WHOLE_MAX && value == (double)(int64_t)value;
}

/* The shortest text that reads back as the same double. */
static void format_double(double value, char text[NUMBER_BYTES])
{
	if (isnan(value)) {
		memcpy(text, "NaN", 4);
	} else if (isinf(value)) {
		memcpy(text, value > 0 ? "+Inf" : "-Inf", 5);
	} else if (is_whole(value)) {
		snprintf(text, NUMBER_BYTES, "%.0f", value);
	} else {
		for (int digits = 15; digits <= 17; digits++) {
			snprintf(text, NUMBER_BYTES, "%.*g", digits, value);
			if (strtod(text, NULL) == value)
				break;
		}
	}
}

void metrics_begin(struct metrics_writer *writer, struct buf *out)
{
	*writer = (struct metrics_writer){.out = out};
}

void metrics_end(struct metrics_writer *writer)
{
	const struct metric_info *info;
	struct buf *family;

	for (int id = 0; id < METRIC_COUNT; id++) {
		info = &registry[id];
		family = &writer->families[id];
		if (family->len) {
			buf_printf(writer->out, "# HELP %s %s\n# TYPE %s %s\n", info->name,
				   info->help, info->name, metrics_kind_name(info->kind));
			buf_append(writer->out, family->data, family->len);
		}
		buf_fini(family);
	}
	writer->out = NULL;
}

void metrics_add_labelled(struct metrics_writer *writer, enum metric_id id, double value,
			  const char *const *label_values, size_t label_count)
{
	char number[NUMBER_BYTES];

	format_double(value, number);
	put_sample(writer, id, number, label_values, label_count);
}

void metrics_add_u64_labelled(struct metrics_writer *writer, enum metric_id id, uint64_t value,
			      const char *const *label_values, size_t label_count)
{
	char number[NUMBER_BYTES];

	snprintf(number, sizeof(number), "%" PRIu64, value);
	put_sample(writer, id, number, label_values, label_count);
}
