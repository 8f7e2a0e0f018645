/* SPDX-License-Identifier: BSD-2-Clause */
/* From root to the few capabilities that leatd needs. */
#ifndef LEAT_CONTROL_PRIVILEGES_H
#define LEAT_CONTROL_PRIVILEGES_H

#include "base/err.h"

/* -EPERM unless started as root. */
__must_check int privileges_check(struct err *err);
/* Keeps CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE, clears the
 * bounding set, sets no_new_privs: neither leatd nor anything it could be made to execute gets more
 * again. Files are reached as their owner only from now on. */
__must_check int privileges_reduce(struct err *err);

#endif
