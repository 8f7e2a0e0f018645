/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attach and detach. The truth about a hook is asked of the kernel every time: which program, which
 * interface.
 *
 * Filters stand first (priority 1), for an earlier one that accepts would keep packets from us; the
 * handle is ours. A qdisc that we made goes with our last filter, if nobody else has one in it by
 * then.
 */
#include "hooks.h"

#include <errno.h>
#include <limits.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/fd.h"
#include "netlink.h"

#define FILTER_PRIORITY 1
#define FILTER_HANDLE	0x1ea7

struct filter {
	const char *program;
	enum bpf_tc_attach_point point;
};

static const struct filter ingress = {"decap_tc", BPF_TC_INGRESS};
static const struct filter egress = {"decap_mss", BPF_TC_EGRESS};

/* ---- XDP ---- */

/* bpffs takes no dots in names. */
static char *link_path(const char *dir, const char *ifname, char path[PATH_MAX])
{
	char name[IF_NAMESIZE + 8], *dot;

	snprintf(name, sizeof(name), "link_%s", ifname);
	for (dot = name; (dot = strchr(dot, '.'));)
		*dot = ':';
	return program_path(dir, name, path);
}

/* The pinned link, its program and interface: a descriptor, or -errno. */
static int open_link(const char *dir, const char *ifname, struct bpf_link_info *info)
{
	char path[PATH_MAX];
	uint32_t len = sizeof(*info);
	int fd = bpf_obj_get(link_path(dir, ifname, path));

	memset(info, 0, sizeof(*info));
	if (fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(fd, info, &len) || info->type != BPF_LINK_TYPE_XDP) {
		fd_close(&fd);
		return -EINVAL;
	}
	return fd;
}

static void remove_link(const char *dir, const char *ifname)
{
	struct bpf_link_info info;
	char path[PATH_MAX];
	int fd = open_link(dir, ifname, &info);

	if (fd >= 0)
		bpf_link_detach(fd); /* at once, whoever else holds it */
	fd_close(&fd);
	unlink(link_path(dir, ifname, path));
}

static int create_link(const struct program *program, const char *ifname, unsigned ifindex)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	char path[PATH_MAX];
	int fd, rc;

	unlink(link_path(program->dir, ifname, path));
	fd = bpf_link_create(program_fd(program, "decap_xdp"), (int)ifindex, BPF_XDP, &opts);
	if (fd < 0)
		return -errno;
	rc = bpf_obj_pin(fd, path) ? -errno : 0;
	fd_close(&fd);
	return rc;
}

/* 0 or -errno; *is_new: it was not attached before. */
static int attach_xdp(const struct program *program, const char *ifname, unsigned ifindex,
		      bool *is_new)
{
	struct bpf_link_info info;
	int fd = open_link(program->dir, ifname, &info), rc;

	*is_new = fd < 0 || info.xdp.ifindex != ifindex;
	if (*is_new) {
		fd_close(&fd);
		return create_link(program, ifname, ifindex);
	}
	rc = bpf_link_update(fd, program_fd(program, "decap_xdp"), NULL) ? -errno : 0;
	fd_close(&fd);
	return rc;
}

static const char *xdp_reason(int rc)
{
	switch (rc) {
	case -EOPNOTSUPP:
		return "the driver has none, or an offload as LRO is in its way";
	case -EBUSY:
	case -EEXIST:
		return "another XDP program is there";
	default:
		return strerror(-rc);
	}
}

/* ---- tc ---- */

static struct bpf_tc_hook hook_of(unsigned ifindex, enum bpf_tc_attach_point point)
{
	return (struct bpf_tc_hook){
		.sz = sizeof(struct bpf_tc_hook),
		.ifindex = (int)ifindex,
		.attach_point = point,
	};
}

/* The program of our filter, 0: there is none. */
static uint32_t filter_program(const struct filter *filter, unsigned ifindex)
{
	struct bpf_tc_hook hook = hook_of(ifindex, filter->point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);

	return bpf_tc_query(&hook, &opts) ? 0 : opts.prog_id;
}

static int make_clsact(struct state_interface *interface, unsigned ifindex, struct err *err)
{
	struct bpf_tc_hook hook = hook_of(ifindex, BPF_TC_INGRESS | BPF_TC_EGRESS);
	int rc = bpf_tc_hook_create(&hook);

	if (!rc)
		interface->made_clsact = true;
	if (!rc || rc == -EEXIST)
		return 0;
	return err_set(err, rc, "interface '%s': making the clsact qdisc failed: %s",
		       interface->name, strerror(-rc));
}

static int attach_filter(const struct program *program, const struct filter *filter,
			 struct state_interface *interface, unsigned ifindex, struct err *err)
{
	struct bpf_tc_hook hook = hook_of(ifindex, filter->point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY,
		    .prog_fd = program_fd(program, filter->program), .flags = BPF_TC_F_REPLACE);
	int rc = make_clsact(interface, ifindex, err);

	if (rc)
		return rc;
	rc = bpf_tc_attach(&hook, &opts);
	if (!rc)
		return 0;
	return err_set(
		err, rc,
		"interface '%s': attaching to tc %s failed: %s (is there a filter of another "
		"kind with priority %d? see 'tc filter show dev %s %s')",
		interface->name, filter->point == BPF_TC_INGRESS ? "ingress" : "egress",
		strerror(-rc), FILTER_PRIORITY, interface->name,
		filter->point == BPF_TC_INGRESS ? "ingress" : "egress");
}

/* Only a program that is called as ours. */
static void remove_filter(const struct filter *filter, unsigned ifindex)
{
	struct bpf_tc_hook hook = hook_of(ifindex, filter->point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info), id = filter_program(filter, ifindex);
	int fd = id ? bpf_prog_get_fd_by_id(id) : -1;

	if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) &&
	    !strcmp(info.name, filter->program))
		bpf_tc_detach(&hook, &opts);
	fd_close(&fd);
}

static void remove_clsact(const struct state_interface *interface, unsigned ifindex)
{
	struct bpf_tc_hook hook = hook_of(ifindex, BPF_TC_INGRESS | BPF_TC_EGRESS);

	if (interface->made_clsact && netlink_count_filters(ifindex) == 0)
		bpf_tc_hook_destroy(&hook);
}

/* ---- both ---- */

/* The mode that came of it, or -errno with err. had_filter: tc was ours before this command. */
static int attach_decap(const struct program *program, const struct state *state,
			struct state_interface *interface, unsigned ifindex, bool had_filter,
			FILE *out, struct err *err)
{
	const char *name = interface->name;
	bool is_new = false;
	int rc = -EOPNOTSUPP;

	if (state->mode != TARGET_TC) {
		rc = attach_xdp(program, name, ifindex, &is_new);
		if (!rc && is_new)
			fprintf(out, "interface '%s': decapsulation attached (native XDP)\n", name);
		if (!rc)
			return TARGET_XDP;
		if (state->mode == TARGET_XDP)
			return err_set(
				err, rc,
				"interface '%s': native XDP refused: %s; --mode tc works with "
				"every driver",
				name, xdp_reason(rc));
	}
	if (!had_filter && state->mode == TARGET_AUTO)
		fprintf(out, "interface '%s': no native XDP (%s), so tc\n", name, xdp_reason(rc));
	rc = attach_filter(program, &ingress, interface, ifindex, err);
	if (!rc && !had_filter)
		fprintf(out, "interface '%s': decapsulation attached (tc)\n", name);
	return rc ? rc : TARGET_TC;
}

static bool wants_ingress(const struct state *state, enum target_mode mode)
{
	return mode == TARGET_TC || (mode == TARGET_XDP && state->second_hop);
}

static bool wants_egress(const struct state *state)
{
	return state->mss4 || state->mss6;
}

int hooks_attach(const struct program *program, const struct state *state,
		 struct state_interface *interface, FILE *out, struct err *err)
{
	unsigned ifindex = if_nametoindex(interface->name);
	bool had_filter;
	int rc = 0, mode;

	if (!ifindex)
		return err_set(err, -ENODEV, "interface '%s' does not exist", interface->name);
	had_filter = filter_program(&ingress, ifindex);
	/* before what hands packets over to it */
	if (wants_egress(state))
		rc = attach_filter(program, &egress, interface, ifindex, err);
	if (!rc && state->second_hop)
		rc = attach_filter(program, &ingress, interface, ifindex, err);
	if (rc)
		return rc;
	mode = attach_decap(program, state, interface, ifindex, had_filter, out, err);
	if (mode < 0)
		return mode;
	interface->mode = (enum target_mode)mode;
	if (interface->mode == TARGET_TC)
		remove_link(program->dir, interface->name);
	if (!wants_ingress(state, interface->mode))
		remove_filter(&ingress, ifindex);
	if (!wants_egress(state))
		remove_filter(&egress, ifindex);
	return 0;
}

void hooks_detach(const char *dir, const struct state_interface *interface, FILE *out)
{
	unsigned ifindex = if_nametoindex(interface->name);

	remove_link(dir, interface->name);
	if (!ifindex)
		return;
	remove_filter(&ingress, ifindex);
	remove_filter(&egress, ifindex);
	remove_clsact(interface, ifindex);
	fprintf(out, "interface '%s': detached\n", interface->name);
}

static const char *xdp_problem(const char *dir, const char *ifname, unsigned ifindex)
{
	struct bpf_link_info info;
	int fd = open_link(dir, ifname, &info);

	if (fd < 0)
		return "the XDP program is gone";
	fd_close(&fd);
	if (info.xdp.ifindex != ifindex)
		return "the XDP program is gone, for the interface was made anew";
	if (info.prog_id != program_pinned_id(dir, "decap_xdp"))
		return "another XDP program has taken the place of ours";
	return NULL;
}

const char *hooks_problem(const char *dir, const struct state *state,
			  const struct state_interface *interface)
{
	unsigned ifindex = if_nametoindex(interface->name);
	const char *problem = NULL;

	if (!ifindex)
		return "does not exist";
	if (state->l2)
		return NULL;
	if (interface->mode == TARGET_XDP)
		problem = xdp_problem(dir, interface->name, ifindex);
	if (!problem && wants_ingress(state, interface->mode) &&
	    filter_program(&ingress, ifindex) != program_pinned_id(dir, ingress.program))
		problem = "the tc filter of ingress is gone";
	if (!problem && wants_egress(state) &&
	    filter_program(&egress, ifindex) != program_pinned_id(dir, egress.program))
		problem = "the tc filter of egress, which lowers the MSS, is gone";
	return problem;
}
