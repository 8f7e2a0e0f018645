// SPDX-License-Identifier: BSD-2-Clause
/*
 * Captures libbpf's warnings, so that a refusal by the verifier reaches the operator as a sentence
 * and everything else stays quiet. Process-wide, as libbpf's print function is. Keeps the last
 * lines only: a verifier log may be megabytes.
 */
#include "nlb/libbpf_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "base/log.h"

#define KEPT_LINES 6
#define LINE_BYTES 160

static char kept[KEPT_LINES][LINE_BYTES];
static unsigned next_line;

/* What libbpf adds around the verifier's own words. */
static bool is_noise(const char *line)
{
	static const char *const noise[] = {"PROG LOAD LOG --", "failed to load object",
					    "failed to load BPF skeleton", "processed ",
					    "failed to load: -"};
	size_t i;

	for (i = 0; i < sizeof(noise) / sizeof(noise[0]); i++)
		if (strstr(line, noise[i]))
			return true;
	return line[0] == '\0';
}

static void keep_line(const char *line)
{
	if (is_noise(line))
		return;
	if (!strncmp(line, "libbpf: ", 8))
		line += 8;
	snprintf(kept[next_line % KEPT_LINES], LINE_BYTES, "%s", line);
	next_line++;
	log_debug("nlb: libbpf: %s", line);
}

static int on_print(enum libbpf_print_level level, const char *fmt, va_list args)
{
	char *text, *line, *rest;

	if (level == LIBBPF_DEBUG || level == LIBBPF_INFO)
		return 0;
	if (vasprintf(&text, fmt, args) < 0)
		return 0;
	for (rest = text; (line = strsep(&rest, "\n"));)
		keep_line(line);
	free(text);
	return 0;
}

void nlb_libbpf_log_start(void)
{
	memset(kept, 0, sizeof(kept));
	next_line = 0;
	libbpf_set_print(on_print);
}

const char *nlb_libbpf_log_tail(void)
{
	static char joined[KEPT_LINES * (LINE_BYTES + 2)];
	size_t len = 0;
	unsigned i;

	joined[0] = '\0';
	for (i = 0; i < KEPT_LINES; i++) {
		const char *line = kept[(next_line + i) % KEPT_LINES];

		if (line[0])
			len += (size_t)snprintf(joined + len, sizeof(joined) - len, "%s%s",
						len ? "; " : "", line);
	}
	return joined;
}
