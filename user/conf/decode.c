/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a tree to records: a map's keys are looked up in its noun's table, an unknown key refuses
 * the document. What one value alone can't tell is model_validate()'s business.
 */
#include "codec.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"

static const struct field *find_field(const struct noun *noun, const char *key)
{
	for (size_t i = 0; i < noun->field_count; i++)
		if (strcmp(noun->fields[i].key, key) == 0)
			return &noun->fields[i];
	return NULL;
}

static int refuse_key(const struct decoder *d, const struct noun *noun, const struct node *map,
		      const struct node *unknown)
{
	struct buf known = {0};

	for (size_t i = 0; i < noun->field_count; i++)
		buf_printf(&known, "%s%s", i ? ", " : "", noun->fields[i].key);
	node_refuse_at(&d->reader, map, unknown->line, "unknown key '%.64s' (known: %s)",
		       unknown->key, known.data);
	buf_fini(&known);
	return -EINVAL;
}

static int check_keys(const struct decoder *d, const struct noun *noun, const struct node *map)
{
	for (const struct node *n = map->first; n; n = n->next)
		if (!find_field(noun, n->key))
			return refuse_key(d, noun, map, n);
	return 0;
}

static int decode_field(const struct decoder *d, const struct field *field, const struct node *map,
			void *record)
{
	const struct node *value = tree_get(map, field->key);

	if (value)
		return field->codec->decode(d, field, value, record);
	if (field->required)
		return node_refuse(&d->reader, map, "'%s' is missing", field->key);
	return 0;
}

int codec_decode_record(const struct decoder *d, const struct noun *noun, const struct node *node,
			void *record)
{
	int rc;

	if (node->kind != NODE_MAP && !node_is_nothing(node))
		return node_refuse_kind(&d->reader, node, "a map");
	rc = check_keys(d, noun, node);
	for (size_t i = 0; i < noun->field_count && !rc; i++)
		rc = decode_field(d, &noun->fields[i], node, record);
	return rc;
}

int conf_parse_state(const char *text, size_t len, const char *source, struct model **model,
		     struct err *err)
{
	struct model *built = model_new(source);
	struct arena *nodes = arena_new();
	struct decoder d = {.reader = {nodes, source, err}, .model = built};
	struct node *root;
	int rc = tree_parse(&d.reader, text, len, &root);

	d.reader.arena = built->arena; /* what outlives the tree */
	if (!rc && root)
		rc = codec_decode_record(&d, &noun_state, root, built);
	if (!rc)
		rc = model_validate(built, err);
	arena_free(nodes);
	if (rc) {
		model_free(built);
		built = NULL;
	}
	*model = built;
	return rc;
}
