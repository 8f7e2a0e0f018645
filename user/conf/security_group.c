/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of a security group. The order of the fields is the order of the dump. */
#include "codec.h"

#include "base/base.h"

#define SG(member) offsetof(struct security_group, member)

static const struct field sg_fields[] = {
	{.key = "name",
	 .codec = &codec_text,
	 .offset = SG(name),
	 .max = MODEL_NAME_MAX,
	 .required = true,
	 .help = "letters, digits and hyphens, no hyphen at either end"},
	{.key = "allow",
	 .codec = &codec_prefixes,
	 .offset = SG(allow),
	 .also = SG(allow_count),
	 .max = MODEL_SOURCES_MAX,
	 .help = "source prefixes that are allowed; with any, what no prefix holds is denied"},
	{.key = "deny",
	 .codec = &codec_prefixes,
	 .offset = SG(deny),
	 .also = SG(deny_count),
	 .max = MODEL_SOURCES_MAX,
	 .help = "source prefixes that are denied; of all prefixes that hold a source the longest "
		 "decides"},
};

static void *sg_add(const struct decoder *d, void *parent)
{
	return model_add_security_group(parent, NULL);
}

static const void *sg_plain(const struct encoder *e, const void *parent, const void *record)
{
	return model_add_security_group(e->plain, NULL);
}

const struct noun noun_security_group = {
	.name = "security_group",
	.help = "sources that listeners allow or deny",
	.fields = sg_fields,
	.field_count = ARRAY_SIZE(sg_fields),
	.bytes = sizeof(struct security_group),
	.line = SG(line),
	.add = sg_add,
	.plain = sg_plain,
};
