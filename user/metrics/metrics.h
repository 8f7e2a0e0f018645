/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The metrics registry (the table of include/leat/metric_names.h) and the Prometheus text
 * exposition, format 0.0.4.
 *
 * Nothing is counted here: whoever owns a number adds it when somebody asks. Pure: no system call,
 * no clock.
 *
 *     struct metrics_writer writer;
 *
 *     metrics_begin(&writer, &out);
 *     metrics_add_u64(&writer, METRIC_LISTENER_PACKETS, packets, "edge", "TCP:80");
 *     metrics_add(&writer, METRIC_RECONCILE_DURATION_SECONDS, seconds);
 *     metrics_end(&writer);
 */
#ifndef LEAT_METRICS_H
#define LEAT_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "leat/metric_names.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

#define METRICS_ID(id, name, kind, unit, labels, help) METRIC_##id,
enum metric_id { LEAT_METRICS(METRICS_ID) METRIC_COUNT };
#undef METRICS_ID

enum metric_kind { METRIC_KIND_COUNTER, METRIC_KIND_GAUGE };

struct metric_info {
	const char *name; /* "leat_..." */
	enum metric_kind kind;
	const char *unit;   /* "" for a plain number */
	const char *labels; /* names separated by commas, "" for none */
	const char *help;
};

/* The row of a metric; static. */
const struct metric_info *metrics_info(enum metric_id id);
const char *metrics_kind_name(enum metric_kind kind); /* "counter", "gauge" */

/* One exposition in the making. Samples may be added in any order; they come out by family, in the
 * order of the table. */
struct metrics_writer {
	struct buf *out;		   /* borrowed until metrics_end() */
	struct buf families[METRIC_COUNT]; /* sample lines so far; owned */
};

void metrics_begin(struct metrics_writer *writer, struct buf *out);

/* Appends everything that was added to out (HELP and TYPE once a family; families without a sample
 * are left out) and frees what the writer holds. Must follow every metrics_begin(). */
void metrics_end(struct metrics_writer *writer);

/*
 * Adds one sample. After the value come the label values (const char *, UTF-8, borrowed for the
 * call), as many as the table names and in its order; another number is a bug and aborts. The same
 * metric with the same label values twice in one exposition is the caller's bug.
 *
 * metrics_add() takes a double: NaN and infinities are fine, whole numbers are printed without
 * exponent up to 2^53. metrics_add_u64() prints all 64 bits exactly.
 */
#define metrics_add(writer, id, value, ...) \
	metrics_add_labelled(writer, id, value, METRICS_LABELS(__VA_ARGS__))
#define metrics_add_u64(writer, id, value, ...) \
	metrics_add_u64_labelled(writer, id, value, METRICS_LABELS(__VA_ARGS__))

/* What the macros above expand to; also for callers that have their label values in an array. */
void metrics_add_labelled(struct metrics_writer *writer, enum metric_id id, double value,
			  const char *const *label_values, size_t label_count);
void metrics_add_u64_labelled(struct metrics_writer *writer, enum metric_id id, uint64_t value,
			      const char *const *label_values, size_t label_count);

/* The leading NULL keeps the array from being empty. */
#define METRICS_LABEL_ARRAY(...) ((const char *const[]){NULL, ##__VA_ARGS__})
#define METRICS_LABELS(...)                   \
	METRICS_LABEL_ARRAY(__VA_ARGS__) + 1, \
		sizeof(METRICS_LABEL_ARRAY(__VA_ARGS__)) / sizeof(const char *) - 1

#endif
