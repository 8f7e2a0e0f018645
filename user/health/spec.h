/* SPDX-License-Identifier: BSD-2-Clause */
/* What a probe asks, as a value of its own: checked, deep-copied, freed. */
#ifndef LEAT_HEALTH_SPEC_H
#define LEAT_HEALTH_SPEC_H

#include "health.h"

/* *copy owns its path and matcher. -EINVAL with err when a probe of it could not be sent; *copy is unchanged then. */
__must_check int spec_copy(struct health_spec *copy, const struct health_spec *spec, struct err *err);
void spec_fini(struct health_spec *copy);

#endif
