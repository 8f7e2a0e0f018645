/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of leat-target. Pure: what it names is not looked at. */
#ifndef LEAT_TARGET_OPTIONS_H
#define LEAT_TARGET_OPTIONS_H

#include <net/if.h>
#include <stdint.h>

#include "vip.h"

#define TARGET_BPFFS	 "/sys/fs/bpf/leat-target"
#define TARGET_STATE_DIR "/run/leat-target"
#define INTERFACES_MAX	 16
#define MSS_OFF		 0
#define MSS_AUTO	 (-1)
#define MSS_MIN		 536   /* RFC 9293 3.7.1: what every IPv4 host takes */
#define MSS_MAX		 65495 /* a 65535 byte datagram */

enum target_command {
	TARGET_UP = 1,
	TARGET_DOWN,
	TARGET_STATUS,
	TARGET_HELP,
	TARGET_VERSION,
	TARGET_COMPLETION
};
enum target_mode { TARGET_AUTO, TARGET_XDP, TARGET_TC };

struct options {
	enum target_command command;
	struct vips vips;
	char interfaces[INTERFACES_MAX][IF_NAMESIZE];
	size_t interface_count;
	enum target_mode mode;
	uint16_t gue_port; /* host order */
	bool second_hop;
	bool l2;
	int mss; /* MSS_AUTO, MSS_OFF or a number */
	bool json;
	const char *bpffs, *state_dir; /* of argv, or the defaults */
};

/* 0, or -EINVAL with err: one sentence, which names the command once that is known. */
__must_check int options_parse(int argc, char *const argv[], struct options *options,
			       struct err *err);

const char *target_mode_name(enum target_mode mode); /* "auto", "xdp", "tc" */
/* -1: no such mode */
int target_mode_find(const char *name);

extern const char options_help[];
extern const char options_completion[]; /* for bash */

#endif
