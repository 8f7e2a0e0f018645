/* SPDX-License-Identifier: BSD-2-Clause */
/* A validated model from YAML text, for tests of what works on models. */
#ifndef LEAT_TEST_CONTROL_MODEL_OF_H
#define LEAT_TEST_CONTROL_MODEL_OF_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "conf/conf.h"
#include "control/observed.h"

static inline struct model *model_of(const char *text)
{
	struct model *model = NULL;
	struct err err = {0};

	if (conf_parse_state(text, strlen(text), "test", &model, &err))
		fail_msg("%s", err.text);
	return model;
}

static inline struct addr address_of(const char *text)
{
	struct addr address;

	assert_int_equal(addr_parse(text, &address, NULL), 0);
	return address;
}

/* A row whose next hop is resolved, in this state. */
static inline struct observed_target *observe(struct observed *observed, const char *group,
					      const char *address, uint16_t port,
					      enum target_state state)
{
	struct addr at = address_of(address);
	struct observed_target *seen = observed_add(observed, group, &at, port);

	health_state_init(&seen->health, 1000);
	health_state_set(&seen->health, state, HEALTH_NONE, 1000);
	seen->path.state = NEIGH_RESOLVED;
	seen->path.ifindex = 8; /* a VLAN of 7 */
	seen->path.port = 7;
	seen->path.vlan_proto = 0x8100;
	seen->path.vlan_outer = 42;
	seen->path.mtu = 1500;
	seen->path.source = address_of(at.family == AF_INET ? "10.0.0.1" : "fd00::1");
	seen->path.next_hop_mac[5] = 0xaa;
	seen->path.local_mac[5] = 0xbb;
	return seen;
}

#endif
