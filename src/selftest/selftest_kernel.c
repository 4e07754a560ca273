/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlc selftest: what the payload may ask of the kernel. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "selftest/host.h"
#include "selftest/subject.h"

static const char *const no_network[] = {"--network=none", NULL};

/* Docker's default set, as a mask: chown dac_override fowner fsetid kill setgid setuid setpcap
 * net_bind_service net_raw sys_chroot mknod audit_write setfcap */
#define CAPS_ALLOWED UINT64_C(0xa80425fb)

static void compare_capabilities(Selftest *test, const char *set)
{
	g_autofree char *theirs = host_proc_status(test->payload, set);
	guint64 inside = g_ascii_strtoull(subject_fact(test, set), NULL, 16);
	guint64 outside = g_ascii_strtoull(theirs, NULL, 16);

	expect(test, (inside & ~CAPS_ALLOWED) == 0, set, subject_fact(test, set),
	       "docker's default set or less, seen from inside");
	expect(test, *theirs && (outside & ~CAPS_ALLOWED) == 0, set, theirs,
	       "docker's default set or less, seen from the host");
}

static void check_capabilities(Selftest *test)
{
	static const char *const sets[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};

	if (!subject_start(test, no_network,
			   "sed -n 's/^\\(Cap...\\):\t/\\1=/p' /proc/self/status; ready"))
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(sets); i++)
		compare_capabilities(test, sets[i]);
}

static void check_privileges(Selftest *test)
{
	g_autofree char *no_new = NULL, *filter = NULL;

	if (!subject_start(
		    test, no_network,
		    "sed -n 's/^\\(NoNewPrivs\\|Seccomp\\):\t/\\1=/p' /proc/self/status; ready"))
		return;
	no_new = host_proc_status(test->payload, "NoNewPrivs");
	filter = host_proc_status(test->payload, "Seccomp");
	expect_equal(test, "no_new_privs, seen from inside", subject_fact(test, "NoNewPrivs"), "1");
	expect_equal(test, "no_new_privs, seen from the host", no_new, "1");
	expect_equal(test, "the filter of system calls, seen from inside",
		     subject_fact(test, "Seccomp"), "2");
	expect_equal(test, "the filter of system calls, seen from the host", filter, "2");
}

static void check_calls(Selftest *test)
{
	/* none does anything to the host if it succeeds */
	static const char script[] =
		"try() { name=$1; shift; \"$@\" >/dev/null 2>&1 && echo may=$name; }\n"
		"try unshare-user unshare -U true; try unshare-mount unshare -m true\n"
		"try unshare-net unshare -n true; try unshare-uts unshare -u true\n"
		"try setns nsenter -t 1 -m true; try syslog dmesg\n"
		"try mount mount -t proc none /proc; try pivot_root pivot_root / /\n"
		"try nice nice -n -19 true; ready";
	g_autofree char *user = NULL, *ours = NULL;

	if (!subject_start(test, no_network, script))
		return;
	ours = host_proc_link(test->payload, "ns/mnt");
	user = host_proc_link(test->rlc, "ns/mnt");
	expect(test, !*subject_fact(test, "may"), "system calls that succeed",
	       subject_fact(test, "may"), "none of those that were tried");
	expect(test, strcmp(ours, user) != 0, "the payload's mounts, seen from the host", ours,
	       "its own, still");
}

static bool is_harmless(const char *name)
{
	static const char *const names[] = {"null", "zero", "full",    "random",
					    "tty",  "ptmx", "console", "urandom"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/* The names of nodes in a /dev that are not harmless. Caller frees. */
static char *bad_devices(const char *path)
{
	g_autofree char *all = host_list(path);
	g_auto(GStrv) names = g_strsplit(all, " ", -1);
	g_autoptr(GString) bad = g_string_new(NULL);

	for (char **name = names; *name; name++) {
		g_autofree char *node = g_build_filename(path, *name, NULL);
		struct stat st;

		if (lstat(node, &st) == 0 && (S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode)) &&
		    !is_harmless(*name))
			g_string_append_printf(bad, "%s ", *name);
	}
	return g_string_free(g_steal_pointer(&bad), FALSE);
}

static void check_devices(Selftest *test)
{
	/* /dev/kmsg by another name: reading it harms nobody */
	static const char script[] = "echo blocks=$(find /dev -type b | wc -l)\n"
				     "echo nodes=$(find /dev -type c | wc -l)\n"
				     "mknod /tmp/kmsg c 1 11 2>/dev/null; ( : </tmp/kmsg ) "
				     "2>/dev/null && echo opened=kmsg\n"
				     "( : </dev/kmsg ) 2>/dev/null && echo opened=/dev/kmsg; ready";
	g_autofree char *path = NULL, *bad = NULL;

	if (!subject_start(test, no_network, script))
		return;
	path = g_strdup_printf("/proc/%d/root/dev", test->payload);
	bad = bad_devices(path);
	expect_equal(test, "block devices inside", subject_fact(test, "blocks"), "0");
	expect(test, atoi(subject_fact(test, "nodes")) > 0, "devices inside",
	       subject_fact(test, "nodes"), "the harmless ones");
	expect_equal(test, "the kernel's log is opened by the payload",
		     subject_fact(test, "opened"), "");
	expect_equal(test, "devices that do harm, seen from the host", bad, "");
}

/* Is the mount at this path of the payload's read-only, as the host sees it? */
static bool is_read_only(Selftest *test, const char *path)
{
	g_autofree char *mounts = host_proc_read(test->payload, "mountinfo");
	g_autofree char *wanted = g_strdup_printf(" %s ro,", path);

	return strstr(mounts, wanted) != NULL;
}

static void check_kernel_files(Selftest *test)
{
	/* opened for writing, or written with what is there already */
	static const char script[] =
		"for f in /proc/sysrq-trigger /proc/sys/kernel/core_pattern "
		"/proc/irq/default_smp_affinity "
		"/sys/kernel/uevent_seqnum /sys/kernel/mm/transparent_hugepage/enabled; do\n"
		"  ( : >>$f ) 2>/dev/null && echo writes=$f; done\n"
		"f=/proc/sys/vm/overcommit_memory; ( cat $f >$f ) 2>/dev/null && echo writes=$f\n"
		"for f in kcore keys timer_list sched_debug latency_stats; do\n"
		"  [ -z \"$(head -c 1 /proc/$f 2>/dev/null)\" ] || echo reads=$f; done; ready";
	static const char *const paths[] = {"/sys", "/proc/sys"};

	if (!subject_start(test, no_network, script))
		return;
	expect_equal(test, "files of the kernel that the payload writes",
		     subject_fact(test, "writes"), "");
	expect_equal(test, "files of the kernel that tell of others", subject_fact(test, "reads"),
		     "");
	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++)
		expect(test, is_read_only(test, paths[i]), paths[i], "writable",
		       "read-only, seen from the host");
}

const SelftestCheck selftest_kernel_checks[] = {
	{"kernel/capabilities", "root inside has docker's capabilities at most", NULL,
	 check_capabilities},
	{"kernel/privileges", "no program gains privileges, and system calls are filtered", NULL,
	 check_privileges},
	{"kernel/calls", "namespaces, mounts and the kernel's log are out of reach", NULL,
	 check_calls},
	{"kernel/devices", "no device but the harmless ones", NULL, check_devices},
	{"kernel/files", "settings of the kernel are read-only, its secrets masked", NULL,
	 check_kernel_files},
	{0},
};
