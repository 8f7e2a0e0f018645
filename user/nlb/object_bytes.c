// SPDX-License-Identifier: BSD-2-Clause
/*
 * The only file that includes the generated skeleton, and only for its bytes: the skeleton's own
 * struct is called `struct nlb` too, and its life cycle (everything loaded, everything owned) is
 * not ours (object.c).
 */
#include "nlb/object_bytes.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include "nlb.skel.h"
#pragma GCC diagnostic pop

#include "base/hash.h"
#include "leat/nlb_abi.h"

const void *nlb_object_bytes(size_t *size)
{
	return nlb__elf_bytes(size);
}

uint64_t nlb_object_digest(void)
{
	uint32_t abi = NLB_ABI;
	uint64_t digest;
	size_t size;
	const void *bytes = nlb_object_bytes(&size);

	digest = hash_fnv1a(hash_fnv1a(0, bytes, size), &abi, sizeof(abi));
	return digest ? digest : 1;
}
