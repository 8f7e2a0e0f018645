/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * up: check → plan → load → write the plan down → addresses, sysctls → attach last. What can be
 * refused is refused before anything is changed. Run again it changes what differs; what an earlier
 * run had changed and is no longer wanted is taken back.
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "commands.h"
#include "hooks.h"
#include "sysctls.h"

#define IPV4_TCP_BYTES 40
#define IPV6_TCP_BYTES 60
#define OUTER_MOST     (40 + 8 + 4 + 20) /* IPv6, UDP, GUE, an IPv6 alternate: leat/gue.h */
#define MTU_MIN	       576

struct up {
	const struct options *options;
	struct state before, state;
	struct own_addresses own;
	struct program program;
};

/* ---- MSS ---- */

uint16_t mss_for_mtu(unsigned mtu, int family)
{
	unsigned headers = OUTER_MOST + (family == 4 ? IPV4_TCP_BYTES : IPV6_TCP_BYTES);
	unsigned mss = (mtu < MTU_MIN ? MTU_MIN : mtu) - headers;

	return (uint16_t)(mss > MSS_MAX ? MSS_MAX : mss);
}

static unsigned mtu_of(const char *ifname)
{
	struct ifreq ifr = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	rc = fd < 0 ? -1 : ioctl(fd, SIOCGIFMTU, &ifr);
	fd_close(&fd);
	return rc ? 0 : (unsigned)ifr.ifr_mtu;
}

unsigned smallest_mtu(const struct state *state)
{
	unsigned smallest = 0, mtu;
	size_t i;

	for (i = 0; i < state->interface_count; i++) {
		mtu = mtu_of(state->interfaces[i].name);
		if (mtu && (!smallest || mtu < smallest))
			smallest = mtu;
	}
	return smallest;
}

static void choose_mss(struct state *state)
{
	if (state->l2 || state->mss == MSS_OFF)
		return;
	state->mss4 = state->mss6 = (uint16_t)state->mss;
	if (state->mss != MSS_AUTO)
		return;
	state->mss4 = mss_for_mtu(smallest_mtu(state), 4);
	state->mss6 = mss_for_mtu(smallest_mtu(state), 6);
}

/* ---- check and plan ---- */

static int check_interface(const char *name, struct err *err)
{
	if (!strcmp(name, "lo"))
		return err_set(err, -EINVAL,
			       "interface 'lo': packets from a load balancer don't arrive there");
	if (!if_nametoindex(name))
		return err_set(err, -ENODEV, "interface '%s' does not exist", name);
	return 0;
}

static int plan_interfaces(struct up *up, struct err *err)
{
	const struct state_interface *earlier;
	struct state_interface *interface;
	size_t i;
	int rc;

	for (i = 0; i < up->options->interface_count; i++) {
		rc = check_interface(up->options->interfaces[i], err);
		if (rc)
			return rc;
		interface = &up->state.interfaces[up->state.interface_count++];
		earlier = state_find_interface(&up->before, up->options->interfaces[i]);
		if (earlier)
			*interface = *earlier;
		snprintf(interface->name, sizeof(interface->name), "%s",
			 up->options->interfaces[i]);
	}
	return 0;
}

static int plan(struct up *up, struct err *err)
{
	const struct options *options = up->options;
	struct state *state = &up->state;
	int rc;

	state->is_up = true;
	state->l2 = options->l2;
	state->second_hop = options->second_hop;
	state->mode = options->mode;
	state->gue_port = options->gue_port;
	state->mss = options->mss;
	state->vips = options->vips;
	if (snprintf(state->bpffs, sizeof(state->bpffs), "%s", options->bpffs) >=
	    (int)sizeof(state->bpffs))
		return err_set(err, -ENAMETOOLONG, "--bpffs: the path is too long");
	if (up->before.is_up && !up->before.l2 && strcmp(up->before.bpffs, state->bpffs))
		return err_set(
			err, -EBUSY,
			"this target is set up with --bpffs %s: run 'leat-target down' first",
			up->before.bpffs);
	rc = plan_interfaces(up, err);
	choose_mss(state);
	if (!rc)
		rc = addresses_plan(&up->before, state, err);
	if (!rc)
		rc = sysctls_plan(&up->before, state, err);
	if (!rc && !state->l2)
		rc = addresses_find_own(&state->vips, state->interfaces[0].name, &up->own, err);
	return rc;
}

/* ---- carry out ---- */

static int load(struct up *up, struct err *err)
{
	int rc;

	if (up->state.l2)
		return 0;
	rc = program_load(&up->program, up->state.bpffs, err);
	return rc ? rc : program_fill(&up->program, &up->state, &up->own, err);
}

/* What both the run before and this one changed, so that no crash in between loses track of it. */
static int write_both(const struct up *up, struct err *err)
{
	struct state *both = malloc(sizeof(*both));
	size_t i;
	int rc = both ? 0 : -ENOMEM;

	if (rc)
		return rc;
	*both = up->state;
	for (i = 0; !rc && i < up->before.added.count; i++)
		rc = vips_add(&both->added, &up->before.added.at[i], err);
	for (i = 0; i < up->before.sysctl_count; i++)
		if (!state_find_sysctl(both, up->before.sysctls[i].name) &&
		    both->sysctl_count < SYSCTLS_MAX)
			both->sysctls[both->sysctl_count++] = up->before.sysctls[i];
	for (i = 0; i < up->before.interface_count; i++)
		if (!state_find_interface(both, up->before.interfaces[i].name) &&
		    both->interface_count < INTERFACES_MAX)
			both->interfaces[both->interface_count++] = up->before.interfaces[i];
	if (!rc)
		rc = state_write(up->options->state_dir, both, err);
	free(both);
	return rc;
}

static int attach_all(struct up *up, FILE *out, struct err *err)
{
	size_t i;
	int rc = 0;

	if (up->state.l2)
		return 0;
	for (i = 0; !rc && i < up->state.interface_count; i++)
		rc = hooks_attach(&up->program, &up->state, &up->state.interfaces[i], out, err);
	return rc;
}

/* Of the run before, what this one does not want. */
static int take_the_rest(struct up *up, FILE *out, struct err *err)
{
	struct state *before = &up->before;
	size_t i;

	for (i = 0; i < before->interface_count; i++)
		if (!before->l2 &&
		    (up->state.l2 || !state_find_interface(&up->state, before->interfaces[i].name)))
			hooks_detach(before->bpffs, &before->interfaces[i], out);
	if (before->is_up && !before->l2 && up->state.l2)
		program_unpin(before->bpffs);
	for (i = 0; up->state.l2 && i < up->state.interface_count; i++) {
		up->state.interfaces[i].mode = TARGET_AUTO;
		up->state.interfaces[i].made_clsact = false;
	}
	sysctls_take(before, &up->state, out);
	return addresses_take(&before->added, &up->state.vips, out, err);
}

static int carry_out(struct up *up, FILE *out, struct err *err)
{
	int rc = addresses_put(&up->state, out, err);

	if (!rc)
		rc = sysctls_put(&up->state, out, err);
	if (!rc)
		rc = attach_all(up, out, err);
	if (!rc)
		rc = take_the_rest(up, out, err);
	if (!rc)
		rc = state_write(up->options->state_dir, &up->state, err);
	return rc;
}

/* A first `up` that fails leaves nothing behind; a later one what was there, and what it reached.
 */
static void give_up(struct up *up)
{
	FILE *nowhere = fopen("/dev/null", "w");

	if (!up->before.is_up && nowhere && !take_down(&up->state, nowhere, NULL))
		state_remove(up->options->state_dir);
	if (nowhere)
		fclose(nowhere);
}

static void say_done(const struct state *state, FILE *out)
{
	fprintf(out, "up: %zu VIP%s, %s\n", state->vips.count, state->vips.count == 1 ? "" : "s",
		state->l2 ? "mode l2" : "modes ipip and gue");
	if (state->mss4)
		fprintf(out, "MSS that VIPs announce: at most %u (IPv4), %u (IPv6)\n", state->mss4,
			state->mss6);
}

static int run(struct up *up, FILE *out, struct err *err)
{
	int rc = state_read(up->options->state_dir, &up->before, err);

	if (!rc)
		rc = plan(up, err);
	if (!rc)
		rc = write_both(up, err);
	if (rc)
		return rc;
	rc = load(up, err);
	if (!rc)
		rc = carry_out(up, out, err);
	if (rc)
		give_up(up);
	else
		say_done(&up->state, out);
	program_close(&up->program);
	return rc;
}

int command_up(const struct options *options, FILE *out, struct err *err)
{
	struct up *up = calloc(1, sizeof(*up));
	int lock_fd = -1, rc;

	if (!up)
		return err_set(err, -ENOMEM, "out of memory");
	program_quiet();
	up->options = options;
	rc = state_lock(options->state_dir, &lock_fd, err);
	if (!rc)
		rc = run(up, out, err);
	fd_close(&lock_fd);
	free(up);
	return rc;
}
