/* SPDX-License-Identifier: BSD-2-Clause */
/* The compiled BPF object that is built into this program. */
#ifndef LEAT_NLB_OBJECT_BYTES_H
#define LEAT_NLB_OBJECT_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* The ELF file's bytes. */
const void *nlb_object_bytes(size_t *size);

/* Digest of the object, never 0: equal for the same build only. */
uint64_t nlb_object_digest(void);

#endif
