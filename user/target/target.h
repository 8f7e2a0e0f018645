/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * leat-target, from the command line to the exit status: prepares a target host for the modes that
 * answer the client directly (l2, ipip, gue), tells how it stands, and takes everything back. Each
 * command does its work and ends; what it leaves behind is the kernel's.
 */
#ifndef LEAT_TARGET_TARGET_H
#define LEAT_TARGET_TARGET_H

#include <stdio.h>

enum target_exit { TARGET_DONE = 0, TARGET_REFUSED = 1, TARGET_USAGE = 2 };

/* Answers go to out, refusals to err, one sentence each. */
enum target_exit target_run(int argc, char *const argv[], FILE *out, FILE *err);

#endif
