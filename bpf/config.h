/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The limits of the program, each with its reason. What an operator can change is no constant but
 * an entry of `settings`, read at run time because it outlives the program.
 */
#ifndef LEAT_BPF_CONFIG_H
#define LEAT_BPF_CONFIG_H

/* IPv6 extension headers before TCP or UDP: the loop that the verifier walks. */
#define EXTENSIONS_MAX 8

#define NSEC_PER_SEC 1000000000ULL

/* nat: how often an entry tells the entry of the other direction that the flow lives. Every timeout
 * must be longer by a margin. */
#define SYNC_INTERVAL_NS (2 * NSEC_PER_SEC)

/* nat: what one new flow may cost. With 79 % of the ports used, 32 tries fail once in 2000. */
#define SNAT_PORT_TRIES	   32
#define SNAT_ADDRESS_TRIES 4

#define RESET_TTL 64 /* of the RSTs that Leat makes */

#endif
