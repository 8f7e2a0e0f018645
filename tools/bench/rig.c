// SPDX-License-Identifier: BSD-2-Clause
/* libbpf and the skeletons, confined to this file (world.c writes maps). */
#include "rig.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <leat/nlb_abi.h>

#include "bench.skel.h"
#include "nlb.skel.h"

#define PROGRAM "nlb_ingress"

/* ---- loading ---- */

static void share_maps(struct bpf_object *object, const struct bpf_object *with)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, object)
	{
		int fd = bpf_object__find_map_fd_by_name(with, bpf_map__name(map));

		if (fd >= 0 && !bpf_map__is_internal(map) && bpf_map__reuse_fd(map, fd))
			err(1, "map '%s' can't be shared", bpf_map__name(map));
	}
}

static void size_table(struct bpf_object *object, const char *name, uint32_t entries)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	if (!map || bpf_map__set_max_entries(map, entries))
		errx(1, "map '%s' can't be sized", name);
}

/* file NULL: the object that was built with the bench. */
static struct bpf_object *open_object(const char *file)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "nlb");
	struct bpf_object *object;
	size_t bytes;
	const void *elf = nlb__elf_bytes(&bytes);

	object = file ? bpf_object__open_file(file, NULL) : bpf_object__open_mem(elf, bytes, &opts);
	if (!object)
		err(1, "'%s' can't be opened", file ? file : PROGRAM);
	return object;
}

static int load_object(struct rig *rig, const char *file, uint32_t table)
{
	struct bpf_object *object = open_object(file);
	struct bpf_program *program = bpf_object__find_program_by_name(object, PROGRAM);

	if (!program)
		errx(1, "'%s' has no program " PROGRAM, file);
	size_table(object, "flows", table);
	size_table(object, "replies", table);
	if (rig->object_count)
		share_maps(object, rig->objects[0]);
	if (bpf_object__load(object))
		err(1, "the kernel refuses '%s'", file ? file : PROGRAM);
	rig->objects[rig->object_count++] = object;
	return bpf_program__fd(program);
}

static struct subject *add_subject(struct rig *rig, const char *name, enum subject_kind kind)
{
	struct subject *s = &rig->subjects[rig->subject_count++];

	if (rig->subject_count > RIG_SUBJECTS_MAX - 1)
		errx(1, "too many programs");
	*s = (struct subject){.name = name, .kind = kind};
	return s;
}

static void add_object(struct rig *rig, const char *name, enum subject_kind kind, const char *file,
		       uint32_t table)
{
	struct subject *s = add_subject(rig, name, kind);
	int i;

	if (rig->object_count + RIG_COPIES > RIG_OBJECTS_MAX * RIG_COPIES)
		errx(1, "too many variants");
	for (i = 0; i < RIG_COPIES; i++)
		s->programs[i] = load_object(rig, file, table);
}

static const char *name_of_path(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void add_peer(struct rig *rig, const char *path)
{
	struct subject *s = add_subject(rig, name_of_path(path), SUBJECT_PEER);
	int i, fd = bpf_obj_get(path);

	if (fd < 0)
		err(1, "peer '%s'", path);
	for (i = 0; i < RIG_COPIES; i++)
		s->programs[i] = fd;
}

static void add_floors(struct rig *rig)
{
	struct subject *pass = add_subject(rig, "pass", SUBJECT_FLOOR);
	struct subject *tx = add_subject(rig, "tx", SUBJECT_FLOOR);
	struct subject *encap = add_subject(rig, "encap", SUBJECT_FLOOR);
	int i;

	for (i = 0; i < RIG_COPIES; i++) {
		pass->programs[i] = bpf_program__fd(rig->wrappers[i]->progs.bench_pass);
		tx->programs[i] = bpf_program__fd(rig->wrappers[i]->progs.bench_tx);
		encap->programs[i] = bpf_program__fd(rig->wrappers[i]->progs.bench_encap);
	}
	rig->tx = (int)(tx - rig->subjects);
}

static void share_tables(struct bench *wrapper, const struct bench *with)
{
	if (bpf_map__reuse_fd(wrapper->maps.frames, bpf_map__fd(with->maps.frames)) ||
	    bpf_map__reuse_fd(wrapper->maps.outputs, bpf_map__fd(with->maps.outputs)))
		err(1, "the wrapper's tables can't be shared");
}

static void load_wrappers(struct rig *rig)
{
	int i;

	for (i = 0; i < RIG_COPIES; i++) {
		struct bench *wrapper = bench__open();

		if (!wrapper)
			err(1, "the wrapper can't be opened");
		if (i)
			share_tables(wrapper, rig->wrappers[0]);
		if (bench__load(wrapper))
			err(1, "the kernel refuses the wrapper");
		rig->wrappers[i] = wrapper;
	}
}

static struct bench_frame *map_table(const struct bpf_map *map)
{
	void *at = mmap(NULL, sizeof(struct bench_frame) * BENCH_FRAMES_MAX, PROT_READ | PROT_WRITE,
			MAP_SHARED, bpf_map__fd(map), 0);

	if (at == MAP_FAILED)
		err(1, "the table of packets");
	return at;
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, fmt, args) : 0;
}

void rig_open(struct rig *rig, const struct rig_options *options)
{
	const char *const *at;

	libbpf_set_print(quiet);
	*rig = (struct rig){.ifindex = if_nametoindex(options->ifname), .table = options->table};
	if (!rig->ifindex)
		errx(1, "no interface '%s': start the bench by tools/bench/run", options->ifname);
	load_wrappers(rig);
	rig->frames = map_table(rig->wrappers[0]->maps.frames);
	rig->outputs = map_table(rig->wrappers[0]->maps.outputs);
	add_floors(rig);
	rig->leat = rig->subject_count;
	add_object(rig, "leat", SUBJECT_LEAT, NULL, options->table);
	for (at = options->variants; *at; at++)
		add_object(rig, name_of_path(*at), SUBJECT_VARIANT, *at, options->table);
	for (at = options->peers; *at; at++)
		add_peer(rig, *at);
	rig_use_copy(rig, 0);
}

void rig_close(struct rig *rig)
{
	int i;

	bpf_xdp_detach((int)rig->ifindex, XDP_FLAGS_SKB_MODE, NULL);
	for (i = 0; i < rig->object_count; i++)
		bpf_object__close(rig->objects[i]);
	for (i = 0; i < RIG_COPIES; i++)
		bench__destroy(rig->wrappers[i]);
}

/* ---- running ---- */

/* The wrapper is attached, so that it has its place in the kernel's XDP dispatcher. Otherwise each
 * test run would give it one and take it away, and wait for all CPUs both times. */
void rig_use_copy(struct rig *rig, int copy)
{
	int fd = bpf_program__fd(rig->wrappers[copy]->progs.bench_wrapper);

	if (bpf_xdp_attach((int)rig->ifindex, fd, XDP_FLAGS_SKB_MODE, NULL))
		err(1, "the wrapper can't be attached");
	rig->copy = copy;
}

static void put_subject(struct rig *rig, const struct subject *s)
{
	int slots = bpf_map__fd(rig->wrappers[rig->copy]->maps.subject);
	uint32_t zero = 0;

	if (bpf_map_update_elem(slots, &zero, &s->programs[rig->copy], BPF_ANY))
		err(1,
		    "'%s' can't be called by the wrapper (a peer must not be an xdp.frags program)",
		    s->name);
}

/* The kernel's figure leaves out when somebody else had the CPU, but is cut to whole nanoseconds;
 * the wrapper's is exact if nobody had. */
static double time_of(const struct bench_run *run, uint32_t duration_ns)
{
	double ns = (double)(run->ended_ns - run->started_ns) / (run->packets - 1);

	return ns < duration_ns * 1.01 + 2 ? ns : duration_ns + 0.5;
}

struct rig_result rig_run(struct rig *rig, int subject, const struct rig_job *job)
{
	const struct subject *s = &rig->subjects[subject];
	struct bench *wrapper = rig->wrappers[rig->copy];
	struct bench_run *run = &wrapper->bss->run;
	struct bench_frame last = {0};
	struct xdp_md ctx = {.data_end = job->frame_bytes, .ingress_ifindex = rig->ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = rig->frames,
		    .data_size_in = job->frame_bytes, .data_out = last.words,
		    .data_size_out = sizeof(last.words), .ctx_in = &ctx, .ctx_size_in = sizeof(ctx),
		    .repeat = (int)job->packets);
	int error;

	put_subject(rig, s);
	*run = (struct bench_run){.next = job->first,
				  .frames = job->frames,
				  .frame_bytes = job->frame_bytes,
				  .packets = job->packets,
				  .captures = job->captures};
	error = bpf_prog_test_run_opts(bpf_program__fd(wrapper->progs.bench_wrapper), &opts);
	if (error && error != -ENOSPC) /* -ENOSPC: what came out is longer than `last` */
		errx(1, "'%s' can't be run: %s", s->name, strerror(-error));
	if (run->done != job->packets || run->failures)
		errx(1, "'%s': %u packets run instead of %u, %u not in place", s->name, run->done,
		     job->packets, run->failures);
	last.bytes = opts.data_size_out;
	if (job->captures)
		rig->outputs[run->last] = last;
	return (struct rig_result){time_of(run, opts.duration), opts.retval};
}

/* ---- Leat's maps ---- */

int rig_map(const struct rig *rig, const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(rig->objects[0], name);

	if (fd < 0)
		errx(1, "there is no map '%s'", name);
	return fd;
}

uint64_t rig_verdict(const struct rig *rig, uint32_t verdict)
{
	int i, cpus = libbpf_num_possible_cpus();
	struct nlb_count *counts = calloc((size_t)cpus, sizeof(*counts));
	uint64_t packets = 0;

	if (!counts || bpf_map_lookup_elem(rig_map(rig, "verdict_stats"), &verdict, counts))
		err(1, "map 'verdict_stats'");
	for (i = 0; i < cpus; i++)
		packets += counts[i].packets;
	free(counts);
	return packets;
}
