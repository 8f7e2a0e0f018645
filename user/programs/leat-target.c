/* SPDX-License-Identifier: BSD-2-Clause */
/* leat-target: the helper on a target host. Everything is in user/target. */
#include <stdio.h>

#include "target/target.h"

int main(int argc, char *argv[])
{
	return (int)target_run(argc, argv, stdout, stderr);
}
