/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The least that a container can be: what no runtime can undercut, for rlc to be timed against.
 *
 *     floor [-f] [-n] [-m] ROOTFS PROGRAM
 *
 * One clone3(2) with all seven namespaces, one id of its own, private mounts, the rootfs bound,
 * /proc, pivot_root(2), exec, wait.  -f (F1): an overlay over the rootfs, /dev with devpts, shm and
 * mqueue, /sys, masked paths.  -n: lo, and a tap with an address and a route.  -m: ranges of ids by
 * newuidmap and newgidmap, which run side by side.  Static, no library but libc, no checks that a
 * runtime owes its users: an error ends it.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/sched.h>
#include <net/if.h>
#include <net/route.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define RANGE 65536

static void check(long result, const char *what)
{
	if (result < 0)
		err(125, "%s", what);
}

static void put(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(const char *path, const char *format, ...)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	va_list list;

	check(fd, path);
	va_start(list, format);
	check(vdprintf(fd, format, list), path);
	va_end(list);
	close(fd);
}

static void put_map(pid_t pid, const char *map, unsigned id)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", pid, map);
	put(path, "0 %u 1", id);
}

static void map_one(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/setgroups", pid);
	put(path, "deny");
	put_map(pid, "uid_map", geteuid());
	put_map(pid, "gid_map", getegid());
}

/* The caller's first range, and his own id as root */
static pid_t start_mapper(const char *program, const char *ranges, pid_t target, unsigned id)
{
	char pid[16], own[16], line[256], first[16] = "", *name = getenv("USER");
	FILE *file = fopen(ranges, "re");
	pid_t child;

	while (file && fgets(line, sizeof line, file))
		if (name && strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
			sscanf(line + strlen(name) + 1, "%15[0-9]", first);
	if (file)
		fclose(file);
	snprintf(pid, sizeof pid, "%d", target);
	snprintf(own, sizeof own, "%u", id);
	child = vfork();
	if (child == 0) {
		execlp(program, program, pid, "0", own, "1", "1", first, "65536", NULL);
		_exit(127);
	}
	return child;
}

static void map_ranges(pid_t pid)
{
	pid_t one = start_mapper("newuidmap", "/etc/subuid", pid, geteuid());
	pid_t other = start_mapper("newgidmap", "/etc/subgid", pid, getegid());
	int status, worst = 0;

	waitpid(one, &status, 0);
	worst |= status;
	waitpid(other, &status, 0);
	if (worst | status)
		errx(125, "newuidmap or newgidmap failed");
}

static void mount_at(const char *source, const char *target, const char *type, unsigned long flags,
		     const char *data)
{
	mkdir(target, 0755);
	check(mount(source, target, type, flags, data), target);
}

static void make_device(const char *name)
{
	char host[64], inside[64];

	snprintf(host, sizeof host, "/dev/%s", name);
	snprintf(inside, sizeof inside, "dev/%s", name);
	close(open(inside, O_CREAT | O_CLOEXEC, 0666));
	check(mount(host, inside, NULL, MS_BIND, NULL), host);
}

static void make_full_root(void)
{
	static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};
	static const char *const masked[] = {"proc/kcore", "proc/keys", "proc/timer_list",
					     "proc/sysrq-trigger"};

	mount_at("tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=755");
	for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
		make_device(devices[i]);
	mount_at("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666");
	mount_at("shm", "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777");
	mount_at("mqueue", "dev/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_at("sysfs", "sys", "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	for (size_t i = 0; i < sizeof masked / sizeof *masked; i++)
		if (access(masked[i], F_OK) == 0)
			check(mount("dev/null", masked[i], NULL, MS_BIND, NULL), masked[i]);
}

/* The overlay's upper directory is on a tmpfs over /tmp, where the rootfs itself may be. */
static void enter_root(const char *rootfs, bool full)
{
	char data[4096];

	check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make / private");
	if (full) {
		int lower = open(rootfs, O_PATH | O_CLOEXEC);

		check(mount("tmpfs", "/tmp", "tmpfs", 0, "mode=755"), "/tmp");
		mkdir("/tmp/upper", 0755);
		mkdir("/tmp/work", 0755);
		mkdir("/tmp/root", 0755);
		snprintf(data, sizeof data,
			 "lowerdir=/proc/self/fd/%d,upperdir=/tmp/upper,workdir=/tmp/work", lower);
		check(mount("overlay", "/tmp/root", "overlay", 0, data), "overlay");
		rootfs = "/tmp/root";
	} else {
		check(mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL), rootfs);
	}
	check(chdir(rootfs), rootfs);
	mount_at("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	if (full)
		make_full_root();
	check(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	check(umount2(".", MNT_DETACH), "umount the old root");
}

static void set_up(int fd, const char *name, const char *address)
{
	struct ifreq request = {0};
	struct sockaddr_in *in = (struct sockaddr_in *)&request.ifr_addr;

	strcpy(request.ifr_name, name);
	if (address) {
		in->sin_family = AF_INET;
		inet_pton(AF_INET, address, &in->sin_addr);
		check(ioctl(fd, SIOCSIFADDR, &request), "set an address");
	}
	request.ifr_flags = IFF_UP;
	check(ioctl(fd, SIOCSIFFLAGS, &request), name);
}

static void make_network(void)
{
	struct ifreq request = {.ifr_name = "tap0", .ifr_flags = IFF_TAP | IFF_NO_PI};
	struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), tap;

	set_up(fd, "lo", NULL);
	tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	check(tap, "/dev/net/tun");
	check(ioctl(tap, TUNSETIFF, &request), "make a tap");
	check(ioctl(tap, TUNSETPERSIST, 1), "keep the tap");
	set_up(fd, "tap0", "10.0.2.100");
	((struct sockaddr_in *)&route.rt_gateway)->sin_family = AF_INET;
	inet_pton(AF_INET, "10.0.2.2", &((struct sockaddr_in *)&route.rt_gateway)->sin_addr);
	route.rt_dst.sa_family = route.rt_genmask.sa_family = AF_INET;
	check(ioctl(fd, SIOCADDRT, &route), "add a route");
}

int main(int argc, char **argv)
{
	struct clone_args args = {.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID |
					   CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
					   CLONE_NEWCGROUP,
				  .exit_signal = SIGCHLD};
	bool full = false, network = false, ranges = false;
	int option, mapped[2], status = 0;
	pid_t pid;
	char byte;

	while ((option = getopt(argc, argv, "fnm")) > 0) {
		full |= option == 'f';
		network |= option == 'n';
		ranges |= option == 'm';
	}
	if (optind + 2 != argc)
		errx(125, "floor [-f] [-n] [-m] ROOTFS PROGRAM");
	check(pipe2(mapped, O_CLOEXEC), "pipe");
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	check(pid, "clone3");
	if (pid == 0) {
		close(mapped[1]);
		check(read(mapped[0], &byte, 1), "wait for the map");
		if (network)
			make_network();
		enter_root(argv[optind], full);
		execl(argv[optind + 1], argv[optind + 1], NULL);
		err(127, "%s", argv[optind + 1]);
	}
	if (ranges)
		map_ranges(pid);
	else
		map_one(pid);
	close(mapped[1]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
