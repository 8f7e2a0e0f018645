// SPDX-License-Identifier: BSD-2-Clause
/*
 * The program on its interfaces, by pinned bpf_links: made once, afterwards only updated, so that
 * no NIC is reset and no packet lost when the controller or the program is replaced. Never touches
 * a program that is not ours.
 *
 * The truth about a link is asked of the kernel every time: which interface, which program, which
 * mode. A pin whose interface is gone is removed; one whose interface was renamed moves to the new
 * name.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/fd.h"
#include "base/log.h"
#include "nlb/object.h"

#define DRIVER_NAME_MAX 32

/* An interface and what is wanted on it. */
struct place {
	const char *ifname;
	unsigned ifindex;
	enum nlb_mode mode; /* native or generic: AUTO is decided before */
};

struct link {
	int fd;
	uint32_t prog_id;
	unsigned ifindex; /* 0: its interface is gone */
};

const char *nlb_mode_name(enum nlb_mode mode)
{
	static const char *const names[] = {
		[NLB_MODE_AUTO] = "auto",
		[NLB_MODE_NATIVE] = "native",
		[NLB_MODE_GENERIC] = "generic",
	};

	return (unsigned)mode < sizeof(names) / sizeof(names[0]) ? names[mode] : "unknown";
}

/* ---- what the kernel says of an interface ---- */

static int ask_interface(const char *ifname, unsigned long request, struct ifreq *ifr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc = fd < 0 ? -errno : 0;

	snprintf(ifr->ifr_name, sizeof(ifr->ifr_name), "%s", ifname);
	if (!rc && ioctl(fd, request, ifr))
		rc = -errno;
	fd_close(&fd);
	return rc;
}

static void get_driver(const char *ifname, char driver[DRIVER_NAME_MAX])
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq ifr = {.ifr_data = (void *)&info};
	int rc = ask_interface(ifname, SIOCETHTOOL, &ifr);

	snprintf(driver, DRIVER_NAME_MAX, "%.*s", DRIVER_NAME_MAX - 1,
		 rc || !info.driver[0] ? "unknown" : info.driver);
}

static int get_mtu(const char *ifname)
{
	struct ifreq ifr = {0};

	return ask_interface(ifname, SIOCGIFMTU, &ifr) ? 0 : ifr.ifr_mtu;
}

/* Ids of the programs on the interface, of native and generic mode; 0: none. */
static int query_programs(unsigned ifindex, struct bpf_xdp_query_opts *query)
{
	memset(query, 0, sizeof(*query));
	query->sz = sizeof(*query);
	return bpf_xdp_query((int)ifindex, 0, query);
}

static uint32_t any_program(unsigned ifindex)
{
	struct bpf_xdp_query_opts query;

	if (query_programs(ifindex, &query))
		return 0;
	if (query.drv_prog_id)
		return query.drv_prog_id;
	return query.skb_prog_id ? query.skb_prog_id : query.hw_prog_id;
}

static enum nlb_mode mode_of(const struct link *link)
{
	struct bpf_xdp_query_opts query;

	if (!query_programs(link->ifindex, &query) && query.skb_prog_id == link->prog_id)
		return NLB_MODE_GENERIC;
	return NLB_MODE_NATIVE;
}

/* ---- links ---- */

static int open_link(const char *path, struct link *link)
{
	struct bpf_link_info info = {0};
	__u32 len = sizeof(info);
	int rc = 0;

	link->fd = bpf_obj_get(path);
	if (link->fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(link->fd, &info, &len))
		rc = -errno;
	else if (info.type != BPF_LINK_TYPE_XDP)
		rc = -EINVAL;
	if (rc)
		fd_close(&link->fd);
	link->prog_id = info.prog_id;
	link->ifindex = info.xdp.ifindex;
	return rc;
}

/* Off the interface at once, whoever else holds a descriptor of the link. */
static void destroy_link(struct link *link, const char *path)
{
	if (bpf_link_detach(link->fd) && errno != ENOLINK)
		log_debug("nlb: detaching '%s' failed: %s", path, strerror(errno));
	fd_close(&link->fd);
	unlink(path);
}

static const char *way_out(enum nlb_mode mode)
{
	return mode == NLB_MODE_NATIVE ? ": set xdp_mode: generic to accept the slow path" : "";
}

static int refuse_foreign(const struct place *place, struct err *err)
{
	uint32_t id = any_program(place->ifindex);

	if (!id)
		return err_set(err, -EBUSY,
			       "interface '%s': busy with XDP on a device above or below it",
			       place->ifname);
	return err_set(
		err, -EBUSY,
		"interface '%s' has another XDP program (id %u, see 'bpftool prog show id %u'): "
		"remove it or take the interface off Leat's list",
		place->ifname, id, id);
}

static int refuse_link(const struct place *place, int rc, struct err *err)
{
	const char *mode = nlb_mode_name(place->mode);
	char driver[DRIVER_NAME_MAX];

	get_driver(place->ifname, driver);
	switch (rc) {
	case -EBUSY:
	case -EEXIST:
		return refuse_foreign(place, err);
	case -EPERM:
	case -EACCES:
		return err_set(err, rc, "interface '%s': attaching is not permitted: %s",
			       place->ifname, nlb_reason(rc));
	case -EOPNOTSUPP:
		return err_set(err, rc,
			       "interface '%s' (driver %s): no %s XDP, or an offload as LRO is in "
			       "its way%s",
			       place->ifname, driver, mode, way_out(place->mode));
	default:
		return err_set(err, rc, "interface '%s' (driver %s, MTU %d): %s XDP refused: %s%s",
			       place->ifname, driver, get_mtu(place->ifname), mode, strerror(-rc),
			       way_out(place->mode));
	}
}

static int hold_link(struct nlb *nlb, const struct place *place, int fd, struct err *err)
{
	int rc = nlb_held_links_add(&nlb->links, place->ifname, place->ifindex, fd);

	return rc ? err_set_errno(err, rc, "interface '%s': keeping its link open failed",
				  place->ifname)
		  : 0;
}

static int make_link(const struct nlb *nlb, const struct place *place)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	int fd;

	if (place->mode == NLB_MODE_GENERIC)
		opts.flags = XDP_FLAGS_SKB_MODE;
	fd = bpf_link_create(nlb->prog_fd, (int)place->ifindex, BPF_XDP, &opts);
	return fd < 0 ? -errno : fd;
}

static int create_link(struct nlb *nlb, const struct place *place, struct err *err)
{
	char path[PATH_MAX];
	int rc, fd = make_link(nlb, place);

	if (fd < 0)
		return refuse_link(place, fd, err);
	rc = bpf_obj_pin(fd, nlb_pins_link_path(&nlb->pins, place->ifname, path)) ? -errno : 0;
	if (rc)
		err_set(err, rc, "pinning '%s' failed: %s", path, nlb_reason(rc));
	else
		rc = hold_link(nlb, place, fd, err);
	fd_close(&fd);
	if (rc)
		return rc;
	log_info("nlb: interface '%s': attached (%s)", place->ifname, nlb_mode_name(place->mode));
	return 0;
}

static int update_link(const struct nlb *nlb, const struct place *place, const struct link *link,
		       struct err *err)
{
	int rc;

	if (link->prog_id == nlb->prog_id)
		return 0;
	if (bpf_link_update(link->fd, nlb->prog_fd, NULL)) {
		rc = -errno;
		return err_set(err, rc, "interface '%s': replacing the XDP program failed: %s",
			       place->ifname, nlb_reason(rc));
	}
	log_info("nlb: interface '%s': program %u replaced by %u", place->ifname, link->prog_id,
		 nlb->prog_id);
	return 0;
}

/* The modes exclude each other: off, then on again. If the new one is refused, the old one comes
 * back. */
static int change_mode(struct nlb *nlb, const struct place *place, struct link *link,
		       const char *path, struct err *err)
{
	struct place before = *place;
	int rc;

	before.mode = mode_of(link);
	destroy_link(link, path);
	rc = create_link(nlb, place, err);
	if (rc && create_link(nlb, &before, NULL))
		log_error("nlb: interface '%s': not attached any more", place->ifname);
	return rc;
}

/* ---- pins of links ---- */

struct search {
	unsigned ifindex;
	char path[PATH_MAX];
};

static int is_link_of(const struct nlb_pins *pins, const char *ifname, void *arg, struct err *err)
{
	struct search *search = arg;
	struct link link;
	bool is_it;

	if (open_link(nlb_pins_link_path(pins, ifname, search->path), &link))
		return 0;
	is_it = link.ifindex == search->ifindex;
	fd_close(&link.fd);
	return is_it;
}

/* An interface that was renamed keeps its link. */
static void follow_rename(const struct nlb *nlb, const struct place *place, const char *path)
{
	struct search search = {.ifindex = place->ifindex};

	if (nlb_pins_each_link(&nlb->pins, is_link_of, &search, NULL) <= 0)
		return;
	if (strcmp(search.path, path) && !rename(search.path, path))
		log_info("nlb: interface '%s': its link was pinned under another name",
			 place->ifname);
}

/* The link that is pinned for the interface: 0, or -ENOENT when there is none that is of any use.
 */
static int find_link(const struct nlb *nlb, const struct place *place, const char *path,
		     struct link *link)
{
	int rc;

	follow_rename(nlb, place, path);
	rc = open_link(path, link);
	if (rc == -ENOENT)
		return rc;
	if (!rc && link->ifindex == place->ifindex)
		return 0;
	if (!rc)
		fd_close(&link->fd);
	unlink(path);
	log_info("nlb: interface '%s': its pinned link was of an interface that is gone",
		 place->ifname);
	return -ENOENT;
}

static int adopt_link(struct nlb *nlb, const struct place *place, struct link *link,
		      const char *path, struct err *err)
{
	int rc;

	if (mode_of(link) != place->mode)
		return change_mode(nlb, place, link, path, err);
	rc = update_link(nlb, place, link, err);
	return rc ? rc : hold_link(nlb, place, link->fd, err);
}

static int put_link(struct nlb *nlb, const struct place *place, struct err *err)
{
	char path[PATH_MAX];
	struct link link;
	int rc;

	nlb_keep_pins(nlb);
	nlb_pins_link_path(&nlb->pins, place->ifname, path);
	if (find_link(nlb, place, path, &link))
		return create_link(nlb, place, err);
	rc = adopt_link(nlb, place, &link, path, err);
	fd_close(&link.fd);
	return rc;
}

/* ---- interfaces that packets may be redirected to ---- */

static int add_port(const struct nlb *nlb, const struct place *place, struct err *err)
{
	int fd = nlb->maps.fd[NLB_MAP_TX_PORTS];
	uint32_t ifindex = place->ifindex, there;
	int rc;

	if (!bpf_map_lookup_elem(fd, &ifindex, &there))
		return 0;
	if (!bpf_map_update_elem(fd, &ifindex, &ifindex, BPF_ANY))
		return 0;
	rc = -errno;
	return err_set_errno(err, rc, "map 'tx_ports', interface '%s': update failed",
			     place->ifname);
}

static void remove_port(const struct nlb *nlb, unsigned ifindex)
{
	uint32_t key = ifindex;

	if (ifindex)
		bpf_map_delete_elem(nlb->maps.fd[NLB_MAP_TX_PORTS], &key);
}

static bool is_kept_port(uint32_t ifindex, const char *const *keep, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (if_nametoindex(keep[i]) == ifindex)
			return true;
	return false;
}

static void remove_other_ports(const struct nlb *nlb, const char *const *keep, size_t count)
{
	int fd = nlb->maps.fd[NLB_MAP_TX_PORTS];
	uint32_t ports[NLB_MAX_PORTS], *last = NULL;
	size_t i, found = 0;

	while (found < NLB_MAX_PORTS && !bpf_map_get_next_key(fd, last, &ports[found]))
		last = &ports[found++];
	for (i = 0; i < found; i++)
		if (!is_kept_port(ports[i], keep, count))
			remove_port(nlb, ports[i]);
}

/* ---- the door ---- */

static int find_place(const char *ifname, enum nlb_mode wanted, struct place *place,
		      struct err *err)
{
	place->ifname = ifname;
	place->mode = wanted == NLB_MODE_GENERIC ? NLB_MODE_GENERIC : NLB_MODE_NATIVE;
	place->ifindex = if_nametoindex(ifname);
	if (!place->ifindex)
		return err_set(err, -ENODEV, "interface '%s' does not exist", ifname);
	return 0;
}

int nlb_attach(struct nlb *nlb, const char *ifname, enum nlb_mode wanted, enum nlb_mode *mode,
	       struct err *err)
{
	struct place place;
	int rc = find_place(ifname, wanted, &place, err);

	if (!rc)
		rc = nlb_object_publish(nlb, err);
	if (!rc)
		rc = add_port(nlb, &place, err);
	if (rc)
		return rc;
	rc = put_link(nlb, &place, err);
	if (!rc && mode)
		*mode = place.mode;
	return rc;
}

void nlb_keep_pins(struct nlb *nlb)
{
	nlb_held_links_pin(&nlb->links, &nlb->pins);
}

/* A pin that is no link detaches nothing by being there. */
static int refuse_detach(const char *ifname, const char *path, int rc, struct err *err)
{
	if (rc == -ENOENT)
		return 0;
	if (rc != -EINVAL)
		return err_set(err, rc, "interface '%s': opening '%s' failed: %s", ifname, path,
			       nlb_reason(rc));
	unlink(path);
	log_warn("nlb: '%s' was no link: removed", path);
	return 0;
}

static int detach(const struct nlb_pins *pins, const char *ifname, unsigned *ifindex,
		  struct err *err)
{
	char path[PATH_MAX];
	struct link link;
	int rc = open_link(nlb_pins_link_path(pins, ifname, path), &link);

	*ifindex = 0;
	if (rc)
		return refuse_detach(ifname, path, rc, err);
	*ifindex = link.ifindex;
	destroy_link(&link, path);
	log_info("nlb: interface '%s': detached", ifname);
	return 0;
}

int nlb_detach_interface(struct nlb *nlb, const char *ifname, struct err *err)
{
	unsigned ifindex;
	int rc = detach(&nlb->pins, ifname, &ifindex, err);

	nlb_held_links_detach(&nlb->links, ifname);
	if (!rc)
		remove_port(nlb, ifindex);
	return rc;
}

struct kept {
	const char *const *names;
	size_t count;
};

static int detach_unless_kept(const struct nlb_pins *pins, const char *ifname, void *arg,
			      struct err *err)
{
	const struct kept *kept = arg;
	unsigned ifindex;
	size_t i;

	for (i = 0; i < kept->count; i++)
		if (!strcmp(kept->names[i], ifname))
			return 0;
	return detach(pins, ifname, &ifindex, err);
}

int nlb_detach_others(struct nlb *nlb, const char *const *keep, size_t count, struct err *err)
{
	struct kept kept = {.names = keep, .count = count};
	int rc = nlb_pins_each_link(&nlb->pins, detach_unless_kept, &kept, err);

	if (rc)
		return rc;
	remove_other_ports(nlb, keep, count);
	return 0;
}

int nlb_remove_all(const char *bpffs, struct err *err)
{
	struct kept none = {0};
	struct nlb_pins pins;
	int rc = nlb_pins_open_existing(&pins, bpffs, err);

	if (rc == -ENOENT)
		return 0;
	if (rc)
		return rc;
	rc = nlb_pins_each_link(&pins, detach_unless_kept, &none, err);
	if (!rc)
		rc = nlb_pins_remove(&pins, err);
	nlb_pins_close(&pins);
	return rc;
}
