// SPDX-License-Identifier: BSD-2-Clause
/* The native maps beside the kernel's, and the comparison of both after a packet. */
#include "twin.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "leat/nlb_abi.h"
#include "native/native.h"
#include "program.h"

#define MAPS_MAX	  64
#define VALUES_MAX	  (64 * 1024)
#define DIFFERENCES_SHOWN 4
#define PORT_TRIES	  32 /* SNAT_PORT_TRIES of bpf/config.h */

struct pair {
	int fd;
	struct native_map *map;
};

struct twin {
	struct native *native;
	native_program *program;
	struct pair pairs[MAPS_MAX];
	int count;
	int cpu;
};

unsigned long twin_agreed;

const char *twin_build(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return "with sanitizers";
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
	return "with sanitizers";
#else
	return "without sanitizers";
#endif
#else
	return "without sanitizers";
#endif
}

/* ---- pairs of maps ---- */

static struct native_map *of_fd(const struct twin *t, int fd)
{
	int i;

	for (i = 0; i < t->count; i++)
		if (t->pairs[i].fd == fd)
			return t->pairs[i].map;
	return NULL;
}

static struct native_map *of_name(const struct twin *t, const char *name)
{
	int i;

	for (i = 0; i < t->count; i++)
		if (!strcmp(native_map_name(t->pairs[i].map), name))
			return t->pairs[i].map;
	return NULL;
}

static int fd_of(const struct twin *t, const struct native_map *map)
{
	int i;

	for (i = 0; i < t->count; i++)
		if (t->pairs[i].map == map)
			return t->pairs[i].fd;
	return -1;
}

static bool is_per_cpu(const struct native_map *map)
{
	uint32_t type = native_map_shape(map)->type;

	return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

/* Of a value as the kernel hands it over, the part of our CPU. */
static const void *own_value(const struct twin *t, const struct native_map *map, const void *values)
{
	size_t bytes = (native_map_shape(map)->value_bytes + 7u) / 8 * 8;

	return is_per_cpu(map) ? (const uint8_t *)values + (size_t)t->cpu * bytes : values;
}

/* NULL: no such entry. Valid until the next call. */
static const void *kernel_get(const struct twin *t, const struct native_map *map, const void *key)
{
	static uint64_t values[VALUES_MAX / 8];

	if (bpf_map_lookup_elem(fd_of(t, map), key, values))
		return NULL;
	return own_value(t, map, values);
}

/* ---- open, close ---- */

/* Its programs come from the object's initializers, natively too. */
static bool is_left_out(const struct bpf_map *map)
{
	return bpf_map__type(map) == BPF_MAP_TYPE_PROG_ARRAY ||
	       (bpf_map__is_internal(map) && strstr(bpf_map__name(map), ".rodata"));
}

static bool add_pair(struct twin *t, const struct bpf_map *map, char *why, size_t room)
{
	const struct native_shape shape = {bpf_map__type(map), bpf_map__key_size(map),
					   bpf_map__value_size(map), bpf_map__max_entries(map)};
	const char *name = bpf_map__name(map);
	const void *address = dlsym(RTLD_DEFAULT, name);

	if (!address || !NATIVE_KNOWS(shape.type) || t->count == MAPS_MAX) {
		snprintf(why, room,
			 "the native build doesn't know the map '%s' (see tests/bpf/native/maps.c)",
			 name);
		return false;
	}
	t->pairs[t->count++] =
		(struct pair){bpf_map__fd(map), native_map_add(t->native, address, name, &shape)};
	return true;
}

static bool bind_cpu(struct twin *t)
{
	cpu_set_t own;

	t->cpu = sched_getcpu();
	CPU_ZERO(&own);
	CPU_SET((size_t)t->cpu, &own);
	return !sched_setaffinity(0, sizeof(own), &own);
}

struct twin *twin_open(const struct bpf_object *object, const char *program, char *why, size_t room)
{
	struct twin *t = calloc(1, sizeof(*t));
	const struct bpf_map *map = NULL;

	if (!t)
		abort();
	t->native = native_new();
	t->program = (native_program *)dlsym(RTLD_DEFAULT, program);
	if (!bind_cpu(t) || !t->program) {
		snprintf(why, room, "no CPU of our own, or no native %s", program);
		twin_close(t);
		return NULL;
	}
	while ((map = bpf_object__next_map(object, map))) {
		if (!is_left_out(map) && !add_pair(t, map, why, room)) {
			twin_close(t);
			return NULL;
		}
	}
	return t;
}

void twin_close(struct twin *t)
{
	if (!t)
		return;
	native_free(t->native);
	free(t);
}

/* ---- state ---- */

void twin_put(struct twin *t, int fd, const void *key, const void *value)
{
	struct native_map *map = of_fd(t, fd);

	native_map_put(map, key, own_value(t, map, value));
}

void twin_delete(struct twin *t, int fd, const void *key)
{
	native_map_remove(of_fd(t, fd), key);
}

void twin_clear(struct twin *t, int fd)
{
	native_map_clear(of_fd(t, fd));
}

bool twin_forget(struct twin *t, const char *name)
{
	struct native_map *map = of_name(t, name);

	if (map)
		native_map_clear(map);
	return map != NULL;
}

static void copy_hash(struct twin *t, struct native_map *map)
{
	uint8_t key[64];
	const void *value, *last = NULL;

	native_map_clear(map);
	while (!bpf_map_get_next_key(fd_of(t, map), last, key)) {
		value = kernel_get(t, map, key);
		if (value)
			native_map_put(map, key, value);
		last = key;
	}
}

static void copy_array(struct twin *t, struct native_map *map)
{
	const void *value;
	uint32_t i;

	for (i = 0; i < native_map_shape(map)->max_entries; i++) {
		value = kernel_get(t, map, &i);
		if (value)
			native_map_put(map, &i, value);
	}
}

/* After a difference: what packets write is again as in the kernel. */
static void make_equal(struct twin *t)
{
	int i;

	native_undo(t->native);
	for (i = 0; i < t->count; i++) {
		if (!native_map_is_array(t->pairs[i].map))
			copy_hash(t, t->pairs[i].map);
		else if (is_per_cpu(t->pairs[i].map))
			copy_array(t, t->pairs[i].map);
	}
}

/* ---- one packet ---- */

static bool differs(struct report *r, const char *what)
{
	return report_fail(r, "the native build and the kernel differ: %s", what);
}

/* The verdict that the run counted; -1: none, or more than one packet. */
static int native_verdict(const struct twin *t)
{
	int i, count, verdict = -1;
	const struct native_touch *touches = native_touches(t->native, &count);

	for (i = 0; i < count; i++) {
		const struct nlb_count *before = touches[i].before, *now;

		if (strcmp(native_map_name(touches[i].map), "verdict_stats") != 0 || !before)
			continue;
		now = native_map_get(touches[i].map, touches[i].key);
		if (now->packets != before->packets + 1 || verdict >= 0)
			return -1;
		memcpy(&verdict, touches[i].key, sizeof(verdict));
	}
	return verdict;
}

static bool compare_fate(const struct twin *t, const struct native_run *run,
			 const struct twin_packet *p, struct report *r)
{
	int verdict = native_verdict(t);

	if (verdict != p->verdict || run->action != p->action)
		return report_fail(
			r,
			"the native build and the kernel differ: %s (%s) natively, %s (%s) "
			"in the kernel",
			verdict_name(verdict), action_name(run->action), verdict_name(p->verdict),
			action_name(p->action));
	if ((run->action == XDP_REDIRECT) != (run->egress != 0))
		return differs(r, "redirect");
	return true;
}

static bool compare_bytes(const struct native_run *run, const struct twin_packet *p,
			  struct report *r)
{
	if (run->out_len == p->out_len && !memcmp(run->out, p->out, p->out_len))
		return true;
	differs(r, "bytes");
	report_hex(r, "natively", run->out, run->out_len);
	report_hex(r, "kernel", p->out, p->out_len);
	return false;
}

static bool compare_entry(const struct twin *t, struct native_map *map, const void *key,
			  struct report *r)
{
	size_t bytes = native_map_shape(map)->value_bytes;
	const void *ours = native_map_get(map, key), *theirs = kernel_get(t, map, key);

	if (!ours == !theirs && (!ours || !memcmp(ours, theirs, bytes)))
		return true;
	report_fail(r,
		    "the native build and the kernel differ: map %s: %s natively, %s in the kernel",
		    native_map_name(map), ours ? "an entry" : "no entry",
		    theirs ? "an entry" : "no entry");
	report_hex(r, "key", key, native_map_shape(map)->key_bytes);
	if (ours)
		report_hex(r, "natively", ours, bytes);
	if (theirs)
		report_hex(r, "kernel", theirs, bytes);
	return false;
}

/* What a packet leaves in it, no other one reads: a port that was tried in vain stands there still. */
static bool is_scratch(const struct native_map *map)
{
	return !strcmp(native_map_name(map), "drafts");
}

static bool compare_touched(const struct twin *t, struct report *r)
{
	int i, count, shown = 0;
	const struct native_touch *touches = native_touches(t->native, &count);

	for (i = 0; i < count && shown < DIFFERENCES_SHOWN; i++)
		if (!is_scratch(touches[i].map))
			shown += !compare_entry(t, touches[i].map, touches[i].key, r);
	return !shown;
}

/* Each entry of the kernel's is ours, and there are as many. */
static bool compare_table(const struct twin *t, struct native_map *map, struct report *r)
{
	const void *last = NULL;
	uint32_t count = 0;
	uint8_t key[64];

	for (; !bpf_map_get_next_key(fd_of(t, map), last, key); count++) {
		if (!compare_entry(t, map, key, r))
			return false;
		last = key;
	}
	return count == native_map_count(map) ||
	       report_fail(
		       r,
		       "the native build and the kernel differ: map %s has %u entries natively, "
		       "%u in the kernel",
		       native_map_name(map), native_map_count(map), count);
}

static bool compare_tables(const struct twin *t, struct report *r)
{
	int i;

	for (i = 0; i < t->count; i++)
		if (!native_map_is_array(t->pairs[i].map) && !compare_table(t, t->pairs[i].map, r))
			return false;
	return true;
}

static bool attempt(struct twin *t, struct native_run *run, const struct twin_packet *p,
		    struct report *r)
{
	native_undo(t->native);
	native_run(t->native, run);
	return compare_fate(t, run, p, r) && compare_bytes(run, p, r) && compare_touched(t, r);
}

/* ---- what only the kernel knows: the random numbers it drew ---- */

/* The SNAT port of the flow in the kernel's table that our run has made or looked at; 0: none. */
static uint16_t kernel_port(const struct twin *t)
{
	int i, count;
	const struct native_touch *touches = native_touches(t->native, &count);

	for (i = 0; i < count; i++) {
		const struct nlb_flow *f = NULL;

		if (!strcmp(native_map_name(touches[i].map), "flows"))
			f = kernel_get(t, touches[i].map, touches[i].key);
		if (f && f->snat_port)
			return ntohs(f->snat_port);
	}
	return 0;
}

/* The random number with which nat_try_address() of bpf/open.h comes to that port after `tries`
 * others. */
static uint32_t random_for(const struct twin *t, uint16_t port, uint32_t tries)
{
	const uint32_t zero = 0;
	const struct nlb_settings *s = native_map_get(of_name(t, "settings"), &zero);
	uint32_t ports = (uint32_t)(s->nat_port_last - s->nat_port_first) + 1u;

	return (port - s->nat_port_first + PORT_TRIES * ports - tries) % ports << 8;
}

/* The id of the IPv4 header at `at` into *id, where one was drawn: not where the packet may not be
 * fragmented. Returns how many: 0 or 1. */
static int take_id(const struct twin_packet *p, size_t at, uint32_t *id)
{
	struct iphdr ip;

	if (p->out_len < at + sizeof(ip))
		return 0;
	memcpy(&ip, p->out + at, sizeof(ip));
	*id = ip.id;
	return ip.version == 4 && !(ip.frag_off & htons(0x4000));
}

/* Of what is drawn after a port, if one is, in this order: the ids of the IPv4 header (of the outer
 * one in bpf/encap.h, of the new one in bpf/family.h) and of the header that an ICMP error quotes
 * (bpf/icmp_family.h). False: the frame is not IPv4. */
static bool take_ids(const struct twin_packet *p, uint32_t ids[2])
{
	size_t at = ETH_HLEN;
	int taken;

	while (at + 4 < p->out_len && ((p->out[at - 2] == 0x81 && p->out[at - 1] == 0x00) ||
				       (p->out[at - 2] == 0x88 && p->out[at - 1] == 0xa8)))
		at += 4;
	ids[0] = ids[1] = 0;
	if (p->out_len < at + sizeof(struct iphdr) || p->out[at - 2] != 0x08 ||
	    p->out[at - 1] != 0x00)
		return false;
	taken = take_id(p, at, &ids[0]);
	if (p->out[at + 9] == IPPROTO_ICMP)
		take_id(p, at + sizeof(struct iphdr) + 8, &ids[taken]);
	return true;
}

static bool attempt_ports(struct twin *t, struct native_run *run, const struct twin_packet *p,
			  struct report *r)
{
	uint16_t port = kernel_port(t);
	uint32_t tries;

	take_ids(p, run->random + 1);
	for (tries = 0; port && tries < PORT_TRIES; tries++) {
		run->random[0] = random_for(t, port, tries);
		report_clear(r);
		if (attempt(t, run, p, r))
			return true;
	}
	return false;
}

/* The frame that left has its ids as they were drawn. */
static bool attempt_ids(struct twin *t, struct native_run *run, const struct twin_packet *p,
			struct report *r)
{
	if (!take_ids(p, run->random))
		return false;
	run->random[NATIVE_DRAWS - 1] = run->random[NATIVE_DRAWS - 2];
	report_clear(r);
	return attempt(t, run, p, r);
}

static bool attempt_at(struct twin *t, uint64_t now_ns, struct native_run *run,
		       const struct twin_packet *p, struct report *r)
{
	run->now_ns = now_ns;
	memset(run->random, 0, sizeof(run->random));
	report_clear(r);
	if (attempt(t, run, p, r))
		return true;
	return run->draws && (attempt_ids(t, run, p, r) || attempt_ports(t, run, p, r));
}

/* Of the entries that our run has touched the kernel's newest time, which both kinds begin with. */
static uint64_t kernel_time(const struct twin *t)
{
	const struct native_touch *touches;
	uint64_t newest = 0;
	int i, count;

	touches = native_touches(t->native, &count);
	for (i = 0; i < count; i++) {
		const char *name = native_map_name(touches[i].map);
		const uint64_t *last_seen_ns = NULL;

		if (!strcmp(name, "flows") || !strcmp(name, "replies"))
			last_seen_ns = kernel_get(t, touches[i].map, touches[i].key);
		if (last_seen_ns && *last_seen_ns > newest)
			newest = *last_seen_ns;
	}
	return newest;
}

static bool attempt_times(struct twin *t, struct native_run *run, const struct twin_packet *p,
			  struct report *r)
{
	uint64_t between_ns;

	if (attempt_at(t, p->before_ns, run, p, r))
		return true;
	if (p->after_ns == p->before_ns)
		return false;
	between_ns = kernel_time(t);
	if (between_ns > p->before_ns && between_ns < p->after_ns &&
	    attempt_at(t, between_ns, run, p, r))
		return true;
	return attempt_at(t, p->after_ns, run, p, r);
}

bool twin_run(struct twin *t, const struct twin_packet *p, bool whole_tables, struct report *report)
{
	static struct native_run run; /* large */
	static struct report own;
	bool equal;

	run = (struct native_run){.program = t->program,
				  .frame = p->in,
				  .len = p->in_len,
				  .ifindex = p->ifindex,
				  .cpu = (uint32_t)t->cpu};
	equal = attempt_times(t, &run, p, &own);
	if (equal && whole_tables)
		equal = compare_tables(t, &own);
	if (!equal) {
		make_equal(t);
		return report_fail(report, "%s", own.text);
	}
	native_commit(t->native);
	twin_agreed++;
	return true;
}
