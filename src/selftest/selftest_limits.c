/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlc selftest: limits are in force, and they bite. */
#include <stdlib.h>
#include <string.h>

#include "selftest/host.h"
#include "selftest/subject.h"

#define CGROUP "/sys/fs/cgroup/"

static void compare_limit(Selftest *test, const char *file, const char *wanted)
{
	g_autofree char *ours = host_cgroup_read(test->payload, file);

	expect_equal(test, "the limit, seen from inside", subject_fact(test, "limit"), wanted);
	expect_equal(test, "the limit, seen from the host", ours, wanted);
}

static void check_memory(Selftest *test)
{
	static const char *const options[] = {"--network=none", "--memory=32m", NULL};
	g_autofree char *events = NULL;

	if (!subject_start(test, options,
			   "echo limit=$(cat " CGROUP "memory.max)\n"
			   "tail /dev/zero; echo code=$?; ready"))
		return;
	compare_limit(test, "memory.max", "33554432");
	expect_equal(test, "the exit code of what wants more", subject_fact(test, "code"), "137");
	events = host_cgroup_read(test->payload, "memory.events");
	expect(test, strstr(events, "oom_kill ") && !strstr(events, "oom_kill 0"),
	       "what the kernel killed, seen from the host", events, "one process");
}

static void check_pids(Selftest *test)
{
	static const char *const options[] = {"--network=none", "--pids-limit=8", NULL};
	g_autofree char *current = NULL;

	/* the subshell ends when it cannot fork; what it started goes on */
	if (!subject_start(
		    test, options,
		    "echo limit=$(cat " CGROUP "pids.max)\n"
		    "(for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1000 & done) 2>/dev/null\n"
		    "set -- /proc/[0-9]*; echo count=$#; ready"))
		return;
	compare_limit(test, "pids.max", "8");
	current = host_cgroup_read(test->payload, "pids.current");
	expect(test, atoi(subject_fact(test, "count")) <= 8, "processes, seen from inside",
	       subject_fact(test, "count"), "8 at most");
	expect(test, *current && atoi(current) <= 8, "processes, seen from the host", current,
	       "8 at most");
}

static void check_cpus(Selftest *test)
{
	static const char *const options[] = {"--network=none", "--cpus=0.5", NULL};
	g_autofree char *stat = NULL;

	/* works without rest until it was held up, however long that takes */
	if (!subject_start(test, options,
			   "limit=$(cat " CGROUP "cpu.max); echo \"limit=$limit\"\n"
			   "[ \"$limit\" != '50000 100000' ] ||\n"
			   "until grep -q 'nr_throttled [1-9]' " CGROUP "cpu.stat; do :; done\n"
			   "ready"))
		return;
	compare_limit(test, "cpu.max", "50000 100000");
	stat = host_cgroup_read(test->payload, "cpu.stat");
	expect(test, strstr(stat, "nr_throttled ") && !strstr(stat, "nr_throttled 0"),
	       "how often it was held up, seen from the host", stat, "at least once");
}

/* The soft limit of a line of /proc/PID/limits. */
static char *soft_limit(pid_t pid, const char *title)
{
	g_autofree char *limits = host_proc_read(pid, "limits");
	const char *line = strstr(limits, title);

	line = line ? line + strlen(title) + strspn(line + strlen(title), " ") : "";
	return g_strndup(line, strspn(line, "0123456789"));
}

static void check_files(Selftest *test)
{
	static const char *const options[] = {"--network=none", "--ulimit=nofile=20:20", NULL};
	g_autofree char *ours = NULL;

	if (!subject_start(test, options,
			   "echo limit=$(ulimit -n)\n"
			   "(ulimit -n 1000) 2>/dev/null && echo raised=yes; ready"))
		return;
	ours = soft_limit(test->payload, "Max open files");
	expect_equal(test, "the limit, seen from inside", subject_fact(test, "limit"), "20");
	expect_equal(test, "the limit, seen from the host", ours, "20");
	expect_equal(test, "the payload raises it", subject_fact(test, "raised"), "");
}

static void check_timeout(Selftest *test)
{
	static const char *const options[] = {"--network=none", "--timeout=1", NULL};

	if (!subject_run(test, options, "sleep 1000"))
		return;
	expect(test, test->exit_code == 124, "the exit code of rlc run", test->messages->str,
	       "124: its time was over");
}

const SelftestCheck selftest_limits_checks[] = {
	{"limits/memory", "who takes more memory than --memory is killed", "RLC-L", check_memory},
	{"limits/pids", "there are no more processes than --pids-limit", "RLC-L", check_pids},
	{"limits/cpus", "--cpus holds up who works without rest", "RLC-L", check_cpus},
	{"limits/files", "no more files are open than --ulimit nofile", NULL, check_files},
	{"limits/timeout", "--timeout ends a container", NULL, check_timeout},
	{0},
};
