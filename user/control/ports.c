/* SPDX-License-Identifier: BSD-2-Clause */
/* From names of the settings to Ethernet interfaces. */
#include "ports.h"

#include <stdio.h>
#include <string.h>

static bool is_listed(const struct port *ports, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(ports[i].name, name) == 0)
			return true;
	return false;
}

static size_t add(struct port ports[PORTS_MAX], size_t count, const char *name, const char *of,
		  const struct neigh_link *link)
{
	struct port *port = &ports[count];

	if (count == PORTS_MAX || is_listed(ports, count, name))
		return count;
	*port = (struct port){.of = of};
	snprintf(port->name, sizeof(port->name), "%s", name);
	if (link) {
		port->ifindex = link->ifindex;
		port->is_up = link->is_up;
	}
	return count + 1;
}

size_t ports_list(const char *const *names, size_t count, ports_resolve_fn *resolve, void *arg,
		  struct port ports[PORTS_MAX])
{
	struct neigh_ports found;
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		resolve(names[i], &found, arg);
		if (!found.count)
			used = add(ports, used, names[i], names[i], NULL);
		for (size_t p = 0; p < found.count; p++)
			used = add(ports, used, found.links[p].ifname, names[i], &found.links[p]);
	}
	return used;
}
