// SPDX-License-Identifier: BSD-2-Clause
/* Links that are held open: a list by interface. */
#include "nlb/held_links.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <net/if.h>

#include "base/fd.h"
#include "base/log.h"

#define LOG_EVERY_MS 60000

struct held_link {
	struct list node;
	char ifname[IF_NAMESIZE];
	unsigned ifindex;
	int fd; /* owned */
};

void nlb_held_links_init(struct nlb_held_links *held)
{
	list_init(&held->all);
}

static void let_go(struct held_link *link)
{
	list_remove(&link->node);
	fd_close(&link->fd);
	free(link);
}

void nlb_held_links_fini(struct nlb_held_links *held)
{
	struct held_link *link, *next;

	list_for_each_safe(link, next, &held->all, node)
		let_go(link);
}

static void let_predecessors_go(struct nlb_held_links *held, const char *ifname, unsigned ifindex)
{
	struct held_link *link, *next;

	list_for_each_safe(link, next, &held->all, node)
		if (link->ifindex == ifindex || strcmp(link->ifname, ifname) == 0)
			let_go(link);
}

int nlb_held_links_add(struct nlb_held_links *held, const char *ifname, unsigned ifindex,
		       int link_fd)
{
	struct held_link *link;
	int fd = fcntl(link_fd, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return -errno;
	link = calloc(1, sizeof(*link));
	if (!link) {
		fd_close(&fd);
		return -ENOMEM;
	}
	let_predecessors_go(held, ifname, ifindex);
	snprintf(link->ifname, sizeof(link->ifname), "%s", ifname);
	link->ifindex = ifindex;
	link->fd = fd;
	list_append(&held->all, &link->node);
	return 0;
}

void nlb_held_links_detach(struct nlb_held_links *held, const char *ifname)
{
	struct held_link *link, *next;

	list_for_each_safe(link, next, &held->all, node) {
		if (strcmp(link->ifname, ifname) != 0)
			continue;
		if (bpf_link_detach(link->fd) && errno != ENOLINK)
			log_debug("nlb: detaching '%s' failed: %s", ifname, strerror(errno));
		let_go(link);
	}
}

/* A link whose interface is gone needs no pin: the next nlb_attach() would only remove it. */
static bool is_attached(const struct held_link *link)
{
	struct bpf_link_info info = {0};
	__u32 len = sizeof(info);

	return bpf_obj_get_info_by_fd(link->fd, &info, &len) == 0 && info.xdp.ifindex;
}

static void pin_again(const struct held_link *link, const char *path)
{
	static struct log_limit limit;
	unsigned long long swallowed;

	if (bpf_obj_pin(link->fd, path) == 0)
		log_warn("nlb: '%s' was removed by someone else: pinned again, no packet was lost",
			 path);
	else if (log_limit_pass(&limit, LOG_EVERY_MS, &swallowed))
		log_error("nlb: '%s' was removed by someone else and can't be pinned again: %s; "
			  "the program is detached when leatd ends",
			  path, strerror(errno));
}

void nlb_held_links_pin(const struct nlb_held_links *held, const struct nlb_pins *pins)
{
	const struct held_link *link;
	char path[PATH_MAX];

	list_for_each(link, &held->all, node) {
		nlb_pins_link_path(pins, link->ifname, path);
		if (access(path, F_OK) && errno == ENOENT && is_attached(link))
			pin_again(link, path);
	}
}
