/* SPDX-License-Identifier: BSD-2-Clause */
/* The state file: what was acknowledged survives, what was refused left no trace. Each test has a
 * directory of its own. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/base.h"
#include "store/store_private.h"

static char dir[64], file[96];
static struct store *store;

static int make_dir(void **state)
{
	strcpy(dir, "/tmp/leat-test-store-XXXXXX");
	store = NULL;
	if (!mkdtemp(dir))
		return -1;
	snprintf(file, sizeof(file), "%s/leat.db", dir);
	return 0;
}

static int remove_dir(void **state)
{
	char command[96];

	store_close(store);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void open_store(void)
{
	struct err err = {""};
	int ret = store_open(dir, &store, &err);

	assert_string_equal(err.text, "");
	assert_int_equal(ret, 0);
}

static void reopen_store(void)
{
	store_close(store);
	open_store();
}

static struct store_change sample(const char *text)
{
	return (struct store_change){
		.wall_ms = 1795423505123,
		.user = "root (uid 0)",
		.operation = "ApplyConfig",
		.summary = "1 target added",
		.text = text,
	};
}

static uint64_t commit(const char *text)
{
	struct store_change change = sample(text);
	uint64_t number = 0;

	assert_int_equal(store_commit(store, &change, &number, NULL), 0);
	return number;
}

static void assert_text(uint64_t number, const char *expected)
{
	char *text;

	assert_int_equal(store_change_text(store, number, &text, NULL), 0);
	assert_string_equal(text, expected);
	free(text);
}

static uint64_t newest_number(void)
{
	struct arena *arena = arena_new();
	struct store_change change = {0};
	int ret = store_latest(store, arena, &change, NULL);

	assert_true(ret == 0 || ret == -ENOENT);
	arena_free(arena);
	return change.number;
}

/* Runs SQL on the closed file, as an older, newer or foreign program would have. */
static void tamper(const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void assert_refused(int code, const char *words)
{
	struct err err = {""};

	assert_int_equal(store_open(dir, &store, &err), code);
	assert_null(store);
	assert_non_null(strstr(err.text, dir));
	if (!strstr(err.text, words))
		fail_msg("'%s' not in: %s", words, err.text);
}

/* ---- opening ---- */

static void test_open_creates(void **state)
{
	struct stat st;

	strcat(dir, "/deep/er");
	snprintf(file, sizeof(file), "%s/leat.db", dir);
	umask(0);
	open_store();
	assert_string_equal(store_path(store), file);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(commit("{}"), 1);
	strcat(file, "-wal");
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	dir[strlen(dir) - strlen("/deep/er")] = '\0';
}

static void test_open_settings_of_sqlite(void **state)
{
	struct store_sql sql;
	int64_t value;

	open_store();
	store_sql_open(&sql, store, "PRAGMA journal_mode", "x", NULL);
	assert_true(store_sql_row(&sql));
	assert_string_equal(store_sql_text(&sql, 0), "wal");
	assert_int_equal(store_sql_close(&sql), 0);
	assert_int_equal(store_sql_int(store, "PRAGMA synchronous", &value, NULL), 0);
	assert_int_equal(value, 2); /* FULL */
	assert_int_equal(store_sql_int(store, "PRAGMA user_version", &value, NULL), 0);
	assert_int_equal(value, 1);
	assert_int_equal(store_sql_int(store, "PRAGMA application_id", &value, NULL), 0);
	assert_int_equal(value, 0x4c656174);
}

static void test_open_keeps_a_mode_that_was_set(void **state)
{
	struct stat st;

	open_store();
	assert_int_equal(chmod(file, 0640), 0);
	reopen_store();
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static void test_open_twice_is_refused(void **state)
{
	struct store *second = (struct store *)&second;
	struct err err = {""};

	open_store();
	assert_int_equal(store_open(dir, &second, &err), -EBUSY);
	assert_null(second);
	assert_non_null(strstr(err.text, "is used by another leatd"));
	reopen_store();
}

static void test_open_while_a_backup_reads(void **state)
{
	sqlite3 *db;

	open_store();
	commit("one");
	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN; SELECT * FROM changes", NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(commit("two"), 2);
	reopen_store();
	assert_int_equal(commit("three"), 3);
	sqlite3_close(db);
}

static void test_open_refuses_a_newer_schema(void **state)
{
	open_store();
	commit("kept");
	store_close(store);
	tamper("PRAGMA user_version = 2");
	assert_refused(-EPROTO, "has schema 2, this leatd knows up to 1; start the newer leatd");
	tamper("PRAGMA user_version = -1");
	assert_refused(-EPROTO, "has schema -1");
	tamper("PRAGMA user_version = 1"); /* and the refusals have not touched it */
	open_store();
	assert_text(1, "kept");
}

static void test_open_refuses_other_programs(void **state)
{
	char header[20];
	int fd;

	tamper("CREATE TABLE cookies (x)");
	assert_refused(-EINVAL, "is a database of another program; move it away");
	tamper("PRAGMA user_version = 1");
	assert_refused(-EINVAL, "is a database of another program");
	/* It was left as it is: bytes 18 and 19 would be 2 with a write-ahead log. */
	fd = open(file, O_RDONLY);
	assert_int_equal(read(fd, header, sizeof(header)), sizeof(header));
	close(fd);
	assert_int_equal(header[18], 1);
}

static void overwrite(off_t offset, size_t len)
{
	int fd = open(file, O_RDWR);
	char *garbage = malloc(len);

	assert_true(fd >= 0);
	memset(garbage, 0xa5, len);
	assert_int_equal(pwrite(fd, garbage, len, offset), len);
	free(garbage);
	close(fd);
}

static void test_open_refuses_a_damaged_header(void **state)
{
	open_store();
	commit("x");
	store_close(store);
	overwrite(0, 100);
	assert_refused(-EUCLEAN, "restore it from a copy, or move it away");
}

static void test_open_refuses_text(void **state)
{
	FILE *out = fopen(file, "w");

	for (int i = 0; i < 1000; i++)
		fputs("load_balancers: []\n", out);
	fclose(out);
	assert_refused(-EUCLEAN, "restore it from a copy, or move it away");
}

static void test_open_refuses_damaged_pages(void **state)
{
	char *large = malloc(200001);

	memset(large, 'x', 200000);
	large[200000] = '\0';
	open_store();
	for (int i = 0; i < 20; i++)
		commit(i % 2 ? large : "small");
	store_close(store);
	free(large);
	overwrite(4096, 6 * 4096); /* roots of the tables, not the header */
	assert_refused(-EUCLEAN, "restore it from a copy, or move it away");
}

static void test_open_refuses_a_cut_file(void **state)
{
	char *large = malloc(200001);

	memset(large, 'x', 200000);
	large[200000] = '\0';
	open_store();
	commit(large);
	store_close(store);
	free(large);
	assert_int_equal(truncate(file, 5 * 4096), 0);
	assert_refused(-EUCLEAN, "restore it from a copy, or move it away");
}

static void test_open_refuses_bad_directories(void **state)
{
	struct err err = {""};
	char link[128];

	assert_int_equal(store_open("/dev/null", &store, &err), -ENOTDIR);
	err_clear(&err);
	assert_int_equal(store_open("/proc/leat", &store, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/proc/leat"));
	snprintf(link, sizeof(link), "%s/other", dir);
	assert_int_equal(symlink(link, file), 0);
	assert_refused(-ELOOP, "can't open state file");
}

/* Killed in the middle of its work: everything that was acknowledged is there, in order. */
static void test_kill_loses_nothing(void **state)
{
	uint64_t acknowledged = 0;
	int ends[2], status;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		if (store_open(dir, &store, NULL))
			_exit(1);
		for (;;) {
			struct store_change change = sample("{}");
			uint64_t number;

			if (store_commit(store, &change, &number, NULL) ||
			    write(ends[1], &number, sizeof(number)) != sizeof(number))
				_exit(1);
		}
	}
	close(ends[1]);
	while (acknowledged < 20)
		assert_int_equal(read(ends[0], &acknowledged, sizeof(acknowledged)), 8);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	assert_true(WIFSIGNALED(status));
	while (read(ends[0], &acknowledged, sizeof(acknowledged)) == 8)
		;
	close(ends[0]);
	open_store();
	assert_true(newest_number() >= acknowledged);
	assert_true(newest_number() <= acknowledged + 1);
	for (uint64_t number = 1; number <= acknowledged; number++)
		assert_text(number, "{}");
}

/* ---- changes ---- */

static void test_latest(void **state)
{
	struct arena *arena = arena_new();
	struct store_change change;
	struct err err = {""};

	open_store();
	assert_int_equal(store_latest(store, arena, &change, &err), -ENOENT);
	assert_non_null(strstr(err.text, "has no change yet"));
	assert_int_equal(commit("{\"a\": 1}"), 1);
	assert_int_equal(commit("{\"a\": 2}"), 2);
	reopen_store();
	assert_int_equal(store_latest(store, arena, &change, NULL), 0);
	assert_int_equal(change.number, 2);
	assert_int_equal(change.wall_ms, 1795423505123);
	assert_string_equal(change.user, "root (uid 0)");
	assert_string_equal(change.operation, "ApplyConfig");
	assert_string_equal(change.summary, "1 target added");
	assert_string_equal(change.text, "{\"a\": 2}");
	arena_free(arena);
}

static void test_change_text(void **state)
{
	struct err err = {""};
	char *text;

	open_store();
	assert_int_equal(store_change_text(store, 1, &text, &err), -ENOENT);
	assert_null(text);
	assert_string_equal(err.text, "there is no change 1: nothing was changed yet");
	commit("one");
	commit("");
	commit("gr\xc3\xbc\xc3\x9f' -- ;");
	assert_text(1, "one");
	assert_text(2, "");
	assert_text(3, "gr\xc3\xbc\xc3\x9f' -- ;");
	err_clear(&err);
	assert_int_equal(store_change_text(store, 4, &text, &err), -ENOENT);
	assert_string_equal(err.text, "there is no change 4: kept are 1 to 3");
	assert_int_equal(store_change_text(store, 0, &text, NULL), -ENOENT);
	assert_int_equal(store_change_text(store, UINT64_MAX, &text, NULL), -ENOENT);
}

static void test_commit_needs_all_strings(void **state)
{
	struct store_change missing[4] = {sample("x"), sample("x"), sample("x"), sample(NULL)};
	struct store_change whole = sample("x");
	uint64_t number = 99;

	missing[0].user = NULL;
	missing[1].operation = NULL;
	missing[2].summary = NULL;
	open_store();
	for (int i = 0; i < 4; i++)
		assert_int_equal(store_commit(store, &missing[i], &number, NULL), -EINVAL);
	assert_int_equal(number, 99);
	assert_int_equal(newest_number(), 0);
	assert_int_equal(store_commit(store, &whole, NULL, NULL), 0);
}

struct seen {
	uint64_t numbers[STORE_CHANGES_MAX + 1];
	size_t count, stop_at;
};

static int on_change(const struct store_change *change, void *arg)
{
	struct seen *seen = arg;

	assert_null(change->text);
	assert_string_equal(change->operation, "ApplyConfig");
	seen->numbers[seen->count++] = change->number;
	return seen->count == seen->stop_at ? 77 : 0;
}

static void test_history(void **state)
{
	struct seen seen = {.count = 0};

	open_store();
	assert_int_equal(store_history(store, 0, on_change, &seen, NULL), 0);
	assert_int_equal(seen.count, 0);
	for (int i = 0; i < 5; i++)
		commit("x");
	assert_int_equal(store_history(store, 3, on_change, &seen, NULL), 0);
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.numbers[0], 5);
	assert_int_equal(seen.numbers[2], 3);
	seen = (struct seen){.stop_at = 2};
	assert_int_equal(store_history(store, 0, on_change, &seen, NULL), 77);
	assert_int_equal(seen.count, 2);
}

/* At the limit nothing is pruned, one past it the oldest is, and its number is not used again. */
static void test_prune(void **state)
{
	struct seen seen = {.count = 0};
	struct err err = {""};
	char *text;

	open_store();
	assert_int_equal(store_begin(store, NULL), 0);
	for (int i = 0; i < STORE_CHANGES_MAX; i++)
		commit("x");
	assert_int_equal(store_finish(store, NULL), 0);
	assert_text(1, "x");
	assert_int_equal(commit("last"), STORE_CHANGES_MAX + 1);
	assert_int_equal(store_change_text(store, 1, &text, &err), -ENOENT);
	assert_string_equal(err.text, "there is no change 1: kept are 2 to 1001");
	assert_text(2, "x");
	assert_int_equal(store_history(store, 0, on_change, &seen, NULL), 0);
	assert_int_equal(seen.count, STORE_CHANGES_MAX);
	reopen_store();
	assert_int_equal(commit("next"), STORE_CHANGES_MAX + 2);
}

/* ---- refusals of the disk ---- */

static void assert_commit_fails(int code, const char *words)
{
	struct store_change change = sample("not kept");
	struct err err = {""};
	uint64_t number = 99;

	assert_int_equal(store_commit(store, &change, &number, &err), code);
	assert_int_equal(number, 99);
	assert_non_null(strstr(err.text, file));
	if (!strstr(err.text, words))
		fail_msg("'%s' not in: %s", words, err.text);
	assert_int_equal(newest_number(), 1);
}

static char *large_text(size_t len)
{
	char *text = malloc(len + 1);

	assert_non_null(text);
	memset(text, 'x', len);
	text[len] = '\0';
	return text;
}

static void test_full_disk(void **state)
{
	char *large = large_text(300000);
	struct store_change change = sample(large);
	struct err err = {""};

	open_store();
	commit("first");
	assert_int_equal(store_sql_exec(store, "PRAGMA max_page_count = 20", "x", NULL), 0);
	assert_int_equal(store_commit(store, &change, NULL, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "make room on its file system"));
	assert_int_equal(newest_number(), 1);
	assert_int_equal(store_sql_exec(store, "PRAGMA max_page_count = 100000", "x", NULL), 0);
	assert_int_equal(commit("second"), 2); /* the number was not lost either */
	reopen_store();
	assert_text(1, "first");
	assert_text(2, "second");
	free(large);
}

static void test_file_size_limit(void **state)
{
	struct rlimit before, tight = {64 * 1024, RLIM_INFINITY};
	char *large = large_text(300000);
	struct store_change change = sample(large);
	struct err err = {""};

	signal(SIGXFSZ, SIG_IGN);
	open_store();
	commit("first");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	assert_true(store_commit(store, &change, NULL, &err) < 0);
	assert_non_null(strstr(err.text, file));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(newest_number(), 1);
	assert_int_equal(commit("second"), 2);
	reopen_store();
	assert_text(2, "second");
	free(large);
}

static void test_read_only(void **state)
{
	open_store();
	commit("first");
	assert_int_equal(store_sql_exec(store, "PRAGMA query_only = 1", "x", NULL), 0);
	assert_commit_fails(-EROFS, "can't write the change");
	assert_int_equal(store_set_blob(store, "k", "v", 1, NULL), -EROFS);
	assert_int_equal(store_sql_exec(store, "PRAGMA query_only = 0", "x", NULL), 0);
	assert_int_equal(commit("second"), 2);
}

static void test_locked_by_another(void **state)
{
	sqlite3 *db;

	open_store();
	commit("first");
	sqlite3_busy_timeout(store->db, 10);
	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_commit_fails(-EBUSY, "end the program that holds it open");
	sqlite3_close(db);
	assert_int_equal(commit("second"), 2);
}

/* ---- batches ---- */

static void test_batch(void **state)
{
	struct store_announced announced = {.interface = "eth1"};

	open_store();
	assert_int_equal(addr_parse("192.0.2.1", &announced.address, NULL), 0);
	assert_int_equal(store_finish(store, NULL), -ENOENT);
	assert_int_equal(store_begin(store, NULL), 0);
	assert_int_equal(store_begin(store, NULL), -EALREADY);
	assert_int_equal(commit("one"), 1);
	assert_int_equal(store_announced_put(store, &announced, NULL), 0);
	store_abort(store);
	store_abort(store);
	assert_int_equal(newest_number(), 0);

	assert_int_equal(store_begin(store, NULL), 0);
	commit("one");
	commit("two");
	assert_int_equal(store_finish(store, NULL), 0);
	assert_int_equal(store_begin(store, NULL), 0);
	commit("lost with the close");
	reopen_store();
	assert_int_equal(newest_number(), 2);
}

/* A refused change inside a batch takes nothing else with it. */
static void test_batch_survives_a_refusal(void **state)
{
	struct store_change bad = sample(NULL);

	open_store();
	assert_int_equal(store_begin(store, NULL), 0);
	assert_int_equal(commit("one"), 1);
	assert_int_equal(store_commit(store, &bad, NULL, NULL), -EINVAL);
	assert_int_equal(commit("two"), 2);
	assert_int_equal(store_finish(store, NULL), 0);
	assert_int_equal(newest_number(), 2);
}

/* SQLite may undo a whole transaction by itself; the rest of the batch must not trickle in one by
 * one. */
static void test_batch_that_sqlite_undid(void **state)
{
	struct store_change change = sample("x");
	struct err err = {""};
	uint8_t byte;
	size_t len;

	open_store();
	commit("kept");
	assert_int_equal(store_begin(store, NULL), 0);
	assert_int_equal(store_set_blob(store, "k", "1", 1, NULL), 0);
	assert_int_equal(sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(store_set_blob(store, "k", "2", 1, &err), -ECANCELED);
	assert_non_null(strstr(err.text, "was undone after an error"));
	assert_int_equal(store_commit(store, &change, NULL, NULL), -ECANCELED);
	assert_int_equal(store_finish(store, NULL), -ECANCELED);
	assert_int_equal(store_get_blob(store, "k", &byte, 1, &len, NULL), -ENOENT);
	assert_int_equal(newest_number(), 1);
	assert_int_equal(commit("works again"), 2);
}

/* ---- settings ---- */

static void test_settings(void **state)
{
	char key[STORE_KEY_MAX + 2];
	struct err err = {""};
	uint8_t bytes[16];
	size_t len = 99;

	open_store();
	memset(bytes, 7, sizeof(bytes));
	assert_int_equal(store_get_blob(store, "hash_key", bytes, 16, &len, &err), -ENOENT);
	assert_string_equal(err.text, "setting 'hash_key' was never set");
	assert_int_equal(store_set_blob(store, "hash_key", "0123\0\0\xff\x80", 8, NULL), 0);
	assert_int_equal(store_set_blob(store, "empty", NULL, 0, NULL), 0);
	reopen_store();
	assert_int_equal(store_get_blob(store, "hash_key", bytes, 16, &len, NULL), 0);
	assert_int_equal(len, 8);
	assert_memory_equal(bytes, "0123\0\0\xff\x80\x07", 9);
	assert_int_equal(store_get_blob(store, "hash_key", bytes, 8, &len, NULL), 0);
	err_clear(&err);
	memset(bytes, 7, sizeof(bytes));
	assert_int_equal(store_get_blob(store, "hash_key", bytes, 7, &len, &err), -EMSGSIZE);
	assert_int_equal(len, 8);
	assert_int_equal(bytes[0], 7);
	assert_string_equal(err.text, "setting 'hash_key' has 8 bytes, expected at most 7");
	assert_int_equal(store_get_blob(store, "empty", NULL, 0, &len, NULL), 0);
	assert_int_equal(len, 0);
	assert_int_equal(store_set_blob(store, "hash_key", "new", 3, NULL), 0);
	assert_int_equal(store_get_blob(store, "hash_key", bytes, 16, &len, NULL), 0);
	assert_int_equal(len, 3);

	memset(key, 'k', sizeof(key));
	key[STORE_KEY_MAX + 1] = '\0';
	assert_int_equal(store_set_blob(store, key, "x", 1, NULL), -EINVAL);
	key[STORE_KEY_MAX] = '\0';
	assert_int_equal(store_set_blob(store, key, "x", 1, NULL), 0);
	assert_int_equal(store_set_blob(store, "", "x", 1, NULL), -EINVAL);
}

/* ---- draining and announced ---- */

struct lines {
	char text[1000];
	int stop;
};

static int on_draining(const struct store_draining *row, void *arg)
{
	char address[ENDPOINT_TEXT_MAX];
	struct lines *lines = arg;
	size_t len = strlen(lines->text);

	snprintf(lines->text + len, sizeof(lines->text) - len, "%s %s %" PRId64 "\n",
		 row->target_group, endpoint_format(&row->address, row->port, address),
		 row->until_wall_ms);
	return lines->stop;
}

static struct store_draining draining(const char *group, const char *endpoint, int64_t until)
{
	struct store_draining row = {.target_group = group, .until_wall_ms = until};

	assert_int_equal(endpoint_parse(endpoint, &row.address, &row.port, NULL), 0);
	return row;
}

static void put_draining(const char *group, const char *endpoint, int64_t until)
{
	struct store_draining row = draining(group, endpoint, until);

	assert_int_equal(store_draining_put(store, &row, NULL), 0);
}

static void test_draining(void **state)
{
	struct store_draining row = draining("web", "10.0.0.1:80", 0);
	struct lines lines = {.stop = 0};

	open_store();
	assert_int_equal(store_draining_remove(store, &row, NULL), 0);
	assert_int_equal(store_draining_list(store, on_draining, &lines, NULL), 0);
	assert_string_equal(lines.text, "");
	put_draining("web", "10.0.0.1:80", 5000);
	put_draining("web", "10.0.0.1:65535", 6000);
	put_draining("web", "[2001:db8::1]:80", 1795423505123);
	put_draining("api", "10.0.0.1:80", 5000);
	put_draining("web", "10.0.0.1:80", 7000); /* the later end replaces */
	reopen_store();
	assert_int_equal(store_draining_list(store, on_draining, &lines, NULL), 0);
	assert_string_equal(lines.text, "api 10.0.0.1:80 5000\n"
					"web 10.0.0.1:80 7000\n"
					"web 10.0.0.1:65535 6000\n"
					"web [2001:db8::1]:80 1795423505123\n");
	assert_int_equal(store_draining_remove(store, &row, NULL), 0);
	lines = (struct lines){.stop = 5};
	assert_int_equal(store_draining_list(store, on_draining, &lines, NULL), 5);
	assert_string_equal(lines.text, "api 10.0.0.1:80 5000\n");
	lines = (struct lines){.stop = 0};
	assert_int_equal(store_draining_list(store, on_draining, &lines, NULL), 0);
	assert_null(strstr(lines.text, "7000"));
}

static void test_draining_refused(void **state)
{
	struct store_draining row = draining("", "10.0.0.1:80", 0);
	struct lines lines = {.stop = 0};
	struct err err = {""};

	open_store();
	assert_int_equal(store_draining_put(store, &row, &err), -EINVAL);
	row.target_group = NULL;
	assert_int_equal(store_draining_put(store, &row, NULL), -EINVAL);
	row = (struct store_draining){.target_group = "web"};
	assert_int_equal(store_draining_put(store, &row, NULL), -EINVAL);
	assert_int_equal(store_draining_remove(store, &row, NULL), -EINVAL);

	store_close(store);
	tamper("INSERT INTO draining VALUES ('web', 'nonsense', 80, 1)");
	open_store();
	err_clear(&err);
	assert_int_equal(store_draining_list(store, on_draining, &lines, &err), -EUCLEAN);
	assert_non_null(strstr(err.text, "'nonsense' is not an IP address"));
	assert_string_equal(lines.text, "");
}

static int on_announced(const struct store_announced *row, void *arg)
{
	char address[ADDR_TEXT_MAX];
	struct lines *lines = arg;
	size_t len = strlen(lines->text);

	snprintf(lines->text + len, sizeof(lines->text) - len, "%s %s\n", row->interface,
		 addr_format(&row->address, address));
	return lines->stop;
}

static void test_announced(void **state)
{
	static const char *const rows[][2] = {
		{"eth1", "192.0.2.10"},	 {"eth0", "192.0.2.10"},    {"eth1", "192.0.2.10"},
		{"eth1", "2001:db8::1"}, {"eth1", "2001:DB8:0::1"},
	};
	struct store_announced row = {0};
	struct lines lines = {.stop = 0};

	open_store();
	assert_int_equal(store_announced_put(store, &row, NULL), -EINVAL);
	row.interface = "eth0";
	assert_int_equal(store_announced_put(store, &row, NULL), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		row.interface = rows[i][0];
		assert_int_equal(addr_parse(rows[i][1], &row.address, NULL), 0);
		assert_int_equal(store_announced_put(store, &row, NULL), 0);
	}
	reopen_store();
	assert_int_equal(store_announced_list(store, on_announced, &lines, NULL), 0);
	assert_string_equal(lines.text, "eth0 192.0.2.10\neth1 192.0.2.10\neth1 2001:db8::1\n");
	assert_int_equal(store_announced_remove(store, &row, NULL), 0);
	assert_int_equal(store_announced_remove(store, &row, NULL), 0);
	lines = (struct lines){.stop = 3};
	assert_int_equal(store_announced_list(store, on_announced, &lines, NULL), 3);
	lines = (struct lines){.stop = 0};
	assert_int_equal(store_announced_list(store, on_announced, &lines, NULL), 0);
	assert_string_equal(lines.text, "eth0 192.0.2.10\neth1 192.0.2.10\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_open_creates),
		TEST(test_open_settings_of_sqlite),
		TEST(test_open_keeps_a_mode_that_was_set),
		TEST(test_open_twice_is_refused),
		TEST(test_open_while_a_backup_reads),
		TEST(test_open_refuses_a_newer_schema),
		TEST(test_open_refuses_other_programs),
		TEST(test_open_refuses_a_damaged_header),
		TEST(test_open_refuses_text),
		TEST(test_open_refuses_damaged_pages),
		TEST(test_open_refuses_a_cut_file),
		TEST(test_open_refuses_bad_directories),
		TEST(test_kill_loses_nothing),
		TEST(test_latest),
		TEST(test_change_text),
		TEST(test_commit_needs_all_strings),
		TEST(test_history),
		TEST(test_prune),
		TEST(test_full_disk),
		TEST(test_file_size_limit),
		TEST(test_read_only),
		TEST(test_locked_by_another),
		TEST(test_batch),
		TEST(test_batch_survives_a_refusal),
		TEST(test_batch_that_sqlite_undid),
		TEST(test_settings),
		TEST(test_draining),
		TEST(test_draining_refused),
		TEST(test_announced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
