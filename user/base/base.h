/* SPDX-License-Identifier: BSD-2-Clause */
/* Small macros everyone needs. base is a library: every header in it may be included from anywhere.
 */
#ifndef LEAT_BASE_BASE_H
#define LEAT_BASE_BASE_H

#include <stddef.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define LEAT_VERSION "0.1.0"

#endif
