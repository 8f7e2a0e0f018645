/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `up` was asked for and what it changed, so that `down` takes back just that and `status`
 * knows what should be. Kept as JSON in the state directory, replaced as a whole, written before
 * anything is changed: what stands in it is at most too much.
 */
#ifndef LEAT_TARGET_STATE_H
#define LEAT_TARGET_STATE_H

#include "options.h"

#define SYSCTLS_MAX	 64
#define SYSCTL_NAME_MAX	 96
#define SYSCTL_VALUE_MAX 16

struct sysctl_change {
	char name[SYSCTL_NAME_MAX]; /* below /proc/sys: "net/ipv4/conf/all/arp_ignore" */
	char before[SYSCTL_VALUE_MAX];
	char after[SYSCTL_VALUE_MAX];
};

struct state_interface {
	char name[IF_NAMESIZE];
	enum target_mode mode; /* AUTO: nothing is attached (l2) */
	bool made_clsact;      /* the qdisc was not there before */
};

struct state {
	bool is_up; /* false: nothing is set up, and nothing else here counts */
	bool l2, second_hop;
	enum target_mode mode; /* as asked for */
	uint16_t gue_port;
	int mss;	     /* as asked for */
	uint16_t mss4, mss6; /* what came of it; 0: off */
	char bpffs[256];
	struct vips vips;
	struct vips added; /* those of them that were not there before */
	struct sysctl_change sysctls[SYSCTLS_MAX];
	size_t sysctl_count;
	struct state_interface interfaces[INTERFACES_MAX];
	size_t interface_count;
};

/* No file: 0 and !is_up. -EINVAL with err when the file is damaged. */
__must_check int state_read(const char *dir, struct state *state, struct err *err);
__must_check int state_write(const char *dir, const struct state *state, struct err *err);
void state_remove(const char *dir);

/* Keeps two commands on one directory apart until *lock_fd is closed; makes the directory. */
__must_check int state_lock(const char *dir, int *lock_fd, struct err *err);

struct state_interface *state_find_interface(struct state *state, const char *name); /* or NULL */
struct sysctl_change *state_find_sysctl(struct state *state, const char *name);	     /* or NULL */

#endif
