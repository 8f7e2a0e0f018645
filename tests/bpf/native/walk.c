// SPDX-License-Identifier: BSD-2-Clause
/* The data path itself, compiled for the host: not one line of bpf/ is another one than in the
 * kernel's program. include/bpf/bpf_helpers.h is what makes the difference. */
#include "../../../bpf/nlb.bpf.c"
