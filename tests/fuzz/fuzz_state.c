/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a state file. What is accepted must export to a file that applies to itself: same
 * dump, no difference, in YAML and JSON, with defaults and without. What is refused must say why.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void require(int fact)
{
	if (!fact)
		abort();
}

static void check_same(const struct model *a, const struct model *b)
{
	struct arena *arena = arena_new();

	require(model_diff(a, b, arena).count == 0);
	arena_free(arena);
}

static void check_dump(const struct model *model, char *(*dump)(const struct model *, bool),
		       bool all)
{
	char *text = dump(model, all), *again;
	struct model *parsed;

	require(conf_parse_state(text, strlen(text), NULL, &parsed, NULL) == 0);
	check_same(model, parsed);
	again = dump(parsed, all);
	require(strcmp(text, again) == 0);
	model_free(parsed);
	free(again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct model *model;
	struct err err = {0};

	if (conf_parse_state((const char *)bytes, len, "fuzz", &model, &err)) {
		require(err.text[0] != '\0' && !model);
		return 0;
	}
	check_dump(model, conf_dump_yaml, false);
	check_dump(model, conf_dump_yaml, true);
	check_dump(model, conf_dump_json, false);
	check_dump(model, conf_dump_json, true);
	model_free(model);
	return 0;
}
