/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One leatd a state directory: flock(2), so a killed leatd leaves no stale lock. (One a bpffs
 * directory: nlb_open().)
 */
#ifndef LEAT_CONTROL_LOCK_H
#define LEAT_CONTROL_LOCK_H

#include "base/err.h"

/* Makes the state directory when missing and locks STATE_DIR/leatd.lock, where the holder's pid is
 * written. Held until *fd is closed. -EBUSY names that pid. */
__must_check int lock_state_dir(int *fd, const char *state_dir, struct err *err);

#endif
