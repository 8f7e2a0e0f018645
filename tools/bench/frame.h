/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames of the bench: Ethernet, IPv4 or IPv6, TCP or UDP, of one length a family, and what a
 * program made of them. Pure. */
#ifndef LEAT_BENCH_FRAME_H
#define LEAT_BENCH_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "bench_abi.h"

enum { FRAME_FIN = 1, FRAME_SYN = 2, FRAME_RST = 4, FRAME_ACK = 16 };

#define FRAME_TTL 64

/* Ports in host order; IPv4 addresses are the first 4 bytes, zero after. */
struct frame_spec {
	uint8_t family; /* 4, 6 */
	uint8_t protocol;
	uint8_t tcp_flags; /* UDP: 0 */
	uint8_t ttl;
	uint8_t dst_mac[6], src_mac[6];
	uint8_t src[16], dst[16];
	uint16_t sport, dport;
};

uint32_t frame_bytes(uint8_t family);
void frame_build(struct bench_frame *frame, const struct frame_spec *spec);
/* False where lengths or a checksum are wrong, or it is no such frame. */
bool frame_read(const struct bench_frame *frame, struct frame_spec *spec);

#endif
