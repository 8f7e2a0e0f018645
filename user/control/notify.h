/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells systemd how the service is (sd_notify(3)), without its library. Nothing happens when nobody
 * listens. */
#ifndef LEAT_CONTROL_NOTIFY_H
#define LEAT_CONTROL_NOTIFY_H

void notify_send(const char *state); /* "READY=1", "STOPPING=1", "WATCHDOG=1" */

#endif
