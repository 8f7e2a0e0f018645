// SPDX-License-Identifier: BSD-2-Clause
/* Life cycle: what a start makes, adopts, replaces; what a crash leaves; links on interfaces. */
#include "lab.h"

#include <linux/if_link.h>
#include <net/if.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/base.h"
#include "base/fd.h"
#include "nlb/object.h"
#include "nlb/object_bytes.h"

static uint32_t map_id(const struct nlb *nlb, enum nlb_map_id map)
{
	struct bpf_map_info info = {0};
	__u32 len = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(nlb->maps.fd[map], &info, &len), 0);
	return info.id;
}

static struct bpf_link_info link_info(const char *ifname)
{
	struct bpf_link_info info = {0};
	__u32 len = sizeof(info);
	char path[PATH_MAX * 2];
	int fd;

	snprintf(path, sizeof(path), "%s/link_%s", lab_dir, ifname);
	fd = bpf_obj_get(path);
	assert_true(fd >= 0);
	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
	close(fd);
	return info;
}

static uint32_t pinned_entries(const char *name)
{
	struct bpf_map_info info = {0};
	__u32 len = sizeof(info);
	char path[PATH_MAX * 2];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", lab_dir, name);
	fd = bpf_obj_get(path);
	assert_true(fd >= 0);
	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
	close(fd);
	return info.max_entries;
}

static bool is_tx_port(const struct nlb *nlb, unsigned ifindex)
{
	uint32_t key = ifindex, value;

	return bpf_map_lookup_elem(nlb->maps.fd[NLB_MAP_TX_PORTS], &key, &value) == 0;
}

static void attach(struct nlb *nlb, const char *ifname, enum nlb_mode wanted,
		   enum nlb_mode expected)
{
	struct err err = {""};
	enum nlb_mode mode = NLB_MODE_AUTO;

	if (nlb_attach(nlb, ifname, wanted, &mode, &err))
		fail_msg("nlb_attach: %s", err.text);
	assert_int_equal(mode, expected);
}

static void refuse(struct nlb *nlb, const char *ifname, enum nlb_mode wanted, int code,
		   const char *why)
{
	struct err err = {""};

	assert_int_equal(nlb_attach(nlb, ifname, wanted, NULL, &err), code);
	if (!strstr(err.text, why))
		fail_msg("'%s' does not say '%s'", err.text, why);
}

/* Inserts one flow, to see whether it survives. */
static void put_a_flow(const struct nlb *nlb)
{
	struct nlb_tuple key = {.family = NLB_IPV4, .sport = 7};
	struct nlb_flow flow = {.target = 99};

	assert_int_equal(bpf_map_update_elem(nlb->maps.fd[NLB_MAP_FLOWS], &key, &flow, BPF_ANY), 0);
}

static bool has_the_flow(const struct nlb *nlb)
{
	struct nlb_tuple key = {.family = NLB_IPV4, .sport = 7};
	struct nlb_flow flow;

	return bpf_map_lookup_elem(nlb->maps.fd[NLB_MAP_FLOWS], &key, &flow) == 0;
}

static int make_veths(void **state)
{
	lab_run("ip link add leat0 type veth peer name leat0p && ip link set leat0 up && "
		"ip link set leat0p up");
	lab_run("ip link add leat1 type veth peer name leat1p && ip link set leat1 up");
	return 0;
}

static int remove_veths(void **state)
{
	lab_clean(state);
	lab_run("for l in leat0p leat1p leat2p; do ip link del $l 2>/dev/null; done; true");
	return 0;
}

/* ---- open ---- */

static void open_refuses_a_directory_that_is_not_on_bpffs(void **state)
{
	struct nlb_options options = lab_options();
	struct err err = {""};
	struct nlb *nlb;

	options.bpffs = "/tmp/leat-no-bpffs/leat";
	assert_int_equal(nlb_open(&options, &nlb, &err), -ENODEV);
	assert_string_equal(err.text, "'/tmp/leat-no-bpffs/leat' is not on a bpf file system: "
				      "mount one with 'mount -t bpf bpf /tmp/leat-no-bpffs'");
	assert_int_equal(access("/tmp/leat-no-bpffs", F_OK), -1);
}

static void open_refuses_an_empty_port_range(void **state)
{
	struct nlb_options options = lab_options();
	struct err err = {""};
	struct nlb *nlb;

	options.nat_port_last = options.nat_port_first - 1;
	assert_int_equal(nlb_open(&options, &nlb, &err), -EINVAL);
	assert_string_equal(err.text, "source ports of nat: 1024 to 1023 is no range");
}

static void open_makes_everything_anew(void **state)
{
	struct nlb *nlb = lab_open();
	const struct nlb_settings *settings = nlb->maps.settings;
	int id;

	for (id = 0; id < NLB_MAP_COUNT; id++)
		assert_true(lab_has(nlb_map_name(id)));
	assert_true(lab_has(NLB_PIN_PROGRAM));
	assert_false(lab_has("next") || lab_has("next_part"));
	assert_int_equal(settings->abi, NLB_ABI);
	assert_int_equal(settings->hash_key[1], 2);
	assert_int_equal(settings->nat_port_first, 1024);
	assert_int_equal(settings->nat_port_last, 4095);
	assert_int_equal(settings->timeout_s[NLB_FLOW_SYN_SENT], 30);
	assert_int_equal(settings->timeout_s[NLB_FLOW_SYN_RECEIVED], 30);
	assert_int_equal(settings->timeout_s[NLB_FLOW_CLOSING], 60);
	assert_int_equal(settings->timeout_s[NLB_FLOW_TIME_WAIT], 30);
	assert_int_equal(settings->timeout_s[NLB_FLOW_CLOSED], 10);
	assert_true(settings->object_digest == nlb_object_digest());
	assert_int_equal(nlb_flows_max(nlb), LAB_FLOWS);
	nlb_heartbeat(nlb, 77);
	assert_int_equal(settings->heartbeat_ns, 77);
}

static void open_again_adopts_everything(void **state)
{
	struct nlb *nlb = lab_open();
	uint32_t program = nlb->prog_id, flows = map_id(nlb, NLB_MAP_FLOWS);

	put_a_flow(nlb);
	nlb = lab_reopen();
	assert_int_equal(nlb->prog_id, program);
	assert_int_equal(map_id(nlb, NLB_MAP_FLOWS), flows);
	assert_true(has_the_flow(nlb));
}

static void open_again_keeps_the_pinned_key_and_takes_the_new_ports(void **state)
{
	struct nlb_options options = lab_options();
	struct nlb *nlb = lab_open();

	lab_close();
	options.hash_key[0] = 55;
	options.nat_port_first = 2000;
	nlb = lab_open_with(&options);
	assert_int_equal(nlb->maps.settings->hash_key[0], 1);
	assert_int_equal(nlb->maps.settings->nat_port_first, 2000);
}

static void one_plane_a_directory(void **state)
{
	struct nlb_options options = lab_options();
	struct err err = {""};
	struct nlb *second;

	lab_open();
	assert_int_equal(nlb_open(&options, &second, &err), -EBUSY);
	assert_non_null(strstr(err.text, "is in use by another leatd"));
	err_clear(&err);
	assert_int_equal(nlb_remove_all(lab_dir, &err), -EBUSY);
}

static void another_object_replaces_the_program_only(void **state)
{
	struct nlb *nlb = lab_open();
	uint32_t program = nlb->prog_id, flows = map_id(nlb, NLB_MAP_FLOWS), link;

	attach(nlb, "leat0", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	link = link_info("leat0").id;
	put_a_flow(nlb);
	nlb->maps.settings->object_digest ^= 1; /* as if built from another source */

	nlb = lab_reopen();
	assert_int_not_equal(nlb->prog_id, program);
	assert_int_equal(link_info("leat0").prog_id, program);
	assert_int_equal(map_id(nlb, NLB_MAP_FLOWS), flows);
	assert_true(nlb->maps.settings->object_digest == nlb_object_digest());

	attach(nlb, "leat0", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	assert_int_equal(link_info("leat0").prog_id, nlb->prog_id);
	assert_int_equal(link_info("leat0").id, link);
	assert_true(has_the_flow(nlb));
}

/* Crash after the program was pinned and before its links were updated: the digest agrees, the link
 * does not. */
static void a_link_left_behind_is_updated(void **state)
{
	struct nlb *nlb = lab_open();

	attach(nlb, "leat0", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	nlb->maps.settings->object_digest ^= 1;
	lab_reopen();
	nlb = lab_reopen();
	assert_int_not_equal(link_info("leat0").prog_id, nlb->prog_id);
	attach(nlb, "leat0", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	assert_int_equal(link_info("leat0").prog_id, nlb->prog_id);
}

static void a_pinned_program_of_other_maps_is_not_adopted(void **state)
{
	struct nlb *nlb = lab_open();
	char path[PATH_MAX * 2], kept[PATH_MAX * 2];
	uint32_t program = nlb->prog_id;

	snprintf(path, sizeof(path), "%s/verdict_stats", lab_dir);
	snprintf(kept, sizeof(kept), "%s/verdict_stats", lab_mount);
	assert_int_equal(rename(path, kept), 0);
	lab_close();
	assert_int_equal(bpf_obj_pin(bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "verdict_stats", 4,
						    16, NLB_MAX_VERDICTS, NULL),
				     path),
			 0);
	nlb = lab_open();
	assert_int_not_equal(nlb->prog_id, program);
	assert_int_equal(unlink(kept), 0);
}

static void with_other_flows(struct nlb_options *options)
{
	*options = lab_options();
	options->flows = 2 * LAB_FLOWS;
}

static void another_size_waits_for_the_first_attach(void **state)
{
	struct nlb *nlb = lab_open();
	uint32_t program = nlb->prog_id, link;
	struct nlb_options options;

	attach(nlb, "leat0", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	attach(nlb, "leat1", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	link = link_info("leat0").id;
	lab_close();

	with_other_flows(&options);
	nlb = lab_open_with(&options);
	assert_int_equal(nlb_flows_max(nlb), 2 * LAB_FLOWS);
	assert_int_equal(pinned_entries("flows"), LAB_FLOWS);
	assert_int_equal(link_info("leat0").prog_id, program);

	attach(nlb, "leat0", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	assert_int_equal(pinned_entries("flows"), 2 * LAB_FLOWS);
	assert_int_equal(pinned_entries("replies"), 2 * LAB_FLOWS);
	assert_int_equal(link_info("leat0").prog_id, nlb->prog_id);
	assert_int_equal(link_info("leat0").id, link);
	assert_int_equal(link_info("leat1").prog_id, program);
	attach(nlb, "leat1", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	assert_int_equal(link_info("leat1").prog_id, nlb->prog_id);
	assert_false(lab_has("next"));

	program = nlb->prog_id;
	lab_close();
	nlb = lab_open_with(&options);
	assert_int_equal(nlb->prog_id, program);
}

static void a_start_that_ends_before_its_first_attach_leaves_the_old_set(void **state)
{
	struct nlb *nlb = lab_open();
	uint32_t program = nlb->prog_id;
	struct nlb_options options;

	attach(nlb, "leat0", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	put_a_flow(nlb);
	lab_close();
	with_other_flows(&options);
	lab_open_with(&options);
	nlb = lab_reopen();
	assert_int_equal(nlb->prog_id, program);
	assert_true(has_the_flow(nlb));
}

static void another_abi_makes_new_maps(void **state)
{
	struct nlb *nlb = lab_open();

	put_a_flow(nlb);
	nlb->maps.settings->abi = NLB_ABI + 1;
	nlb = lab_reopen();
	assert_false(has_the_flow(nlb));
	assert_int_equal(nlb->maps.settings->abi, NLB_ABI);
}

static void a_missing_or_strange_pin_makes_new_maps(void **state)
{
	struct nlb *nlb = lab_open();
	char path[PATH_MAX * 2], program[PATH_MAX * 2];

	snprintf(path, sizeof(path), "%s/snats", lab_dir);
	snprintf(program, sizeof(program), "%s/" NLB_PIN_PROGRAM, lab_dir);
	put_a_flow(nlb);
	unlink(path);
	nlb = lab_reopen();
	assert_false(has_the_flow(nlb));
	assert_true(lab_has("snats"));

	put_a_flow(nlb);
	unlink(path);
	assert_int_equal(bpf_obj_pin(nlb->prog_fd, path), 0);
	nlb = lab_reopen();
	assert_false(has_the_flow(nlb));

	put_a_flow(nlb); /* without the program alone, the maps are kept */
	unlink(program);
	nlb = lab_reopen();
	assert_true(has_the_flow(nlb));
	assert_true(lab_has(NLB_PIN_PROGRAM));
}

/* ---- crashes in the middle of a publication ---- */

static void pin_in(const char *set, const char *name, int fd)
{
	char path[PATH_MAX * 2];

	snprintf(path, sizeof(path), "%s/%s/%s", lab_dir, set, name);
	assert_int_equal(bpf_obj_pin(fd, path), 0);
}

static void make_set(const struct nlb *nlb, const char *set, int first, int end)
{
	char path[PATH_MAX * 2];
	int id;

	snprintf(path, sizeof(path), "%s/%s", lab_dir, set);
	assert_int_equal(mkdir(path, 0700), 0);
	for (id = first; id < end; id++)
		pin_in(set, nlb_map_name(id), nlb->maps.fd[id]);
	pin_in(set, NLB_PIN_PROGRAM, nlb->prog_fd);
}

/* Leaves the old set pinned, and an unpublished new one open. */
static struct nlb *open_unpublished(void)
{
	struct nlb_options options;
	struct nlb *nlb = lab_open();

	attach(nlb, "leat0", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	lab_close();
	with_other_flows(&options);
	return lab_open_with(&options);
}

static void a_set_that_was_not_complete_is_forgotten(void **state)
{
	struct nlb *nlb = open_unpublished();

	put_a_flow(nlb);
	make_set(nlb, "next_part", 0, NLB_MAP_COUNT / 2);
	nlb = lab_reopen();
	assert_false(lab_has("next_part"));
	assert_int_equal(pinned_entries("flows"), LAB_FLOWS);
	assert_false(has_the_flow(nlb));
}

static void a_set_that_was_complete_is_brought_in(void **state)
{
	struct nlb *nlb = open_unpublished();
	uint32_t program = nlb->prog_id, flows = map_id(nlb, NLB_MAP_FLOWS);
	struct nlb_options options;

	put_a_flow(nlb);
	make_set(nlb, "next", 0, NLB_MAP_COUNT);
	lab_close();
	with_other_flows(&options);
	nlb = lab_open_with(&options);
	assert_false(lab_has("next"));
	assert_int_equal(map_id(nlb, NLB_MAP_FLOWS), flows);
	assert_int_equal(nlb->prog_id, program);
	assert_true(has_the_flow(nlb));
	attach(nlb, "leat0", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	assert_int_equal(link_info("leat0").prog_id, program);
}

static void a_set_half_of_which_was_moved_is_brought_in(void **state)
{
	struct nlb *nlb = open_unpublished();
	uint32_t flows = map_id(nlb, NLB_MAP_FLOWS);
	char from[PATH_MAX * 2], to[PATH_MAX * 2];
	struct nlb_options options;
	int id;

	make_set(nlb, "next", 0, NLB_MAP_COUNT);
	for (id = 0; id < NLB_MAP_COUNT / 2; id++) {
		snprintf(from, sizeof(from), "%s/next/%s", lab_dir, nlb_map_name(id));
		snprintf(to, sizeof(to), "%s/%s", lab_dir, nlb_map_name(id));
		assert_int_equal(rename(from, to), 0);
	}
	lab_close();
	with_other_flows(&options);
	nlb = lab_open_with(&options);
	assert_int_equal(map_id(nlb, NLB_MAP_FLOWS), flows);
	assert_false(nlb->is_unpublished);
}

/* ---- attach ---- */

static void attach_native_is_idempotent(void **state)
{
	struct nlb *nlb = lab_open();
	struct bpf_link_info before, after;

	attach(nlb, "leat0", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	before = link_info("leat0");
	assert_int_equal(before.xdp.ifindex, if_nametoindex("leat0"));
	assert_true(is_tx_port(nlb, if_nametoindex("leat0")));
	attach(nlb, "leat0", NLB_MODE_NATIVE, NLB_MODE_NATIVE);
	nlb = lab_reopen();
	attach(nlb, "leat0", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	after = link_info("leat0");
	assert_int_equal(before.id, after.id);
	assert_int_equal(before.prog_id, after.prog_id);
}

static void the_mode_can_be_changed(void **state)
{
	struct nlb *nlb = lab_open();

	attach(nlb, "leat0", NLB_MODE_GENERIC, NLB_MODE_GENERIC);
	attach(nlb, "leat0", NLB_MODE_GENERIC, NLB_MODE_GENERIC);
	attach(nlb, "leat0", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	attach(nlb, "leat0", NLB_MODE_GENERIC, NLB_MODE_GENERIC);
	attach(nlb, "lo", NLB_MODE_GENERIC, NLB_MODE_GENERIC);
	refuse(nlb, "lo", NLB_MODE_NATIVE, -EOPNOTSUPP, "no native XDP");
	assert_int_equal(link_info("lo").xdp.ifindex, if_nametoindex("lo")); /* came back */
}

static void no_native_xdp_is_refused_with_the_way_out(void **state)
{
	struct nlb *nlb = lab_open();

	refuse(nlb, "lo", NLB_MODE_AUTO, -EOPNOTSUPP, "interface 'lo' (driver");
	refuse(nlb, "lo", NLB_MODE_NATIVE, -EOPNOTSUPP,
	       ": set xdp_mode: generic to accept the slow path");
	refuse(nlb, "eth9", NLB_MODE_AUTO, -ENODEV, "interface 'eth9' does not exist");
	assert_false(lab_has("link_lo"));
}

static int load_foreign(void)
{
	const struct bpf_insn pass[] = {
		{.code = 0xb7, .dst_reg = 0, .imm = 2}, /* r0 = XDP_PASS */
		{.code = 0x95},				/* exit */
	};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "foreign", "GPL", pass, ARRAY_SIZE(pass), NULL);
}

static void a_foreign_program_stays(void **state)
{
	struct nlb *nlb = lab_open();
	struct bpf_prog_info info = {0};
	__u32 len = sizeof(info), there = 0;
	int ifindex = (int)if_nametoindex("leat0"), fd = load_foreign();
	char words[64];

	assert_true(fd >= 0);
	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
	assert_int_equal(bpf_xdp_attach(ifindex, fd, XDP_FLAGS_DRV_MODE, NULL), 0);
	snprintf(words, sizeof(words), "interface 'leat0' has another XDP program (id %u", info.id);
	refuse(nlb, "leat0", NLB_MODE_AUTO, -EBUSY, words);
	refuse(nlb, "leat0", NLB_MODE_GENERIC, -EBUSY, words);
	assert_int_equal(bpf_xdp_query_id(ifindex, 0, &there), 0);
	assert_int_equal(there, info.id);
	close(fd);
}

static void a_recreated_interface_gets_a_new_link(void **state)
{
	struct nlb *nlb = lab_open();
	unsigned before = if_nametoindex("leat1"), after;

	attach(nlb, "leat1", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	lab_run("ip link del leat1");
	assert_int_equal(link_info("leat1").xdp.ifindex, 0);
	assert_false(is_tx_port(nlb, before));
	lab_run("ip link add leat1 type veth peer name leat1p");
	after = if_nametoindex("leat1");
	attach(nlb, "leat1", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	assert_int_equal(link_info("leat1").xdp.ifindex, after);
	assert_true(is_tx_port(nlb, after));
}

static void a_renamed_interface_keeps_its_link(void **state)
{
	struct nlb *nlb = lab_open();
	uint32_t link;

	attach(nlb, "leat1", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	link = link_info("leat1").id;
	lab_run("ip link set leat1 down && ip link set leat1 name leat9");
	attach(nlb, "leat9", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	assert_int_equal(link_info("leat9").id, link);
	assert_false(lab_has("link_leat1"));
}

static void dots_in_names_are_fine(void **state)
{
	struct nlb *nlb = lab_open();

	lab_run("ip link add leat2.100 type veth peer name leat2p");
	attach(nlb, "leat2.100", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	assert_true(lab_has("link_leat2:100"));
	nlb = lab_reopen();
	attach(nlb, "leat2.100", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	assert_int_equal(nlb_detach_others(nlb, NULL, 0, NULL), 0);
	assert_false(lab_has("link_leat2:100"));
}

static uint32_t program_on(const char *ifname)
{
	uint32_t id = 0;

	assert_int_equal(bpf_xdp_query_id((int)if_nametoindex(ifname), 0, &id), 0);
	return id;
}

static void closing_detaches_nothing(void **state)
{
	struct nlb *nlb = lab_open();
	uint32_t program = nlb->prog_id;

	attach(nlb, "leat0", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	lab_close();
	assert_int_equal(program_on("leat0"), program);
}

static void detach_one_and_others(void **state)
{
	static const char *const keep[] = {"leat1"};
	struct nlb *nlb = lab_open();
	struct err err = {""};

	attach(nlb, "leat0", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	attach(nlb, "leat1", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	assert_int_equal(nlb_detach_others(nlb, keep, 1, &err), 0);
	assert_int_equal(program_on("leat0"), 0);
	assert_int_equal(program_on("leat1"), nlb->prog_id);
	assert_false(is_tx_port(nlb, if_nametoindex("leat0")));
	assert_true(is_tx_port(nlb, if_nametoindex("leat1")));

	assert_int_equal(nlb_detach_interface(nlb, "leat1", &err), 0);
	assert_int_equal(nlb_detach_interface(nlb, "leat1", &err), 0);
	assert_int_equal(program_on("leat1"), 0);
	assert_false(is_tx_port(nlb, if_nametoindex("leat1")));
	assert_false(lab_has("link_leat1"));
}

static void remove_all_leaves_nothing(void **state)
{
	struct nlb *nlb = lab_open();
	struct err err = {""};

	attach(nlb, "leat0", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	attach(nlb, "leat1", NLB_MODE_GENERIC, NLB_MODE_GENERIC);
	lab_close();
	assert_int_equal(nlb_remove_all(lab_dir, &err), 0);
	assert_int_equal(access(lab_dir, F_OK), -1);
	assert_int_equal(program_on("leat0"), 0);
	assert_int_equal(program_on("leat1"), 0);
	assert_int_equal(nlb_remove_all(lab_dir, &err), 0);
}

static void remove_pin(const char *name)
{
	char path[PATH_MAX * 2];

	snprintf(path, sizeof(path), "%s/%s", lab_dir, name);
	assert_int_equal(unlink(path), 0);
}

static void a_lost_pin_detaches_nothing_and_comes_back(void **state)
{
	struct nlb *nlb = lab_open();
	uint32_t link;

	attach(nlb, "leat0", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	link = link_info("leat0").id;
	remove_pin("link_leat0");
	assert_int_equal(program_on("leat0"), nlb->prog_id);
	nlb_keep_pins(nlb);
	assert_int_equal(link_info("leat0").id, link);

	nlb = lab_reopen(); /* an adopted link is held as well */
	attach(nlb, "leat0", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	remove_pin("link_leat0");
	assert_int_equal(program_on("leat0"), nlb->prog_id);
	attach(nlb, "leat0", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	assert_int_equal(link_info("leat0").id, link);
}

static void a_lost_pin_does_not_stand_in_the_way_of_detaching(void **state)
{
	struct nlb *nlb = lab_open();
	struct err err = {""};

	attach(nlb, "leat0", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	attach(nlb, "leat1", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	remove_pin("link_leat0");
	remove_pin("link_leat1");
	assert_int_equal(nlb_detach_interface(nlb, "leat0", &err), 0);
	assert_int_equal(program_on("leat0"), 0);
	assert_int_equal(program_on("leat1"), nlb->prog_id);
	lab_close();
	assert_int_equal(nlb_remove_all(lab_dir, &err), 0);
	assert_int_equal(program_on("leat1"), 0);
}

static void what_is_detached_is_not_pinned_again(void **state)
{
	struct nlb *nlb = lab_open();

	attach(nlb, "leat0", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	attach(nlb, "leat1", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	assert_int_equal(nlb_detach_others(nlb, NULL, 0, NULL), 0);
	nlb_keep_pins(nlb);
	assert_false(lab_has("link_leat0"));
	assert_int_equal(program_on("leat0"), 0);
	attach(nlb, "leat1", NLB_MODE_AUTO, NLB_MODE_NATIVE);
	lab_run("ip link del leat1");
	remove_pin("link_leat1");
	nlb_keep_pins(nlb);
	assert_false(lab_has("link_leat1"));
}

#define LAB_TEST(f)  cmocka_unit_test_teardown(f, lab_clean)
#define VETH_TEST(f) cmocka_unit_test_setup_teardown(f, make_veths, remove_veths)

static const struct CMUnitTest tests[] = {
	LAB_TEST(open_refuses_a_directory_that_is_not_on_bpffs),
	LAB_TEST(open_refuses_an_empty_port_range),
	LAB_TEST(open_makes_everything_anew),
	LAB_TEST(open_again_adopts_everything),
	LAB_TEST(open_again_keeps_the_pinned_key_and_takes_the_new_ports),
	LAB_TEST(one_plane_a_directory),
	VETH_TEST(another_object_replaces_the_program_only),
	VETH_TEST(a_link_left_behind_is_updated),
	LAB_TEST(a_pinned_program_of_other_maps_is_not_adopted),
	VETH_TEST(another_size_waits_for_the_first_attach),
	VETH_TEST(a_start_that_ends_before_its_first_attach_leaves_the_old_set),
	LAB_TEST(another_abi_makes_new_maps),
	LAB_TEST(a_missing_or_strange_pin_makes_new_maps),
	VETH_TEST(a_set_that_was_not_complete_is_forgotten),
	VETH_TEST(a_set_that_was_complete_is_brought_in),
	VETH_TEST(a_set_half_of_which_was_moved_is_brought_in),
	VETH_TEST(attach_native_is_idempotent),
	VETH_TEST(the_mode_can_be_changed),
	VETH_TEST(no_native_xdp_is_refused_with_the_way_out),
	VETH_TEST(a_foreign_program_stays),
	VETH_TEST(a_recreated_interface_gets_a_new_link),
	VETH_TEST(a_renamed_interface_keeps_its_link),
	VETH_TEST(dots_in_names_are_fine),
	VETH_TEST(closing_detaches_nothing),
	VETH_TEST(detach_one_and_others),
	VETH_TEST(remove_all_leaves_nothing),
	VETH_TEST(a_lost_pin_detaches_nothing_and_comes_back),
	VETH_TEST(a_lost_pin_does_not_stand_in_the_way_of_detaching),
	VETH_TEST(what_is_detached_is_not_pinned_again),
};

LAB_MAIN(tests)
