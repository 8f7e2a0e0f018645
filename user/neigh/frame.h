/* SPDX-License-Identifier: BSD-2-Clause */
/* The two frames that tell a LAN where an address lives now. Pure: bytes only. */
#ifndef LEAT_NEIGH_FRAME_H
#define LEAT_NEIGH_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define FRAME_MAX 96

/* Gratuitous ARP (RFC 5227 section 3): sender and target are the address. is_reply: the ARP reply form, which some switches and hosts want.
 * Returns the length. */
size_t frame_gratuitous_arp(uint8_t frame[FRAME_MAX], const uint8_t mac[6], const struct addr *address, bool is_reply);

/* Unsolicited neighbour advertisement to all nodes with the override flag (RFC 4861 section 7.2.6). Returns the length. */
size_t frame_unsolicited_na(uint8_t frame[FRAME_MAX], const uint8_t mac[6], const struct addr *address);

#endif
