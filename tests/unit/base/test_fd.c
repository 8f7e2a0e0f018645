/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors and small files, in a temporary directory. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/fd.h"

static char dir[] = "/tmp/leat-test-fd-XXXXXX";

static int enter_dir(void **state)
{
	return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int leave_dir(void **state)
{
	char command[sizeof(dir) + 16];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return chdir("/") || system(command);
}

static void make_file(const char *path, size_t bytes)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	for (size_t i = 0; i < bytes; i++)
		fputc('a' + (int)(i % 26), file);
	fclose(file);
}

static void test_close(void **state)
{
	int fd = open("/dev/null", O_RDONLY), number = fd;

	errno = EAGAIN;
	fd_close(&fd);
	assert_int_equal(fd, -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(fcntl(number, F_GETFD), -1);
	errno = EAGAIN;
	fd_close(&fd);
	assert_int_equal(errno, EAGAIN);
}

static void test_nonblock(void **state)
{
	int ends[2];
	char byte;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fd_set_nonblock(ends[0]), 0);
	assert_int_equal(read(ends[0], &byte, 1), -1);
	assert_int_equal(errno, EAGAIN);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(fd_set_nonblock(ends[0]), -EBADF);
}

static void test_read_sizes(void **state)
{
	static const size_t sizes[] = {0, 1, 4094, 4095, 4096, 4097, 8191, 8192, 100000};
	char *text;
	size_t len;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		make_file("file", sizes[i]);
		assert_int_equal(fd_read_file("file", 100000, &text, &len, NULL), 0);
		assert_int_equal(len, sizes[i]);
		assert_int_equal(strlen(text), sizes[i]);
		free(text);
	}
	assert_int_equal(fd_read_file("/proc/self/status", 1 << 20, &text, NULL, NULL), 0);
	assert_non_null(strstr(text, "Pid:"));
	free(text);
}

static void test_read_limit(void **state)
{
	struct err err = {""};
	char *text;

	make_file("file", 100);
	assert_int_equal(fd_read_file("file", 100, &text, NULL, &err), 0);
	free(text);
	assert_int_equal(fd_read_file("file", 99, &text, NULL, &err), -EFBIG);
	assert_null(text);
	assert_string_equal(err.text, "file 'file' is longer than 99 bytes");
}

static void test_read_refused(void **state)
{
	struct err err = {""};
	char *text;

	assert_int_equal(fd_read_file("absent", 10, &text, NULL, &err), -ENOENT);
	assert_null(text);
	assert_string_equal(err.text, "can't read file 'absent': No such file or directory");
	err_clear(&err);
	assert_int_equal(fd_read_file("/tmp", 10, &text, NULL, &err), -EISDIR);
	assert_null(text);
}

static void test_read_stdin(void **state)
{
	int saved = dup(STDIN_FILENO), fd;
	char *text;

	make_file("file", 26);
	fd = open("file", O_RDONLY);
	dup2(fd, STDIN_FILENO);
	close(fd);
	assert_int_equal(fd_read_file("-", 100, &text, NULL, NULL), 0);
	assert_string_equal(text, "abcdefghijklmnopqrstuvwxyz");
	free(text);
	assert_int_not_equal(fcntl(STDIN_FILENO, F_GETFD), -1); /* left open */
	dup2(saved, STDIN_FILENO);
	close(saved);
}

static void test_write_file(void **state)
{
	char *text;

	make_file("file", 100);
	assert_int_equal(fd_write_file("file", "1\n"), 0);
	assert_int_equal(fd_read_file("file", 100, &text, NULL, NULL), 0);
	assert_string_equal(text, "1\n");
	free(text);
	assert_int_equal(fd_write_file("absent", "1"), -ENOENT);
	assert_int_equal(access("absent", F_OK), -1);
}

static void test_make_dirs(void **state)
{
	char deep[PATH_MAX + 10];
	struct err err = {""};
	struct stat st;

	umask(0);
	assert_int_equal(fd_make_dirs("a/b//c/", 0750, NULL), 0);
	assert_int_equal(fd_make_dirs("a/b/c", 0700, NULL), 0);
	assert_int_equal(stat("a/b/c", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0750);
	snprintf(deep, sizeof(deep), "%s/x/y", dir);
	assert_int_equal(fd_make_dirs(deep, 0700, NULL), 0);
	assert_int_equal(fd_make_dirs("/", 0700, NULL), 0);

	make_file("plain", 1);
	assert_int_equal(fd_make_dirs("plain/d", 0700, &err), -ENOTDIR);
	assert_string_equal(err.text, "can't make directory 'plain': Not a directory");
	assert_int_equal(fd_make_dirs("", 0700, NULL), -ENOENT);
	memset(deep, 'x', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	assert_int_equal(fd_make_dirs(deep, 0700, NULL), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_close),	     cmocka_unit_test(test_nonblock),
		cmocka_unit_test(test_read_sizes),   cmocka_unit_test(test_read_limit),
		cmocka_unit_test(test_read_refused), cmocka_unit_test(test_read_stdin),
		cmocka_unit_test(test_write_file),   cmocka_unit_test(test_make_dirs),
	};

	return cmocka_run_group_tests(tests, enter_dir, leave_dir);
}
