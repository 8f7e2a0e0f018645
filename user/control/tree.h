/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The desired state as a JSON tree (what conf_dump_json() writes and conf_parse_state() reads):
 * find and change nouns in it. Pure. Pointers returned are borrowed from the tree.
 */
#ifndef LEAT_CONTROL_TREE_H
#define LEAT_CONTROL_TREE_H

#include <jansson.h>

#include "base/addr.h"
#include "model/model.h"
#include "refusal.h"

/* state[key] as an array, made when missing. */
json_t *tree_list(json_t *state, const char *key);
/* The object of the list whose "name" this is; NULL when there is none. *index: its place; may be
 * NULL. */
json_t *tree_find_named(const json_t *list, const char *name, size_t *index);

json_t *tree_find_load_balancer(json_t *state, const char *name, struct refusal *refusal);
json_t *tree_find_target_group(json_t *state, const char *name, struct refusal *refusal);
json_t *tree_find_security_group(json_t *state, const char *name, struct refusal *refusal);
/* "edge/TCP:80": the listener, its load balancer and its place there; NULL with refusal. */
json_t *tree_find_listener(json_t *state, const char *name, json_t **lb, size_t *index,
			   struct refusal *refusal);
/* A listener's port as names have it: "80", "5000-5999", "all". Returns text. */
char *tree_ports_text(const json_t *port, char text[PORTS_TEXT_MAX]);
/* By protocol and that text; NULL when there is none. */
json_t *tree_find_listener_at(json_t *lb, const char *protocol, const char *ports, size_t *index);

/* "ADDR" or "ADDR:PORT" of a target group; without a port it is the group's. InvalidTarget when it
 * is neither. */
int tree_parse_target(const json_t *tg, const char *text, struct addr *address, uint16_t *port,
		      struct refusal *refusal);
/* NULL when the group has none; *index: its place; may be NULL. */
json_t *tree_find_target(json_t *tg, const struct addr *address, uint16_t port, size_t *index);

/* A list of one empty text (how a command line says "none") becomes an empty list. */
void tree_unblank(json_t *object, const char *key);

/* Copies what `from` has into `into`: objects are merged member by member, everything else is
 * replaced. */
void tree_merge(json_t *into, const json_t *from);

#endif
