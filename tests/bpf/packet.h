/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets as words: layers separated by `|`, each a kind, its arguments, key=value pairs and flags.
 * Only the grammar is here; bytes are made by frame.h. The list of kinds and keys is the table in
 * packet.c; README.md explains them.
 */
#ifndef LEAT_TESTS_BPF_PACKET_H
#define LEAT_TESTS_BPF_PACKET_H

#include "fixture.h"
#include "report.h"

#define LAYERS_MAX 24
#define PARAMS_MAX 12

enum layer_id {
	LAYER_ETH,
	LAYER_VLAN,
	LAYER_ARP,
	LAYER_IP4,
	LAYER_IP6,
	LAYER_EXT,
	LAYER_TCP,
	LAYER_UDP,
	LAYER_ICMP,
	LAYER_PROXY, /* the header of the PROXY protocol */
	LAYER_DATA,  /* N bytes of a pattern, or "text" */
	LAYER_WORD,  /* 16 bits */
	LAYER_HEX,   /* bytes as they stand */
	LAYER_GUE,   /* leat/gue.h */
	LAYER_PAD,   /* bytes behind the IP datagram, in no length and no checksum */
	LAYER_CUT,   /* the frame ends after N bytes */
};

struct layer_kind {
	const char *name;
	enum layer_id id;
	int args; /* 0; 1: `NAME ARG`; 2: `NAME SRC > DST` */
	const char *keys[PARAMS_MAX];
	const char *flags[PARAMS_MAX];
};

struct layer {
	const struct layer_kind *kind;
	const char *src, *dst; /* of two arguments */
	const char *arg;       /* of one */
	struct {
		const char *key;
		const char *value; /* NULL: a flag */
	} params[PARAMS_MAX];
	int param_count;
};

struct packet {
	struct layer layers[LAYERS_MAX];
	int count;
};

/* The words of a line from `first` on. Refuses unknown kinds, keys and flags, and what is given
 * twice. */
bool packet_parse(struct packet *packet, const struct line *line, int first, struct report *report);

const char *layer_value(const struct layer *layer, const char *key); /* NULL: not given */
bool layer_has_flag(const struct layer *layer, const char *flag);

#endif
