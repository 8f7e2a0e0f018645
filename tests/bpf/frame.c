// SPDX-License-Identifier: BSD-2-Clause
/* Frames: putting layers together, and telling two frames apart by field. */
#include "frame.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "builder.h"

#define DIFFERENCES_SHOWN 8

/* Pads and the cut are behind the datagram. */
static size_t find_data_end(const struct builder *b)
{
	int at;

	for (at = 0; at < b->packet->count; at++) {
		enum layer_id id = b->packet->layers[at].kind->id;

		if (id == LAYER_PAD || id == LAYER_CUT)
			break;
	}
	return b->start[at];
}

bool frame_build(struct frame *frame, const struct packet *packet, struct names *names,
		 const uint8_t *seen, size_t seen_len, struct report *report)
{
	struct builder b = {frame, packet, names, seen, seen_len, report, {0}, 0};
	int at;

	frame->len = 0;
	frame->span_count = 0;
	frame->ip_end = 0;
	memset(&frame->tuple, 0, sizeof(frame->tuple));
	for (at = 0; at < packet->count; at++)
		if (!layer_emit(&b, at))
			return false;
	b.start[at] = frame->len;
	b.data_end = find_data_end(&b);
	/* Last to first: a checksum covers what lies inside. */
	for (at = packet->count; at-- > 0;)
		if (!layer_finish(&b, at))
			return false;
	layers_tuple(&b);
	return true;
}

static void format_value(const struct span *span, const uint8_t *bytes, char *text, size_t room)
{
	bool is_address = !strncmp(span->layer, "ip", 2) &&
			  (!strcmp(span->field, "src") || !strcmp(span->field, "dst"));
	uint32_t number = 0;
	size_t i, len = 0;

	text[0] = '\0';
	if (is_address) {
		inet_ntop(span->size == 4 ? AF_INET : AF_INET6, bytes, text, (socklen_t)room);
		return;
	}
	for (i = 0; span->size <= 4 && i < span->size; i++)
		number = number << 8 | bytes[i];
	if (span->size <= 4 && (!strcmp(span->field, "csum") || !strcmp(span->field, "type") ||
				!strcmp(span->field, "tci") || strpbrk(span->field, "_") ||
				!strcmp(span->field, "flags")))
		snprintf(text, room, "0x%0*x", 2 * span->size, number);
	else if (span->size <= 4)
		snprintf(text, room, "%u", number);
	for (i = 0; span->size > 4 && i < span->size && i < 20; i++)
		len += (size_t)snprintf(text + len, room - len, "%s%02x",
					i && span->size == 6 ? ":" : "", bytes[i]);
}

static void report_field(const struct span *span, const struct frame *expected, const uint8_t *seen,
			 struct report *report)
{
	char want[64], got[64];

	format_value(span, expected->bytes + span->offset, want, sizeof(want));
	format_value(span, seen + span->offset, got, sizeof(got));
	report_fail(report, "%s.%s is %s, not %s", span->layer, span->field, got, want);
}

static bool is_inside(const struct span *span, size_t len)
{
	return (size_t)span->offset + span->size <= len;
}

bool frame_compare(const struct frame *expected, const uint8_t *seen, size_t seen_len,
		   struct report *report)
{
	int i, shown = 0;

	if (expected->len == seen_len && !memcmp(expected->bytes, seen, seen_len))
		return true;
	if (expected->len != seen_len)
		report_fail(report, "the frame has %zu bytes, not %zu", seen_len, expected->len);
	for (i = 0; i < expected->span_count && shown < DIFFERENCES_SHOWN; i++) {
		const struct span *span = &expected->spans[i];

		if (!is_inside(span, seen_len) || !is_inside(span, expected->len))
			continue;
		if (!memcmp(expected->bytes + span->offset, seen + span->offset, span->size))
			continue;
		report_field(span, expected, seen, report);
		shown++;
	}
	if (!shown && expected->len == seen_len)
		report_fail(report, "the frame differs");
	if (shown == DIFFERENCES_SHOWN)
		report_fail(report, "and perhaps more");
	report_hex(report, "expected", expected->bytes, expected->len);
	report_hex(report, "seen", seen, seen_len);
	return false;
}
