// SPDX-License-Identifier: BSD-2-Clause
/*
 * Life cycle of the BPF object: open → size the maps → adopt what is pinned, or load → settings →
 * read back → pin. Attaching is attach.c's.
 *
 * Three ways to start:
 *   - the pinned maps fit and the pinned program is of this very object: nothing is loaded, both
 * are adopted;
 *   - the pinned maps fit, the program is another: the new program is loaded around the pinned maps
 * and pinned in its place;
 *   - the maps don't fit, or there are none: new maps and program. While links still run the old
 * program they stay unpinned, so that they vanish with us if we fail, and traffic goes on in the
 * old set until the first nlb_attach(), after the new one was filled.
 *
 * A crash between any two steps leaves something the next start takes: settings.object_digest names
 * the object of the pinned program only while that is certain (it is 0 while the program is
 * exchanged), and whether a link runs the pinned program is asked of the link itself.
 */
#include "nlb/object.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "nlb/adopt.h"
#include "nlb/image.h"
#include "nlb/libbpf_log.h"
#include "nlb/object_bytes.h"
#include "nlb/readback.h"

#define KERNEL_MAJOR_MIN 6
#define KERNEL_MINOR_MIN 1

/* Idle seconds by state; UDP and ESTABLISHED stand here only for entries whose listener said
 * nothing. */
static const uint32_t default_timeout_s[NLB_FLOW_STATES] = {
	[NLB_FLOW_UDP] = 120,	      [NLB_FLOW_SYN_SENT] = 30, [NLB_FLOW_SYN_RECEIVED] = 30,
	[NLB_FLOW_ESTABLISHED] = 350, [NLB_FLOW_CLOSING] = 60,	[NLB_FLOW_TIME_WAIT] = 30,
	[NLB_FLOW_CLOSED] = 10,
};

/* ---- what must be so before anything is tried ---- */

static int check_kernel(struct err *err)
{
	unsigned major = 0, minor = 0;
	struct utsname name;

	if (uname(&name) || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return 0; /* the kernel will say itself what it can't do */
	if (major > KERNEL_MAJOR_MIN || (major == KERNEL_MAJOR_MIN && minor >= KERNEL_MINOR_MIN))
		return 0;
	return err_set(err, -ENOSYS, "kernel %s is too old: Leat needs Linux %d.%d or newer",
		       name.release, KERNEL_MAJOR_MIN, KERNEL_MINOR_MIN);
}

static int check_options(const struct nlb_options *options, struct err *err)
{
	if (!options->bpffs || !options->bpffs[0])
		return err_set(err, -EINVAL, "bpffs: no directory given");
	if (!options->nat_port_first || options->nat_port_last < options->nat_port_first)
		return err_set(err, -EINVAL, "source ports of nat: %u to %u is no range",
			       options->nat_port_first, options->nat_port_last);
	return 0;
}

/* ---- the object, opened but not loaded ---- */

static int set_sizes(struct bpf_object *object, const struct nlb_options *options, struct err *err)
{
	static const enum nlb_map_id tables[] = {NLB_MAP_FLOWS, NLB_MAP_REPLIES};
	unsigned flows = options->flows ? options->flows : NLB_DEFAULT_FLOWS;
	struct bpf_map *map;
	size_t i;
	int rc;

	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		map = bpf_object__find_map_by_name(object, nlb_map_name(tables[i]));
		rc = map ? bpf_map__set_max_entries(map, flows) : -ENOENT;
		if (rc)
			return err_set_errno(err, rc, "sizing map '%s' failed",
					     nlb_map_name(tables[i]));
	}
	return 0;
}

static int open_object(const struct nlb_options *options, struct bpf_object **object,
		       struct err *err)
{
	LIBBPF_OPTS(bpf_object_open_opts, open_opts, .object_name = "nlb");
	size_t size;
	const void *bytes = nlb_object_bytes(&size);
	int rc;

	nlb_libbpf_log_start();
	*object = bpf_object__open_mem(bytes, size, &open_opts);
	if (!*object)
		return err_set_errno(err, -errno, "opening the built-in BPF object failed");
	rc = set_sizes(*object, options, err);
	if (rc) {
		bpf_object__close(*object);
		*object = NULL;
	}
	return rc;
}

/* ---- loading ---- */

static int reuse_maps(const struct nlb *nlb, struct bpf_object *object, struct err *err)
{
	struct bpf_map *map;
	int id, rc;

	for (id = 0; id < NLB_MAP_COUNT; id++) {
		map = bpf_object__find_map_by_name(object, nlb_map_name(id));
		rc = map ? bpf_map__reuse_fd(map, nlb->maps.fd[id]) : -ENOENT;
		if (rc)
			return err_set_errno(err, rc, "reusing map '%s' failed", nlb_map_name(id));
	}
	return 0;
}

/* The verifier refuses with EACCES and EINVAL, missing privileges with EPERM. */
static int refuse_load(int rc, struct err *err)
{
	const char *said = nlb_libbpf_log_tail();

	if (rc == -EPERM)
		return err_set(err, rc, "loading the XDP program is not permitted: %s",
			       nlb_reason(rc));
	if (rc == -ENOSYS)
		return err_set(err, rc, "this kernel has no bpf(2) system call");
	return err_set(err, rc, "the kernel refused the XDP program: %s%s%s", strerror(-rc),
		       said[0] ? ": " : "", said);
}

static int keep(int fd, int *kept)
{
	*kept = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return *kept < 0 ? -errno : 0;
}

static int keep_maps(struct nlb *nlb, struct bpf_object *object)
{
	struct bpf_map *map;
	int id, rc = 0;

	for (id = 0; id < NLB_MAP_COUNT && !rc; id++) {
		map = bpf_object__find_map_by_name(object, nlb_map_name(id));
		rc = map ? keep(bpf_map__fd(map), &nlb->maps.fd[id]) : -ENOENT;
	}
	return rc;
}

static int keep_program(struct nlb *nlb, struct bpf_object *object)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(object, NLB_PIN_PROGRAM);
	struct bpf_prog_info info = {0};
	__u32 len = sizeof(info);
	int rc = prog ? keep(bpf_program__fd(prog), &nlb->prog_fd) : -ENOENT;

	if (rc)
		return rc;
	if (bpf_obj_get_info_by_fd(nlb->prog_fd, &info, &len))
		return -errno;
	nlb->prog_id = info.id;
	return 0;
}

static int load(struct nlb *nlb, struct bpf_object *object, bool has_maps, struct err *err)
{
	int rc = has_maps ? reuse_maps(nlb, object, err) : 0;

	if (rc)
		return rc;
	rc = bpf_object__load(object);
	if (rc)
		return refuse_load(rc, err);
	if (!has_maps)
		rc = keep_maps(nlb, object);
	if (!rc)
		rc = keep_program(nlb, object);
	if (rc)
		return err_set_errno(err, rc, "keeping the loaded BPF object failed");
	return has_maps ? 0 : nlb_maps_share(&nlb->maps, err);
}

/* ---- settings ---- */

/* Both ports lie in one aligned word: a packet sees the old range or the new one. */
static void put_nat_ports(struct nlb_settings *settings, const struct nlb_options *options)
{
	const uint16_t range[2] = {options->nat_port_first, options->nat_port_last};
	uint32_t word;

	_Static_assert(offsetof(struct nlb_settings, nat_port_first) % 4 == 0, "not one word");
	_Static_assert(offsetof(struct nlb_settings, nat_port_last) ==
			       offsetof(struct nlb_settings, nat_port_first) + 2,
		       "not one word");
	memcpy(&word, range, sizeof(word));
	NLB_STORE((uint32_t *)(void *)&settings->nat_port_first, word);
}

static void put_settings(struct nlb *nlb, const struct nlb_options *options, bool are_maps_new)
{
	struct nlb_settings *settings = nlb->maps.settings;
	int state;

	if (are_maps_new)
		memcpy(settings->hash_key, options->hash_key, sizeof(settings->hash_key));
	for (state = 0; state < NLB_FLOW_STATES; state++)
		NLB_STORE(&settings->timeout_s[state], default_timeout_s[state]);
	put_nat_ports(settings, options);
	NLB_STORE(&settings->abi, NLB_ABI);
}

/* ---- the three ways to start ---- */

static int exchange_program(struct nlb *nlb, struct bpf_object *object, struct err *err)
{
	__u64 *digest = &nlb->maps.settings->object_digest;
	int rc = load(nlb, object, true, err);

	if (rc)
		return rc;
	NLB_STORE(digest, 0);
	rc = nlb_pins_replace_program(&nlb->pins, nlb->prog_fd, err);
	if (!rc)
		NLB_STORE(digest, nlb_object_digest());
	return rc;
}

static int start_with_pins(struct nlb *nlb, struct bpf_object *object,
			   const struct nlb_options *options, struct err *err)
{
	int rc = nlb_maps_share(&nlb->maps, err);

	if (!rc && !nlb_adopt_program(nlb, object))
		rc = exchange_program(nlb, object, err);
	if (rc)
		return rc;
	put_settings(nlb, options, false);
	return nlb_readback(&nlb->maps, &nlb->image, err);
}

static int start_anew(struct nlb *nlb, struct bpf_object *object, const struct nlb_options *options,
		      struct err *err)
{
	int rc = load(nlb, object, false, err);

	if (rc)
		return rc;
	put_settings(nlb, options, true);
	nlb->maps.settings->object_digest = nlb_object_digest();
	rc = nlb_readback(&nlb->maps, &nlb->image, err);
	if (rc)
		return rc;
	nlb->is_unpublished = true;
	return nlb_pins_has_links(&nlb->pins) ? 0 : nlb_object_publish(nlb, err);
}

void nlb_object_wait_for_grace(uint64_t since_ms)
{
	uint64_t passed_ms = clock_mono_ms() - since_ms;
	struct timespec rest = {0};

	if (passed_ms >= NLB_GRACE_MS)
		return;
	rest.tv_nsec = (long)(NLB_GRACE_MS - passed_ms) * 1000000;
	while (nanosleep(&rest, &rest) && errno == EINTR)
		;
}

static int start(struct nlb *nlb, const struct nlb_options *options, struct err *err)
{
	uint64_t began_ms = clock_mono_ms();
	struct bpf_object *object;
	int rc = nlb_pins_recover(&nlb->pins, err);

	if (rc)
		return rc;
	rc = open_object(options, &object, err);
	if (rc)
		return rc;
	if (nlb_adopt_maps(nlb, object)) {
		rc = start_with_pins(nlb, object, options, err);
		if (!rc)
			nlb_object_wait_for_grace(began_ms);
	} else {
		rc = start_anew(nlb, object, options, err);
	}
	bpf_object__close(object);
	return rc;
}

int nlb_open(const struct nlb_options *options, struct nlb **nlb, struct err *err)
{
	struct nlb *plane;
	int rc = check_options(options, err);

	if (!rc)
		rc = check_kernel(err);
	if (rc)
		return rc;
	plane = calloc(1, sizeof(*plane));
	if (!plane)
		return -ENOMEM;
	plane->prog_fd = -1;
	nlb_maps_init(&plane->maps);
	nlb_held_links_init(&plane->links);
	rc = nlb_pins_open(&plane->pins, options->bpffs, err);
	if (!rc)
		rc = start(plane, options, err);
	if (rc) {
		nlb_close(plane);
		return rc;
	}
	*nlb = plane;
	return 0;
}

void nlb_close(struct nlb *nlb)
{
	if (!nlb)
		return;
	nlb_census_free(nlb->census);
	nlb_image_free(nlb->image);
	nlb_maps_fini(&nlb->maps);
	nlb_held_links_fini(&nlb->links);
	fd_close(&nlb->prog_fd);
	nlb_pins_close(&nlb->pins);
	free(nlb);
}

int nlb_object_publish(struct nlb *nlb, struct err *err)
{
	int rc;

	if (!nlb->is_unpublished)
		return 0;
	rc = nlb_pins_publish(&nlb->pins, &nlb->maps, nlb->prog_fd, err);
	if (!rc)
		nlb->is_unpublished = false;
	return rc;
}

const struct nlb_image *nlb_image(const struct nlb *nlb)
{
	return nlb->image;
}

void nlb_heartbeat(struct nlb *nlb, uint64_t mono_ns)
{
	NLB_STORE(&nlb->maps.settings->heartbeat_ns, mono_ns);
}
