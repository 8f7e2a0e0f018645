/* SPDX-License-Identifier: BSD-2-Clause */
/* What libbpf and the kernel's verifier said last. libbpf prints nothing by itself once this is in
 * use. */
#ifndef LEAT_NLB_LIBBPF_LOG_H
#define LEAT_NLB_LIBBPF_LOG_H

/* Takes over libbpf's printing and forgets what was said so far. */
void nlb_libbpf_log_start(void);

/* The last lines, joined by "; ", oldest first; "" when nothing was said. Valid until the next call
 * of libbpf. */
const char *nlb_libbpf_log_tail(void);

#endif
