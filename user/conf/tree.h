/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A document as a tree of nodes that know their line and their path. YAML without its surprises: no
 * anchors, aliases, tags, second documents or duplicate keys; bounded in bytes, depth and nodes.
 * JSON is read by the same parser. Private to conf.
 */
#ifndef LEAT_CONF_TREE_H
#define LEAT_CONF_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

enum node_kind { NODE_MAP, NODE_LIST, NODE_SCALAR };

struct node {
	enum node_kind kind;
	bool plain;	  /* scalar without quotes */
	unsigned line;	  /* of the key when there is one */
	const char *key;  /* in a map, else NULL */
	const char *text; /* of a scalar, never NULL there */
	struct node *parent, *next;
	struct node *first, *last; /* children of a map or list */
	size_t count;
};

/* Where a sentence about the tree goes. */
struct reader {
	struct arena *arena; /* of the nodes and whatever is made from them */
	const char *source;  /* NULL: no file, no lines */
	struct err *err;
};

/* *root: NULL for an empty document. -EINVAL, -E2BIG with reader->err. Nodes live in reader->arena.
 */
__must_check int tree_parse(const struct reader *reader, const char *text, size_t len,
			    struct node **root);

const struct node *tree_get(const struct node *map, const char *key); /* NULL: not there */
/* `key:` with nothing behind it, ~ or null. */
bool node_is_nothing(const struct node *node);

/* "FILE:LINE: path: sentence"; line: another one than the node's. Returns -EINVAL. */
int node_refuse_at(const struct reader *reader, const struct node *node, unsigned line,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));
#define node_refuse(reader, node, ...) node_refuse_at(reader, node, (node)->line, __VA_ARGS__)
/* "expected WHAT, found …" about the node. Returns -EINVAL. */
int node_refuse_kind(const struct reader *reader, const struct node *node, const char *expected);

#endif
