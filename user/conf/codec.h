/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables that describe a noun's keys, and what a kind of value can do: be read from a node,
 * written as JSON, described. One table a noun (state.c, load_balancer.c …) drives decoding, dump,
 * schema and the refusal of unknown keys. Private to conf.
 */
#ifndef LEAT_CONF_CODEC_H
#define LEAT_CONF_CODEC_H

#include <jansson.h>

#include "conf.h"
#include "model/model.h"
#include "tree.h"

struct field;
struct noun;

struct decoder {
	struct reader reader;
	struct model *model; /* NULL: node settings */
};

struct encoder {
	bool all;	     /* defaults too */
	bool short_targets;  /* a target that is only an endpoint is written as text */
	struct model *plain; /* scratch for records that hold nothing but defaults */
};

/* A kind of value. record: the struct the field's offset counts from. */
struct codec {
	int (*decode)(const struct decoder *d, const struct field *field, const struct node *node,
		      void *record);
	/* A new reference; NULL: there is nothing to write. plain: the record with defaults only.
	 * NULL for kinds that are never dumped. */
	json_t *(*encode)(const struct encoder *e, const struct field *field, const void *record,
			  const void *plain);
	json_t *(*describe)(const struct field *field); /* JSON Schema of the value */
};

struct field {
	const char *key;
	const struct codec *codec;
	size_t offset;
	size_t also;	   /* offset of the second member: an array's count, "was written" */
	unsigned min, max; /* of a number; most elements of a list; value of the first word */
	const char *const *words; /* of an enum */
	const struct noun *noun;  /* of a map or of a list's elements */
	const char *fallback; /* the default as it would be written; NULL: none, or it depends */
	bool required;
	const char *help;
};

struct noun {
	const char *name; /* as conf_schema_json() knows it */
	const char *help;
	const struct field *fields;
	size_t field_count;
	size_t bytes; /* of the record */
	size_t line;  /* offset of the record's line; NO_LINE: it has none */
	/* For lists: appends a record with defaults to its parent. */
	void *(*add)(const struct decoder *d, void *parent);
	/* For the dump: a record with the defaults that this one would get. */
	const void *(*plain)(const struct encoder *e, const void *parent, const void *record);
	/* For lists: another way to write an element, as one scalar. NULL: none. */
	int (*decode_short)(const struct decoder *d, const struct node *node, void *record);
	json_t *(*encode_short)(const json_t *object);
};

#define NO_LINE ((size_t)-1)

/* scalar.c */
extern const struct codec codec_text, codec_uint, codec_u16, codec_bool, codec_word;
json_t *codec_word_encode(const struct encoder *e, const struct field *field, const void *record,
			  const void *plain);
json_t *codec_word_describe(const struct field *field);
/* list.c */
extern const struct codec codec_map, codec_nouns, codec_addresses, codec_interfaces, codec_names, codec_prefixes;
/* state.c, load_balancer.c, target_group.c, security_group.c */
extern const struct noun noun_state, noun_load_balancer, noun_listener, noun_target_group,
	noun_target, noun_security_group;
/* node_settings.c */
extern const struct noun noun_node;

/* decode.c: every key of the map into the record. The node may also be nothing. */
__must_check int codec_decode_record(const struct decoder *d, const struct noun *noun,
				     const struct node *node, void *record);
/* dump.c: the record's object without what equals plain (unless all). */
json_t *codec_encode_record(const struct encoder *e, const struct noun *noun, const void *record,
			    const void *plain);
/* schema.c */
json_t *codec_describe_noun(const struct noun *noun);

/* A list, or nothing, of at most field->max elements. -EINVAL with a sentence. */
__must_check int codec_check_list(const struct decoder *d, const struct field *field,
				  const struct node *node);
/* Reads a scalar that must be a number within the field's limits. -EINVAL with a sentence. */
__must_check int codec_decode_number(const struct decoder *d, const struct node *node, unsigned min,
				     unsigned max, unsigned *value);
/* The scalar's text; NULL, with a sentence, for anything else. */
const char *codec_decode_text(const struct decoder *d, const struct node *node,
			      const char *expected);

/* yaml.c: a JSON value as block YAML. */
struct buf;
void conf_yaml_write(struct buf *buf, const json_t *value);

#endif
