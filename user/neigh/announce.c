/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sending announcements, on a packet socket that is open only while it sends: three times a
 * second apart. The interface is looked up by name each time, so one that was re-created meanwhile
 * or has a new MAC is announced right.
 */
#include "announce.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"
#include "frame.h"

#define TIMES	  3
#define PERIOD_MS 1000

struct announcement {
	struct list node;
	struct announcements *announcements;
	struct loop_timer timer;
	char ifname[16];
	struct addr address;
	unsigned left;
};

/* ---- sending ---- */

static int send_frame(int fd, unsigned ifindex, const uint8_t *frame, size_t len)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = (int)ifindex,
		.sll_halen = 6,
	};

	memcpy(&to.sll_protocol, frame + 12, 2); /* the frame's own EtherType */
	memcpy(to.sll_addr, frame, 6);
	return sendto(fd, frame, len, 0, (struct sockaddr *)&to, sizeof(to)) < 0 ? -errno : 0;
}

static int send_frames(int fd, const struct neigh_link *link, const struct addr *address)
{
	uint8_t frame[FRAME_MAX];
	size_t len;
	int ret;

	if (address->family == AF_INET6) {
		len = frame_unsolicited_na(frame, link->mac, address);
		return send_frame(fd, link->ifindex, frame, len);
	}
	len = frame_gratuitous_arp(frame, link->mac, address, false);
	ret = send_frame(fd, link->ifindex, frame, len);
	if (ret)
		return ret;
	len = frame_gratuitous_arp(frame, link->mac, address, true);
	return send_frame(fd, link->ifindex, frame, len);
}

static int send_once(const struct announcement *announcement)
{
	const struct neigh_link *link =
		links_find_name(announcement->announcements->links, announcement->ifname);
	int fd, ret;

	if (!link)
		return -ENODEV;
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	ret = send_frames(fd, link, &announcement->address);
	fd_close(&fd);
	return ret;
}

/* ---- under way ---- */

static void end(struct announcement *announcement)
{
	loop_timer_clear(&announcement->timer);
	list_remove(&announcement->node);
	free(announcement);
}

/* A link that is down now may be up for the next try; later than that, control announces anew. */
static void on_timer(struct loop_timer *timer)
{
	struct announcement *announcement = timer->owner;
	char text[ADDR_TEXT_MAX];
	int ret = send_once(announcement);

	announcement->left--;
	if (ret && announcement->left == 0)
		log_warn("neigh: '%s' can't be announced on '%s': %s",
			 addr_format(&announcement->address, text), announcement->ifname,
			 strerror(-ret));
	if (announcement->left == 0)
		end(announcement);
	else
		loop_timer_set(announcement->announcements->loop, timer, PERIOD_MS);
}

static struct announcement *find(struct announcements *announcements, const char *ifname,
				 const struct addr *address)
{
	struct announcement *announcement;

	list_for_each(announcement, &announcements->under_way, node)
		if (addr_equal(&announcement->address, address) &&
		    strcmp(announcement->ifname, ifname) == 0)
			return announcement;
	return NULL;
}

static struct announcement *add(struct announcements *announcements, const char *ifname,
				const struct addr *address)
{
	struct announcement *announcement = calloc(1, sizeof(*announcement));

	if (!announcement)
		abort();
	announcement->announcements = announcements;
	announcement->timer = (struct loop_timer){.on_expire = on_timer, .owner = announcement};
	announcement->address = *address;
	memcpy(announcement->ifname, ifname, strnlen(ifname, sizeof(announcement->ifname) - 1));
	list_append(&announcements->under_way, &announcement->node);
	return announcement;
}

void announcement_start(struct announcements *announcements, const char *ifname,
			const struct addr *address)
{
	struct announcement *announcement = find(announcements, ifname, address);

	if (!announcement)
		announcement = add(announcements, ifname, address);
	announcement->left = TIMES;
	loop_timer_set(announcements->loop, &announcement->timer, 0);
}

void announcement_stop(struct announcements *announcements, const char *ifname,
		       const struct addr *address)
{
	struct announcement *announcement = find(announcements, ifname, address);

	if (announcement)
		end(announcement);
}

void announcements_init(struct announcements *announcements, struct loop *loop,
			const struct links *links)
{
	*announcements = (struct announcements){.loop = loop, .links = links};
	list_init(&announcements->under_way);
}

void announcements_fini(struct announcements *announcements)
{
	struct announcement *announcement, *tmp;

	list_for_each_safe(announcement, tmp, &announcements->under_way, node)
		end(announcement);
}
