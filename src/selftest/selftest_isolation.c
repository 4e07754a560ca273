/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlc selftest: whom the payload sees, and who it is. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/pid.h"
#include "selftest/host.h"
#include "selftest/subject.h"

#define NO_NETWORK "--network=none"
#define ENDS_MS	   5000

static const char *const no_network[] = {NO_NETWORK, NULL};

static void check_container(Selftest *test)
{
	pid_t payload;

	if (!subject_start(test, no_network, "echo says=hello; ready; exit 7"))
		return;
	payload = test->payload;
	expect_equal(test, "what the payload says", subject_fact(test, "says"), "hello");
	subject_finish(test);
	expect(test, test->exit_code == 7, "the exit code of rlc run", test->messages->str,
	       "7, the payload's own");
	expect(test, pid_start_time(payload) == 0, "the payload, on the host", "it runs on",
	       "it has ended");
}

static void compare_namespace(Selftest *test, const char *kind)
{
	g_autofree char *link = g_strconcat("ns/", kind, NULL);
	g_autofree char *ours = host_proc_link(getpid(), link);
	g_autofree char *theirs = host_proc_link(test->payload, link);

	expect(test, strcmp(ours, theirs) != 0, "a namespace, seen from the host", theirs,
	       "another than the host's");
	expect_equal(test, "a namespace, seen from inside", subject_fact(test, kind), theirs);
}

static void check_namespaces(Selftest *test)
{
	static const char *const kinds[] = {"cgroup", "ipc", "mnt", "net", "pid", "uts", "user"};
	bool user = geteuid() != 0;

	if (!subject_start(test, no_network,
			   "cd /proc/self/ns; for n in *; do echo $n=$(readlink $n); done; ready"))
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(kinds) - !user; i++)
		compare_namespace(test, kinds[i]);
}

/* The first of the four ids of a line of /proc/PID/status. */
static long status_id(pid_t pid, const char *key)
{
	g_autofree char *ids = host_proc_status(pid, key);

	return *ids ? atol(ids) : -1;
}

static void check_root(Selftest *test)
{
	/* root's containers have the host's ids unless asked */
	const char *const options[] = {NO_NETWORK, geteuid() == 0 ? "--userns=auto" : NULL, NULL};
	g_autofree char *uid = NULL;

	if (!subject_start(test, options, "echo uid=$(id -u); ready"))
		return;
	uid = g_strdup_printf("%ld", status_id(test->payload, "Uid"));
	expect_equal(test, "the user, seen from inside", subject_fact(test, "uid"), "0");
	expect(test, strcmp(uid, "0") != 0 && strcmp(uid, "-1") != 0,
	       "the user, seen from the host", uid, "anybody but root");
	expect(test, geteuid() == 0 || atol(uid) == (long)geteuid(), "the user, seen from the host",
	       uid, "the caller");
}

static void check_ids(Selftest *test)
{
	const char *const options[] = {NO_NETWORK, "--user=1:1",
				       geteuid() == 0 ? "--userns=auto" : NULL, NULL};
	long uid, gid;

	if (!subject_start(test, options, "echo ids=$(id -u):$(id -g); ready"))
		return;
	uid = status_id(test->payload, "Uid");
	gid = status_id(test->payload, "Gid");
	expect_equal(test, "the ids, seen from inside", subject_fact(test, "ids"), "1:1");
	expect(test, uid > 1 && uid != (long)geteuid() && gid > 1 && gid != (long)getegid(),
	       "the ids, seen from the host", "the host's or the caller's own",
	       "subordinate ids of the caller");
}

static void check_processes(Selftest *test)
{
	g_autofree char *pids = NULL, *script = NULL;
	const char *inner;

	/* a glob starts no process */
	script = g_strdup_printf("set -- /proc/[0-9]*; echo count=$#; kill -0 %d 2>/dev/null && "
				 "echo found=$(readlink /proc/%d/exe); ready",
				 getpid(), getpid());
	if (!subject_start(test, no_network, script))
		return;
	expect(test, atoi(subject_fact(test, "count")) <= 2, "the number of processes inside",
	       subject_fact(test, "count"), "2: PID 1 and the payload");
	expect(test, !strstr(subject_fact(test, "found"), "rlc"),
	       "who has rlc selftest's pid inside", subject_fact(test, "found"),
	       "nobody, or one of the container's own");
	pids = host_proc_status(test->payload, "NSpid");
	inner = strrchr(pids, '\t');
	expect_equal(test, "the payload's pid in a namespace of its own, seen from the host",
		     inner ? inner + 1 : "none", subject_fact(test, "payload"));
}

static void check_files(Selftest *test)
{
	g_autofree char *secret = g_build_filename(test->directory, "secret", NULL);
	g_autofree char *script = NULL, *made = NULL, *inside = NULL, *below_root = NULL;

	if (!g_file_set_contents(secret, test->token, -1, NULL)) {
		subject_skip(test, NULL, "no file could be made on the host");
		return;
	}
	script = g_strdup_printf("for root in / /proc/1/root /proc/self/root/.. /../..; do "
				 "[ ! -e $root%s ] || echo read=$root; done\n"
				 "echo inside >/rlc-%s && echo wrote=yes; ready",
				 secret, test->token);
	if (!subject_start(test, no_network, script))
		return;
	expect_equal(test, "roots below which the payload finds a file of the host",
		     subject_fact(test, "read"), "");
	expect_equal(test, "the payload writes into its root", subject_fact(test, "wrote"), "yes");
	made = g_strconcat("/rlc-", test->token, NULL);
	expect(test, !g_file_test(made, G_FILE_TEST_EXISTS), "that file", made,
	       "nothing of it on the host");
	below_root = g_strconcat("root", made, NULL);
	inside = host_proc_read(test->payload, below_root);
	expect_equal(test, "that file, seen from the host in the container's root", inside,
		     "inside");
}

static void check_image(Selftest *test)
{
	static const char write_all[] = "for d in /etc /usr /bin /var /root; do "
					"[ ! -d $d ] || echo changed >$d/rlc-selftest; done\n"
					"set -- /*/rlc-selftest; echo found=$1; ready";
	g_autofree char *listing = NULL, *root = NULL;

	if (!subject_start(test, no_network, write_all))
		return;
	expect(test, g_str_has_suffix(subject_fact(test, "found"), "/rlc-selftest"),
	       "what the payload wrote, inside", subject_fact(test, "found"), "a file");
	subject_finish(test);
	if (!subject_start(test, no_network,
			   "mkdir -p /etc; set -- /*/rlc-selftest; echo found=$1; ready"))
		return;
	expect_equal(test, "what an earlier container wrote, seen by the next",
		     subject_fact(test, "found"), "/*/rlc-selftest");
	root = g_strdup_printf("/proc/%d/root/etc", test->payload);
	listing = host_list(root);
	expect(test, !strstr(listing, "rlc-selftest"), "the next one's /etc, seen from the host",
	       listing, "nothing of the earlier container's");
}

static void check_mounts(Selftest *test)
{
	g_autofree char *tmpfs = g_strconcat("--tmpfs=/tmp/", test->token, NULL);
	const char *const options[] = {NO_NETWORK, tmpfs, NULL};
	g_autofree char *script = NULL, *ours = NULL, *theirs = NULL;

	script = g_strdup_printf("echo inside=$(grep -c %s /proc/self/mountinfo)\n"
				 "mount -t tmpfs none /tmp 2>/dev/null && echo mounted=yes\n"
				 "umount /proc 2>/dev/null && echo unmounted=yes; ready",
				 test->token);
	if (!subject_start(test, options, script))
		return;
	ours = host_proc_read(getpid(), "mountinfo");
	theirs = host_proc_read(test->payload, "mountinfo");
	expect_equal(test, "mounts of --tmpfs inside", subject_fact(test, "inside"), "1");
	expect(test, strstr(theirs, test->token), "the container's mounts, seen from the host",
	       theirs, "the one of --tmpfs among them");
	expect(test, !strstr(ours, test->token), "the host's mounts", "the one of --tmpfs",
	       "nothing of the container's");
	expect_equal(test, "the payload may mount", subject_fact(test, "mounted"), "");
	expect_equal(test, "the payload may unmount", subject_fact(test, "unmounted"), "");
}

static void check_hostname(Selftest *test)
{
	g_autofree char *name = g_strdup_printf("selftest-%.8s", test->token);
	g_autofree char *option = g_strconcat("--hostname=", name, NULL);
	const char *const options[] = {NO_NETWORK, option, NULL};
	char before[256] = "", after[256] = "";

	gethostname(before, sizeof before - 1);
	/* the host's own name: no harm is done if it is set */
	if (!subject_start(test, options,
			   "echo name=$(hostname); hostname $(hostname) 2>/dev/null && echo "
			   "set=yes; ready"))
		return;
	gethostname(after, sizeof after - 1);
	expect_equal(test, "the name inside", subject_fact(test, "name"), name);
	expect_equal(test, "the payload may change it", subject_fact(test, "set"), "");
	expect_equal(test, "the host's name", after, before);
}

/* The caller has more open than the three streams, and they would be inherited. */
static void check_descriptors(Selftest *test)
{
	int leak = open(test->directory, O_RDONLY | O_DIRECTORY); /* not closed on exec */
	g_autofree char *path = NULL, *theirs = NULL;
	bool ready = subject_start(test, no_network,
				   "for n in $(seq 0 255); do [ ! -e /proc/$$/fd/$n ] || "
				   "fds=$fds$n; done; echo fds=$fds; ready");

	fd_close(&leak);
	if (!ready)
		return;
	path = g_strdup_printf("/proc/%d/fd", test->payload);
	theirs = host_list(path);
	expect_equal(test, "open descriptors, seen from inside", subject_fact(test, "fds"), "012");
	expect_equal(test, "open descriptors, seen from the host", theirs, "0 1 2");
}

static void check_environment(Selftest *test)
{
	g_autofree char *theirs = NULL;
	bool ready;

	g_setenv("RLC_SELFTEST_SECRET", test->token, TRUE);
	ready = subject_start(test, no_network, "echo secret=$RLC_SELFTEST_SECRET; ready");
	g_unsetenv("RLC_SELFTEST_SECRET");
	if (!ready)
		return;
	theirs = host_proc_read(test->payload, "environ");
	expect_equal(test, "a variable of the caller's, inside", subject_fact(test, "secret"), "");
	expect(test, !strstr(theirs, "RLC_SELFTEST_SECRET"), "variables, seen from the host",
	       "those of the caller", "none of the caller's");
}

/* /dev/shm, message queues and the like: what is made inside is not there outside. */
static void check_ipc(Selftest *test)
{
	g_autofree char *script = NULL, *made = NULL, *ours = NULL, *theirs = NULL;

	script = g_strdup_printf("f=/dev/shm/%s; echo x >$f && echo made=yes; ready; rm $f",
				 test->token);
	if (!subject_start(test, no_network, script))
		return;
	made = g_strconcat("/dev/shm/", test->token, NULL);
	ours = host_proc_link(getpid(), "ns/ipc");
	theirs = host_proc_link(test->payload, "ns/ipc");
	expect_equal(test, "the payload makes shared memory", subject_fact(test, "made"), "yes");
	expect(test, !g_file_test(made, G_FILE_TEST_EXISTS), "it, on the host", made,
	       "nothing of it");
	expect(test, strcmp(ours, theirs) != 0, "the IPC namespace, seen from the host", theirs,
	       "another than the host's");
}

/* Sockets by which programs of a host are told what to do. */
static void check_sockets(Selftest *test)
{
	g_autofree char *script = NULL, *gateway = NULL, *name = NULL;
	auto_fd abstract = -1, listener = -1;
	guint16 port = 0;

	name = g_strconcat("rlc-selftest-", test->token, NULL);
	abstract = host_socket_abstract(name);
	listener = host_socket("127.0.0.1", SOCK_STREAM, &port);
	script = g_strdup_printf(
		"echo seen=$(grep -c %s /proc/net/unix)\n"
		"for at in 127.0.0.1 $(ip route | sed -n 's/^default via \\([0-9.]*\\).*/\\1/p'); "
		"do\n"
		"  nc -w 2 $at %u -e true </dev/null >/dev/null 2>&1 && echo reached=$at; done; "
		"ready",
		name, port);
	if (abstract < 0 || listener < 0) {
		subject_skip(test, NULL, "the host's loopback is not up");
		return;
	}
	if (!subject_start(test, NULL, script))
		return;
	expect_equal(test, "abstract sockets of the host, inside", subject_fact(test, "seen"), "0");
	expect_equal(test, "addresses by which the payload reaches the host's loopback",
		     subject_fact(test, "reached"), "");
	expect(test, !host_was_asked(listener), "the server on the host's loopback",
	       "somebody connected", "nobody connects");
}

static void check_end(Selftest *test)
{
	struct pollfd ended = {.fd = -1, .events = POLLIN};
	auto_fd pidfd = -1;

	if (!subject_start(test, no_network, "sleep 1000 & ready"))
		return;
	pidfd = pid_open(test->payload, pid_start_time(test->payload));
	ended.fd = pidfd;
	subject_kill(test);
	expect(test, pidfd >= 0 && TEMP_FAILURE_RETRY(poll(&ended, 1, ENDS_MS)) == 1,
	       "the payload, when rlc run was killed", "it runs on", "it ends, too");
	subject_finish(test);
	expect(test, test->exit_code == 137, "rlc run", "it ended otherwise", "killed");
}

const SelftestCheck selftest_isolation_checks[] = {
	{"isolation/container", "a container runs, and ends with its command's exit code", NULL,
	 check_container},
	{"isolation/namespaces", "each namespace is the container's own", NULL, check_namespaces},
	{"isolation/root", "root inside is not root outside", "RLC-U", check_root},
	{"isolation/ids", "other users inside have ids outside that nobody else has", "RLC-U",
	 check_ids},
	{"isolation/processes", "no process of the host is seen, nor a signal sent to one", NULL,
	 check_processes},
	{"isolation/files", "no file of the host is read or made", NULL, check_files},
	{"isolation/image", "what a container writes is not in the image", NULL, check_image},
	{"isolation/mounts", "mounts stay inside, and the payload makes none", NULL, check_mounts},
	{"isolation/hostname", "the name is the container's own", NULL, check_hostname},
	{"isolation/ipc", "shared memory is the container's own", NULL, check_ipc},
	{"isolation/sockets", "servers of the host's loopback and abstract sockets are not reached",
	 "RLC-N", check_sockets},
	{"isolation/descriptors", "no open file of the caller's comes in", NULL, check_descriptors},
	{"isolation/environment", "no variable of the caller's comes in", NULL, check_environment},
	{"isolation/end", "when rlc is killed, all inside ends", NULL, check_end},
	{0},
};
