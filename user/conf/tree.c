/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libyaml's events become nodes. Everything that would make two readers of one file see two things
 * is refused here, before a schema looks at it.
 */
#include "tree.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/base.h"
#include "base/buf.h"
#include "conf.h"

struct builder {
	const struct reader *reader;
	const char *text; /* the document */
	size_t len;
	struct node *root;
	struct node *open; /* the container being filled, NULL at the top */
	const char *key;   /* of the next value in a map; NULL: a key comes next */
	unsigned key_line;
	unsigned depth;
	size_t nodes;
};

/* ---- refusals ------------------------------------------------------------------------------ */

/* Sentences go to terminals and logs: what an input smuggled in must not act there. */
static void hide_controls(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

static int refuse_text(const struct reader *reader, int code, unsigned line, char *text)
{
	hide_controls(text);
	err_set(reader->err, code, "%s", text);
	if (reader->source)
		err_prefix(reader->err, "%s:%u: ", reader->source, line);
	return code;
}

static int refuse_at(const struct reader *reader, int code, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static int refuse_at(const struct reader *reader, int code, unsigned line, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return refuse_text(reader, code, line, text);
}

static size_t place_in_list(const struct node *node)
{
	size_t place = 0;

	for (const struct node *n = node->parent->first; n != node; n = n->next)
		place++;
	return place;
}

static const char *name_of(const struct node *node)
{
	const struct node *name = node->kind == NODE_MAP ? tree_get(node, "name") : NULL;

	return name && name->kind == NODE_SCALAR ? name->text : NULL;
}

/* target_groups['web'].health_check.port */
static void append_path(struct buf *path, const struct node *node)
{
	const char *name;

	if (!node->parent)
		return;
	append_path(path, node->parent);
	if (node->key) {
		buf_printf(path, "%s%.96s", path->len ? "." : "", node->key);
		return;
	}
	name = name_of(node);
	if (name)
		buf_printf(path, "['%.64s']", name);
	else
		buf_printf(path, "[%zu]", place_in_list(node));
}

int node_refuse_at(const struct reader *reader, const struct node *node, unsigned line,
		   const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	struct buf path = {0};
	va_list args;
	int len;

	append_path(&path, node);
	len = snprintf(text, sizeof(text), "%.400s%s", path.len ? path.data : "",
		       path.len ? ": " : "");
	buf_fini(&path);
	va_start(args, fmt);
	vsnprintf(text + len, sizeof(text) - (size_t)len, fmt, args);
	va_end(args);
	return refuse_text(reader, -EINVAL, line, text);
}

int node_refuse_kind(const struct reader *reader, const struct node *node, const char *expected)
{
	if (node->kind == NODE_MAP)
		return node_refuse(reader, node, "expected %s, found a map", expected);
	if (node->kind == NODE_LIST)
		return node_refuse(reader, node, "expected %s, found a list", expected);
	if (node_is_nothing(node))
		return node_refuse(reader, node, "expected %s, found nothing", expected);
	return node_refuse(reader, node, "expected %s, found '%.64s'%s", expected, node->text,
			   node->plain ? "" : " in quotes");
}

/* ---- nodes --------------------------------------------------------------------------------- */

bool node_is_nothing(const struct node *node)
{
	return node->kind == NODE_SCALAR && node->plain &&
	       (!*node->text || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

const struct node *tree_get(const struct node *map, const char *key)
{
	for (const struct node *n = map->first; n; n = n->next)
		if (n->key && strcmp(n->key, key) == 0)
			return n;
	return NULL;
}

static unsigned line_of(const yaml_event_t *event)
{
	return (unsigned)event->start_mark.line + 1;
}

static struct node *add_node(struct builder *b, enum node_kind kind, unsigned line)
{
	struct node *node = arena_alloc(b->reader->arena, sizeof(*node));

	node->kind = kind;
	node->line = b->key ? b->key_line : line;
	node->key = b->key;
	node->parent = b->open;
	b->key = NULL;
	if (!b->open) {
		b->root = node;
		return node;
	}
	if (b->open->last)
		b->open->last->next = node;
	else
		b->open->first = node;
	b->open->last = node;
	b->open->count++;
	return node;
}

static int compare_keys(const void *a, const void *b)
{
	const struct node *x = *(const struct node *const *)a;
	const struct node *y = *(const struct node *const *)b;
	int order = strcmp(x->key, y->key);

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static int check_duplicates(const struct reader *reader, const struct node *map)
{
	const struct node **sorted = arena_alloc(reader->arena, map->count * sizeof(*sorted));
	size_t count = 0;

	for (const struct node *n = map->first; n; n = n->next)
		sorted[count++] = n;
	qsort(sorted, count, sizeof(*sorted), compare_keys);
	for (size_t i = 1; i < count; i++)
		if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
			return node_refuse(reader, sorted[i], "the key is written twice");
	return 0;
}

/* ---- events -------------------------------------------------------------------------------- */

static int count_node(struct builder *b, unsigned line)
{
	if (++b->nodes > CONF_NODES_MAX)
		return refuse_at(b->reader, -E2BIG, line, "more than %d values", CONF_NODES_MAX);
	return 0;
}

static int open_container(struct builder *b, enum node_kind kind, const yaml_event_t *event)
{
	unsigned line = line_of(event);

	if (b->open && b->open->kind == NODE_MAP && !b->key)
		return refuse_at(b->reader, -EINVAL, line, "a key must be a word");
	if (++b->depth > CONF_DEPTH_MAX)
		return refuse_at(b->reader, -E2BIG, line, "nested deeper than %d levels",
				 CONF_DEPTH_MAX);
	b->open = add_node(b, kind, line);
	return count_node(b, line);
}

static int close_container(struct builder *b)
{
	const struct node *closed = b->open;

	b->open = closed->parent;
	b->depth--;
	return closed->kind == NODE_MAP && closed->count > 1 ? check_duplicates(b->reader, closed)
							     : 0;
}

static int take_scalar(struct builder *b, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	unsigned line = line_of(event);
	const char *text;
	struct node *node;

	if (memchr(value, '\0', len))
		return refuse_at(b->reader, -EINVAL, line, "a zero byte in a text");
	text = arena_strndup(b->reader->arena, value, len);
	if (b->open && b->open->kind == NODE_MAP && !b->key) {
		b->key = text;
		b->key_line = line;
		return 0;
	}
	node = add_node(b, NODE_SCALAR, line);
	node->text = text;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return count_node(b, line);
}

static int check_properties(const struct builder *b, const yaml_event_t *event,
			    const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor)
		return refuse_at(b->reader, -EINVAL, line_of(event),
				 "anchors are not supported (&%.64s)", (const char *)anchor);
	if (tag)
		return refuse_at(b->reader, -EINVAL, line_of(event),
				 "tags are not supported (%.64s)", (const char *)tag);
	return 0;
}

static int on_scalar(struct builder *b, const yaml_event_t *event)
{
	int rc = check_properties(b, event, event->data.scalar.anchor, event->data.scalar.tag);

	return rc ? rc : take_scalar(b, event);
}

static int on_map(struct builder *b, const yaml_event_t *event)
{
	int rc = check_properties(b, event, event->data.mapping_start.anchor,
				  event->data.mapping_start.tag);

	return rc ? rc : open_container(b, NODE_MAP, event);
}

static int on_list(struct builder *b, const yaml_event_t *event)
{
	int rc = check_properties(b, event, event->data.sequence_start.anchor,
				  event->data.sequence_start.tag);

	return rc ? rc : open_container(b, NODE_LIST, event);
}

static int on_event(struct builder *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return on_scalar(b, event);
	case YAML_MAPPING_START_EVENT:
		return on_map(b, event);
	case YAML_SEQUENCE_START_EVENT:
		return on_list(b, event);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		return close_container(b);
	case YAML_ALIAS_EVENT:
		return refuse_at(b->reader, -EINVAL, line_of(event),
				 "aliases are not supported (*%.64s)",
				 (const char *)event->data.alias.anchor);
	case YAML_DOCUMENT_START_EVENT:
		if (b->root)
			return refuse_at(b->reader, -EINVAL, line_of(event),
					 "a second document starts here, only one is allowed");
		return 0;
	default:
		return 0;
	}
}

/* ---- the parser ---------------------------------------------------------------------------- */

/* libyaml's reader knows the byte, its scanner and parser know the line. */
static unsigned line_of_problem(const struct builder *b, const yaml_parser_t *parser)
{
	unsigned line = 1;

	if (parser->error != YAML_READER_ERROR)
		return (unsigned)parser->problem_mark.line + 1;
	for (size_t i = 0; i < parser->problem_offset && i < b->len; i++)
		line += b->text[i] == '\n';
	return line;
}

static int refuse_syntax(const struct builder *b, const yaml_parser_t *parser)
{
	const char *problem = parser->problem ? parser->problem : "it cannot be read";
	unsigned line = line_of_problem(b, parser);

	if (parser->error == YAML_MEMORY_ERROR)
		return refuse_at(b->reader, -ENOMEM, line, "out of memory");
	if (b->reader->source)
		return refuse_at(b->reader, -EINVAL, line, "not YAML or JSON: %s", problem);
	return refuse_at(b->reader, -EINVAL, line, "not YAML or JSON: %s (line %u)", problem, line);
}

/* One event. Sets *done at the end of the stream. */
static int step(struct builder *b, yaml_parser_t *parser, bool *done)
{
	yaml_event_t event;
	int rc;

	if (!yaml_parser_parse(parser, &event))
		return refuse_syntax(b, parser);
	*done = event.type == YAML_STREAM_END_EVENT;
	rc = on_event(b, &event);
	yaml_event_delete(&event);
	return rc;
}

int tree_parse(const struct reader *reader, const char *text, size_t len, struct node **root)
{
	struct builder b = {.reader = reader, .text = text, .len = len};
	yaml_parser_t parser;
	bool done = false;
	int rc = 0;

	*root = NULL;
	if (len > CONF_TEXT_MAX)
		return refuse_at(reader, -E2BIG, 1, "%zu bytes, at most %u are allowed", len,
				 CONF_TEXT_MAX);
	if (!yaml_parser_initialize(&parser))
		return refuse_at(reader, -ENOMEM, 1, "out of memory");
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	while (!rc && !done)
		rc = step(&b, &parser, &done);
	yaml_parser_delete(&parser);
	if (!rc && b.root && !node_is_nothing(b.root))
		*root = b.root;
	return rc;
}
