/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first process of the virtual machine of tests/vm/run, from its initramfs: loads the modules that /modules lists, puts a writable layer over the
 * host's root file system, which comes over 9p and read-only, runs the script that the kernel's command line names, and switches the machine off.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		printf("vm: module '%s': %s\n", path, strerror(errno));
	close(fd);
}

static void load_all(void)
{
	FILE *list = fopen("/modules", "r");
	char path[256];

	while (list && fgets(path, sizeof(path), list)) {
		path[strcspn(path, "\n")] = '\0';
		load(path);
	}
	if (list)
		fclose(list);
}

static void put(const char *what, const char *where, const char *type, unsigned long flags, const char *options)
{
	mkdir(where, 0755);
	if (mount(what, where, type, flags, options))
		printf("vm: mounting '%s': %s\n", where, strerror(errno));
}

static void lay_out(void)
{
	put("proc", "/proc", "proc", 0, NULL);
	put("host", "/host", "9p", MS_RDONLY, "trans=virtio,version=9p2000.L,msize=262144,cache=loose");
	put("layer", "/layer", "tmpfs", 0, NULL);
	mkdir("/layer/upper", 0755);
	mkdir("/layer/work", 0755);
	put("root", "/root", "overlay", 0, "lowerdir=/host,upperdir=/layer/upper,workdir=/layer/work");
	put("proc", "/root/proc", "proc", 0, NULL);
	put("sys", "/root/sys", "sysfs", 0, NULL);
	put("dev", "/root/dev", "devtmpfs", 0, NULL);
	put("run", "/root/run", "tmpfs", 0, NULL);
	put("bpf", "/root/sys/fs/bpf", "bpf", 0, NULL);
}

static void run_script(const char *script)
{
	int console = open("/dev/console", O_RDWR);

	for (int fd = 0; fd < 3; fd++)
		dup2(console, fd);
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	execl("/bin/bash", "bash", script, (char *)NULL);
	printf("vm: bash: %s\n", strerror(errno));
	_exit(1);
}

/* argv: what the kernel's command line has behind "--". */
int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	load_all();
	lay_out();
	if (argc == 2 && chroot("/root") == 0 && chdir("/") == 0 && fork() == 0)
		run_script(argv[1]);
	while (wait(NULL) > 0)
		;
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
