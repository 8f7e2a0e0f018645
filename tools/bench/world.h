/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The balancer that is measured: one virtual address, TCP and UDP port 80, one target group of 100
 * targets behind the interface that packets come in by. Its addresses, and its tables as a
 * controller would fill them. The only file of the bench that knows the layout of Leat's maps.
 */
#ifndef LEAT_BENCH_WORLD_H
#define LEAT_BENCH_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"

#define WORLD_TARGETS	  100
#define WORLD_PORT	  80
#define WORLD_TARGET_PORT 8080

struct rig;

struct world {
	uint8_t family;	    /* 4, 6 */
	uint8_t forwarding; /* enum nlb_forwarding */
	uint32_t listeners; /* how many are configured, that of the traffic among them */
};

/* Empties the flow tables and fills everything else. */
void world_seed(const struct rig *rig, const struct world *world);
void world_forget_flows(const struct rig *rig);

/* A client's packet of a flow, from its number: the same one always, and no two alike. */
void world_client_packet(struct frame_spec *spec, const struct world *world, uint32_t flow,
			 uint8_t protocol, uint8_t tcp_flags);
/* What a target answers to the packet that it got. */
void world_answer(struct frame_spec *answer, const struct frame_spec *got, uint8_t tcp_flags);

/* Is `out` what must become of `in`, a client's packet? */
bool world_is_forwarded(const struct world *world, const struct frame_spec *in,
			const struct frame_spec *out);
/* The same where it must be inside another packet, as far as the frame is kept. */
bool world_is_encapsulating(const struct world *world);
bool world_is_encapsulated(const struct world *world, const struct bench_frame *in,
			   const struct bench_frame *out);
/* The same of a target's answer to this client. */
bool world_is_answered(const struct frame_spec *client, const struct frame_spec *in,
		       const struct frame_spec *out);

#endif
