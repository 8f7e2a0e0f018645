// SPDX-License-Identifier: BSD-2-Clause
#include "words.h"

#include <string.h>

bool words_family(const char *word, int *family, struct report *report)
{
	*family = word_is(word, "ip4") ? NLB_IPV4 : word_is(word, "ip6") ? NLB_IPV6 : 0;
	return *family || report_fail(report, "'%s' is neither ip4 nor ip6", word);
}

bool words_number(struct world *w, const char *word, uint64_t max, uint64_t *n,
		  struct report *report)
{
	return names_number(&w->names, word, max, n, report);
}

bool words_raw_index(struct world *w, const char *word, uint32_t *index, bool *is_raw,
		     struct report *report)
{
	uint64_t n;

	*is_raw = !strncmp(word, "index:", 6);
	if (!*is_raw)
		return true;
	if (!words_number(w, word + 6, UINT32_MAX, &n, report))
		return false;
	*index = (uint32_t)n;
	return true;
}

bool words_need(const struct line *line, int least, const char *usage, struct report *report)
{
	return line->count >= least || report_fail(report, "usage: %s", usage);
}

bool words_name(char to[NAME_BYTES], const char *name, struct report *report)
{
	if (strlen(name) >= NAME_BYTES)
		return report_fail(report, "name '%s' is too long", name);
	strcpy(to, name);
	return true;
}
