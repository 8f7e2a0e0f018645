/* SPDX-License-Identifier: BSD-2-Clause */
/* Every metric of include/leat/metric_names.h, read from whoever owns the number. */
#ifndef LEAT_CONTROL_METRICS_EXPORT_H
#define LEAT_CONTROL_METRICS_EXPORT_H

#include "base/buf.h"

struct control;

/* Appends the exposition. */
void metrics_export(const struct control *control, struct buf *out);

#endif
