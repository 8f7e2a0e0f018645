// SPDX-License-Identifier: BSD-2-Clause
/* Fixture files to records, lines and words. Splits in place: words point into the text of the
 * file. */
#include "fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (4 << 20) /* bytes of one fixture file */

static void *grow(void *array, int count, size_t element)
{
	if (count & (count - 1))
		return array; /* room was made for the next power of two */
	array = realloc(array, (size_t)(count ? 2 * count : 1) * element);
	if (!array)
		abort();
	return array;
}

static char *read_text(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t len;

	if (!file)
		return NULL;
	text = malloc(TEXT_MAX);
	if (!text)
		abort();
	len = fread(text, 1, TEXT_MAX - 1, file);
	text[len] = '\0';
	fclose(file);
	if (len == TEXT_MAX - 1) {
		free(text);
		errno = EFBIG;
		return NULL;
	}
	return text;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of *text, terminated in place; NULL at the end of the line. */
static char *take_word(char **text)
{
	char *word;

	while (is_blank(**text))
		(*text)++;
	if (!**text || **text == '#')
		return NULL;
	word = *text;
	if (*word == '"') {
		char *end = strchr(word + 1, '"');

		*text = end ? end + 1 : word + strlen(word);
	} else {
		while (**text && !is_blank(**text))
			(*text)++;
	}
	if (**text)
		*(*text)++ = '\0';
	return word;
}

static void add_word(struct line *line, const char *word)
{
	line->words = grow(line->words, line->count, sizeof(*line->words));
	line->words[line->count++] = word;
}

static struct record *add_record(struct fixtures *fixtures, const char *file, int number,
				 bool is_test, const char *name)
{
	struct record *record;

	fixtures->records = grow(fixtures->records, fixtures->count, sizeof(*fixtures->records));
	record = &fixtures->records[fixtures->count++];
	*record = (struct record){.file = file, .name = name, .number = number, .is_test = is_test};
	return record;
}

static struct line *add_line(struct record *record, int number)
{
	struct line *line;

	record->lines = grow(record->lines, record->count, sizeof(*record->lines));
	line = &record->lines[record->count++];
	*line = (struct line){.number = number};
	return line;
}

static char *trim(char *text)
{
	size_t len;

	while (is_blank(*text))
		text++;
	for (len = strlen(text); len && is_blank(text[len - 1]);)
		text[--len] = '\0';
	return text;
}

static bool complain(const char *file, int number, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", file, number, what);
	return false;
}

/* One line of text into the last record, or a new record. */
static bool take_line(struct fixtures *fixtures, const char *file, int number, char *text)
{
	struct record *record = fixtures->count ? &fixtures->records[fixtures->count - 1] : NULL;
	struct line *line;
	char *word = take_word(&text);

	if (!word)
		return true;
	if (word_is(word, "test") || word_is(word, "topology")) {
		text = trim(text);
		if (!*text)
			return complain(file, number, "a test or topology without a name");
		add_record(fixtures, file, number, word_is(word, "test"), text);
		return true;
	}
	if (!record || record->file != file)
		return complain(file, number, "a line before the first test or topology");
	if ((word_is(word, "|") || word_is(word, "..")) && !record->count)
		return complain(file, number, "nothing to continue");
	if (word_is(word, "|") || word_is(word, ".."))
		line = &record->lines[record->count - 1];
	else
		line = add_line(record, number);
	if (word_is(word, ".."))
		word = take_word(&text);
	for (; word; word = take_word(&text))
		add_word(line, word);
	return true;
}

static bool take_text(struct fixtures *fixtures, const char *file, char *text)
{
	char *line, *rest = text;
	int number = 0;

	while ((line = strsep(&rest, "\n")))
		if (!take_line(fixtures, file, ++number, line))
			return false;
	return true;
}

static char *own(struct fixtures *fixtures, char *text)
{
	fixtures->texts = grow(fixtures->texts, fixtures->text_count, sizeof(*fixtures->texts));
	fixtures->texts[fixtures->text_count++] = text;
	return text;
}

static bool read_file(struct fixtures *fixtures, const char *folder, const char *name)
{
	char path[PATH_MAX];
	char *text;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return complain(name, 0, "path too long");
	text = read_text(path);
	if (!text)
		return complain(path, 0, strerror(errno));
	return take_text(fixtures, own(fixtures, strdup(name)), own(fixtures, text));
}

static int is_fixture(const struct dirent *entry)
{
	return !fnmatch("*.fix", entry->d_name, FNM_PERIOD) ||
	       !fnmatch("*.topo", entry->d_name, FNM_PERIOD);
}

static bool is_unique(const struct fixtures *fixtures)
{
	int i, k;

	for (i = 0; i < fixtures->count; i++) {
		const struct record *a = &fixtures->records[i];

		for (k = 0; k < i; k++) {
			const struct record *b = &fixtures->records[k];

			if (a->is_test == b->is_test && !strcmp(a->name, b->name))
				return complain(a->file, a->number, "this name was used before");
		}
	}
	return true;
}

bool fixtures_read(struct fixtures *fixtures, const char *folder)
{
	struct dirent **entries;
	bool ok = true;
	int i, n;

	*fixtures = (struct fixtures){0};
	n = scandir(folder, &entries, is_fixture, alphasort);
	if (n < 0)
		return complain(folder, 0, strerror(errno));
	for (i = 0; i < n; i++) {
		ok = ok && read_file(fixtures, folder, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return ok && is_unique(fixtures);
}

void fixtures_fini(struct fixtures *fixtures)
{
	int i, k;

	for (i = 0; i < fixtures->count; i++) {
		for (k = 0; k < fixtures->records[i].count; k++)
			free(fixtures->records[i].lines[k].words);
		free(fixtures->records[i].lines);
	}
	free(fixtures->records);
	for (i = 0; i < fixtures->text_count; i++)
		free(fixtures->texts[i]);
	free(fixtures->texts);
}

const struct record *fixtures_topology(const struct fixtures *fixtures, const char *name)
{
	int i;

	for (i = 0; i < fixtures->count; i++)
		if (!fixtures->records[i].is_test && !strcmp(fixtures->records[i].name, name))
			return &fixtures->records[i];
	return NULL;
}

const char *word_value(const char *word, const char *key)
{
	size_t len = strlen(key);

	return !strncmp(word, key, len) && word[len] == '=' ? word + len + 1 : NULL;
}

bool word_is(const char *word, const char *text)
{
	return !strcmp(word, text);
}
