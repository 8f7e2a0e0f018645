/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The programs that are compared, and running one of them over the table of packets. What is ours
 * is loaded several times: where the kernel's JIT happens to put a program moves its time by
 * several per cent, so rounds take turns among the copies. All copies share one set of maps.
 */
#ifndef LEAT_BENCH_RIG_H
#define LEAT_BENCH_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "bench_abi.h"

#define RIG_COPIES	 4
#define RIG_SUBJECTS_MAX 24
#define RIG_OBJECTS_MAX	 16

struct bench;
struct bpf_object;

enum subject_kind {
	SUBJECT_FLOOR,	 /* pass, tx, encap */
	SUBJECT_LEAT,	 /* the object that was built with the bench */
	SUBJECT_VARIANT, /* another object, on the same maps */
	SUBJECT_PEER,	 /* somebody else's, on its own maps */
};

struct subject {
	const char *name;
	enum subject_kind kind;
	int programs[RIG_COPIES];
};

struct rig_options {
	uint32_t table; /* entries of the flow tables */
	const char *ifname;
	const char *const *variants; /* files; NULL at the end */
	const char *const *peers;    /* pinned programs; NULL at the end */
};

struct rig {
	uint32_t ifindex;
	uint32_t table; /* entries of the flow tables */
	struct bench *wrappers[RIG_COPIES];
	struct bpf_object *objects[RIG_OBJECTS_MAX * RIG_COPIES];
	int object_count;
	struct subject subjects[RIG_SUBJECTS_MAX];
	int subject_count;
	int tx, leat; /* subjects by number */
	int copy;     /* in use */
	struct bench_frame *frames, *outputs;
};

struct rig_job {
	uint32_t first;	  /* index of the first frame */
	uint32_t frames;  /* that the table has */
	uint32_t packets; /* to be run: any number, the table wraps */
	uint32_t frame_bytes;
	bool captures;
};

struct rig_result {
	double ns;	 /* a packet, wrapper included */
	uint32_t action; /* of the last packet */
};

/* All of these end the program with a message when the kernel refuses. */
void rig_open(struct rig *rig, const struct rig_options *options);
void rig_close(struct rig *rig);
void rig_use_copy(struct rig *rig, int copy);
/* With `captures`, outputs[i] is afterwards what became of frames[i]. */
struct rig_result rig_run(struct rig *rig, int subject, const struct rig_job *job);

int rig_map(const struct rig *rig, const char *name);	       /* of Leat; descriptor */
uint64_t rig_verdict(const struct rig *rig, uint32_t verdict); /* packets counted so far */

#endif
