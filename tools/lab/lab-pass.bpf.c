/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Passes everything. At the far end of a veth it is what makes the near end's XDP_TX and redirect arrive at once: without a program there the peer
 * is not woken for them (gro alone is not enough). */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int lab_pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
