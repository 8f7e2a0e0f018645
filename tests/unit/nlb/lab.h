/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A place of its own for tests that need the kernel: an empty network namespace and a bpf file
 * system on a temporary directory, both of this process only, so that whatever happens nothing is
 * left behind. Needs root; tells why where it can't be.
 */
#ifndef LEAT_TESTS_NLB_LAB_H
#define LEAT_TESTS_NLB_LAB_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "nlb/nlb.h"

#define LAB_FLOWS 4096

static char lab_mount[] = "/tmp/leat-test-XXXXXX";
static char lab_dir[PATH_MAX]; /* of the pins, on the bpf file system */
static struct nlb *lab_nlb;    /* closed by lab_clean() */

static inline void lab_remove_mount(void)
{
	umount2(lab_mount, MNT_DETACH);
	rmdir(lab_mount);
}

/* NULL, or why there is no lab here. */
static inline const char *lab_begin(void)
{
	if (geteuid() != 0)
		return "not root";
	if (unshare(CLONE_NEWNS | CLONE_NEWNET))
		return "no own namespaces (CAP_SYS_ADMIN)";
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return "no private mounts";
	if (!mkdtemp(lab_mount))
		return "no temporary directory";
	atexit(lab_remove_mount);
	if (mount("bpf", lab_mount, "bpf", 0, NULL))
		return "no bpf file system";
	snprintf(lab_dir, sizeof(lab_dir), "%s/leat", lab_mount);
	return NULL;
}

static inline void lab_run(const char *command)
{
	if (system(command) != 0)
		fail_msg("'%s' failed", command);
}

static inline struct nlb_options lab_options(void)
{
	return (struct nlb_options){.bpffs = lab_dir,
				    .flows = LAB_FLOWS,
				    .nat_port_first = 1024,
				    .nat_port_last = 4095,
				    .hash_key = {1, 2}};
}

static inline struct nlb *lab_open_with(const struct nlb_options *options)
{
	struct err err = {""};

	if (nlb_open(options, &lab_nlb, &err))
		fail_msg("nlb_open: %s", err.text);
	return lab_nlb;
}

static inline struct nlb *lab_open(void)
{
	struct nlb_options options = lab_options();

	return lab_open_with(&options);
}

static inline void lab_close(void)
{
	nlb_close(lab_nlb);
	lab_nlb = NULL;
}

static inline struct nlb *lab_reopen(void)
{
	lab_close();
	return lab_open();
}

/* Teardown of every test. */
static inline int lab_clean(void **state)
{
	struct err err = {""};

	lab_close();
	if (nlb_remove_all(lab_dir, &err))
		print_error("nlb_remove_all: %s\n", err.text);
	return 0;
}

static inline bool lab_has(const char *name)
{
	char path[PATH_MAX * 2];

	snprintf(path, sizeof(path), "%s/%s", lab_dir, name);
	return access(path, F_OK) == 0;
}

static const char *lab_is_missing;

static inline void needs_a_lab(void **state)
{
	print_message("skipped: %s\n", lab_is_missing);
	skip();
}

/* main() of a test that needs the lab: skips all of it where there is none. Lines of stdout are
 * whole, for the log's go between. */
#define LAB_MAIN(tests)                                                           \
	int main(void)                                                            \
	{                                                                         \
		const struct CMUnitTest none[] = {cmocka_unit_test(needs_a_lab)}; \
                                                                                  \
		setvbuf(stdout, NULL, _IOLBF, 0);                                 \
		lab_is_missing = lab_begin();                                     \
		if (lab_is_missing)                                               \
			return cmocka_run_group_tests(none, NULL, NULL);          \
		return cmocka_run_group_tests(tests, NULL, NULL);                 \
	}

#endif
