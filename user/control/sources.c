/* SPDX-License-Identifier: BSD-2-Clause */
/* The list is short: a host has few addresses towards its targets, and loses one rarely. */
#include "sources.h"

#define GONE_MS 1000 /* an address that is set anew is away for a moment */

void sources_note(struct sources *sources, const struct addr *address, uint64_t now_ms)
{
	for (size_t i = 0; i < sources->count; i++)
		if (addr_equal(&sources->list[i].address, address))
			return;
	if (sources->count < SOURCES_MAX)
		sources->list[sources->count++] =
			(struct source){.address = *address, .since_ms = now_ms};
}

bool sources_check(struct sources *sources, uint64_t now_ms,
		   bool (*is_local)(const struct addr *address, void *arg),
		   void (*on_lost)(const struct addr *address, void *arg), void *arg)
{
	bool has_changed = false;
	size_t kept = 0;

	for (size_t i = 0; i < sources->count; i++) {
		struct source source = sources->list[i];

		if (is_local(&source.address, arg)) {
			has_changed |= source.is_lost;
			continue;
		}
		if (!source.is_lost && now_ms - source.since_ms >= GONE_MS) {
			source.is_lost = has_changed = true;
			on_lost(&source.address, arg);
		}
		sources->list[kept++] = source;
	}
	sources->count = kept;
	return has_changed;
}

size_t sources_lost(const struct sources *sources, struct addr list[SOURCES_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < sources->count; i++)
		if (sources->list[i].is_lost)
			list[count++] = sources->list[i].address;
	return count;
}
