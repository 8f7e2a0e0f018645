/* SPDX-License-Identifier: BSD-2-Clause */
/* The PROXY v2 header that a connection is expected to begin with, written a second time: what the
 * program's own (leat/proxy_v2.h) is measured against. */
#ifndef LEAT_TESTS_BPF_PROXY_H
#define LEAT_TESTS_BPF_PROXY_H

#include <stddef.h>
#include <stdint.h>

#include "names.h"

#define PROXY_HEADER_MAX 64

struct proxy_end {
	uint8_t address[16];
	__be16 port;
};

/* Returns its bytes: 40 (NLB_IPV4) or 64. */
size_t proxy_header(uint8_t header[PROXY_HEADER_MAX], int family, const struct proxy_end *src,
		    const struct proxy_end *dst);

#endif
