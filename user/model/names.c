/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of the enums, as files, the API and tables write them. One table an enum: its value
 * minus one is the index.
 */
#include "model.h"

#include <errno.h>
#include <string.h>

const char *const lb_type_words[] = {"network", "application", NULL};
const char *const lb_announce_words[] = {"address", "none", NULL};
const char *const protocol_words[] = {"TCP", "UDP", "TCP_UDP", NULL};
const char *const forwarding_words[] = {"nat", "l2", "dnat", "ipip", "gue", NULL};
const char *const hc_protocol_words[] = {"TCP", "HTTP", NULL};
const char *const proxy_placement_words[] = {"on_first_ack", "on_first_ack_with_payload", NULL};
const char *const target_type_words[] = {"ip", "alb", NULL};
const char *const source_ip_words[] = {"ipv4", "ipv6", NULL};

const char *model_word_name(const char *const *words, unsigned value)
{
	for (unsigned i = 1; *words; words++, i++)
		if (i == value)
			return *words;
	return "?";
}

unsigned model_word_value(const char *const *words, const char *text)
{
	for (unsigned i = 0; words[i]; i++)
		if (strcmp(words[i], text) == 0)
			return i + 1;
	return 0;
}

#define WORDS(noun)                                                    \
	const char *noun##_name(enum noun value)                       \
	{                                                              \
		return model_word_name(noun##_words, value);           \
	}                                                              \
	int noun##_parse(const char *text, enum noun *value)           \
	{                                                              \
		unsigned found = model_word_value(noun##_words, text); \
                                                                       \
		if (!found)                                            \
			return -EINVAL;                                \
		*value = (enum noun)found;                             \
		return 0;                                              \
	}

WORDS(lb_type)
WORDS(lb_announce)
WORDS(protocol)
WORDS(forwarding)
WORDS(hc_protocol)
WORDS(proxy_placement)
WORDS(target_type)
WORDS(source_ip)

bool forwarding_can_cross(enum forwarding forwarding)
{
	return forwarding == FORWARDING_NAT || forwarding == FORWARDING_IPIP ||
	       forwarding == FORWARDING_GUE;
}

bool forwarding_is_direct(enum forwarding forwarding)
{
	return forwarding == FORWARDING_L2 || forwarding == FORWARDING_IPIP ||
	       forwarding == FORWARDING_GUE;
}
