/* SPDX-License-Identifier: BSD-2-Clause */
/* What up remembers: written, read again, refused when damaged. Which sysctls it changes and puts back. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/base.h"
#include "base/fd.h"
#include "target/commands.h"
#include "target/sysctls.h"

static char dir[] = "/tmp/leat-test-XXXXXX";
static FILE *nowhere;

static void add_vip(struct vips *vips, const char *text)
{
	struct vip vip;

	assert_int_equal(vip_parse(text, &vip, NULL), 0);
	assert_int_equal(vips_add(vips, &vip, NULL), 0);
}

static struct state *state_new(void)
{
	struct state *state = calloc(1, sizeof(*state));

	assert_non_null(state);
	return state;
}

static void test_round_trip(void **unused)
{
	struct state *in = state_new(), *out = state_new();

	in->is_up = true;
	in->second_hop = true;
	in->mode = TARGET_TC;
	in->gue_port = 6099;
	in->mss = MSS_AUTO;
	in->mss4 = 1388;
	in->mss6 = 1368;
	strcpy(in->bpffs, "/sys/fs/bpf/x");
	add_vip(&in->vips, "203.0.113.10");
	add_vip(&in->vips, "2001:db8::/64");
	add_vip(&in->added, "2001:db8::/64");
	strcpy(in->sysctls[0].name, "net/ipv4/conf/all/arp_ignore");
	strcpy(in->sysctls[0].before, "0");
	strcpy(in->sysctls[0].after, "1");
	in->sysctl_count = 1;
	strcpy(in->interfaces[0].name, "eth0.100");
	in->interfaces[0].mode = TARGET_XDP;
	in->interfaces[0].made_clsact = true;
	in->interface_count = 1;
	assert_int_equal(state_write(dir, in, NULL), 0);
	assert_int_equal(state_read(dir, out, NULL), 0);
	assert_memory_equal(in, out, sizeof(*in));
	state_remove(dir);
	assert_int_equal(state_read(dir, out, NULL), 0);
	assert_false(out->is_up);
	free(in);
	free(out);
}

static void write_text(const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void test_damaged(void **unused)
{
	static const char *const texts[] = {
		"", "{}", "[]", "{\"version\": 2}",
		"{\"version\":1,\"l2\":false,\"second_hop\":false,\"mode\":\"tc\",\"gue_port\":1,\"mss\":0,"
		"\"mss4\":0,\"mss6\":0,\"bpffs\":\"/b\",\"vips\":[],\"added\":[],\"interfaces\":[],"
		"\"sysctls\":[{\"name\":\"net/../kernel/core_pattern\",\"before\":\"x\",\"after\":\"y\"}]}",
	};
	struct state *state = state_new();
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		write_text("state.json", texts[i]);
		err_clear(&err);
		assert_int_equal(state_read(dir, state, &err), -EINVAL);
		assert_non_null(strstr(err.text, "is damaged"));
		assert_false(state->is_up);
	}
	state_remove(dir);
	free(state);
}

static void test_lock(void **unused)
{
	struct err err = {""};
	int first = -1, second = -1;

	assert_int_equal(state_lock(dir, &first, NULL), 0);
	assert_int_equal(state_lock(dir, &second, &err), -EBUSY);
	assert_non_null(strstr(err.text, "another leat-target is at work"));
	fd_close(&first);
	assert_int_equal(state_lock(dir, &second, NULL), 0);
	fd_close(&second);
}

static void test_mss(void **unused)
{
	assert_int_equal(mss_for_mtu(1500, 4), 1388);
	assert_int_equal(mss_for_mtu(1500, 6), 1368);
	assert_int_equal(mss_for_mtu(9000, 4), 8888);
	assert_int_equal(mss_for_mtu(65535, 4), 65423);
	assert_int_equal(mss_for_mtu(0, 4), 464);
}

/* ---- sysctls: in a directory of our own ---- */

struct sysctl_row {
	const char *about;
	const char *ignore_all, *ignore, *announce_all, *filter_all, *filter;
	const char *changes; /* the names of what changes, without net/ipv4/conf */
};

static const struct sysctl_row sysctl_rows[] = {
	{"a fresh host", "0", "0", "0", "0", "0", "all/arp_ignore all/arp_announce "},
	{"Debian's strict filter", "0", "0", "0", "0", "1", "all/arp_ignore all/arp_announce e/rp_filter "},
	{"strict for all", "1", "0", "2", "1", "0", "e/rp_filter "},
	{"loose already", "1", "0", "2", "2", "1", ""},
	{"stricter ARP", "2", "0", "2", "0", "0", ""},
	{"an interface that answers too much", "1", "3", "2", "0", "0", "e/arp_ignore "},
	{"both", "0", "3", "2", "0", "0", "all/arp_ignore e/arp_ignore "},
	{"only the interface is right", "0", "1", "2", "0", "0", "all/arp_ignore "},
};

static void write_sysctls(const struct sysctl_row *row)
{
	write_text("net/ipv4/conf/all/arp_ignore", row->ignore_all);
	write_text("net/ipv4/conf/e/arp_ignore", row->ignore);
	write_text("net/ipv4/conf/all/arp_announce", row->announce_all);
	write_text("net/ipv4/conf/e/arp_announce", "0");
	write_text("net/ipv4/conf/all/rp_filter", row->filter_all);
	write_text("net/ipv4/conf/e/rp_filter", row->filter);
}

static void count_wrong(const char *name, const char *is, const char *should, void *arg)
{
	(*(int *)arg)++;
}

static void expect_text(const char *name, const char *expected)
{
	char path[256], *text;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(fd_read_file(path, 64, &text, NULL, NULL), 0);
	assert_int_equal(atoi(text), atoi(expected));
	free(text);
}

static void check_sysctls(const struct sysctl_row *row, const struct state *none, struct state *state)
{
	char changes[256] = "";
	int wrong = 0;

	write_sysctls(row);
	assert_int_equal(sysctls_plan(none, state, NULL), 0);
	for (size_t i = 0; i < state->sysctl_count; i++) {
		strcat(changes, state->sysctls[i].name + strlen("net/ipv4/conf/"));
		strcat(changes, " ");
	}
	assert_string_equal(changes, row->changes);
	assert_int_equal(sysctls_put(state, nowhere, NULL), 0);
	sysctls_check(state, count_wrong, &wrong);
	assert_int_equal(wrong, 0);
	sysctls_take(state, NULL, nowhere);
	expect_text("net/ipv4/conf/all/arp_ignore", row->ignore_all);
	expect_text("net/ipv4/conf/e/arp_ignore", row->ignore);
	expect_text("net/ipv4/conf/e/rp_filter", row->filter);
}

static void test_sysctls(void **unused)
{
	struct state *none = state_new(), *state = state_new();

	for (size_t i = 0; i < ARRAY_SIZE(sysctl_rows); i++) {
		memset(state, 0, sizeof(*state));
		strcpy(state->interfaces[0].name, "e");
		state->interface_count = 1;
		check_sysctls(&sysctl_rows[i], none, state);
	}
	free(none);
	free(state);
}

/* A second up keeps the value from before the first. */
static void test_sysctls_again(void **unused)
{
	struct state *none = state_new(), *first = state_new(), *second = state_new();

	strcpy(first->interfaces[0].name, "e");
	first->interface_count = 1;
	*second = *first;
	write_sysctls(&sysctl_rows[0]);
	assert_int_equal(sysctls_plan(none, first, NULL), 0);
	assert_int_equal(sysctls_put(first, nowhere, NULL), 0);
	assert_int_equal(sysctls_plan(first, second, NULL), 0);
	assert_int_equal(second->sysctl_count, 2);
	assert_string_equal(second->sysctls[0].before, "0");
	/* what somebody else changed since stays */
	write_text("net/ipv4/conf/all/arp_ignore", "2");
	sysctls_take(second, NULL, nowhere);
	expect_text("net/ipv4/conf/all/arp_ignore", "2");
	expect_text("net/ipv4/conf/all/arp_announce", "0");
	free(none);
	free(first);
	free(second);
}

static int begin(void **unused)
{
	char path[256];

	nowhere = fopen("/dev/null", "w");
	if (!nowhere || !mkdtemp(dir))
		return -1;
	sysctls_root = dir;
	snprintf(path, sizeof(path), "%s/net/ipv4/conf/all", dir);
	if (fd_make_dirs(path, 0700, NULL))
		return -1;
	snprintf(path, sizeof(path), "%s/net/ipv4/conf/e", dir);
	return fd_make_dirs(path, 0700, NULL);
}

static int finish(void **unused)
{
	char command[256];

	fclose(nowhere);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_lock),	   cmocka_unit_test(test_mss),
		cmocka_unit_test(test_sysctls),	   cmocka_unit_test(test_sysctls_again),
	};

	return cmocka_run_group_tests(tests, begin, finish);
}
