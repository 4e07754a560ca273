/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlc check: the kernel, and what the user may have of it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/program.h"
#include "check/check.h"
#include "check/trial.h"
#include "kernel/landlock.h"
#include "kernel/namespace.h"
#include "kernel/selinux.h"

/* Called with what no kernel takes: one that has the call says so, another says ENOSYS. */
static GString *missing_calls(void)
{
	static const struct {
		const char *name;
		long number;
	} calls[] = {
		{"clone3", SYS_clone3},		  {"openat2", SYS_openat2},
		{"close_range", SYS_close_range}, {"pidfd_open", SYS_pidfd_open},
		{"open_tree", SYS_open_tree},	  {"move_mount", SYS_move_mount},
		{"fsopen", SYS_fsopen},		  {"mount_setattr", SYS_mount_setattr},
	};
	GString *missing = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
		errno = 0;
		if (syscall(calls[i].number, -1L, -1L, -1L, -1L, -1L) < 0 && errno == ENOSYS)
			g_string_append_printf(missing, "%s%s", missing->len ? ", " : "",
					       calls[i].name);
	}
	return missing;
}

static CheckStatus probe_kernel(char **ret_text, GError **error)
{
	g_autoptr(GString) missing = missing_calls();
	struct utsname host;

	if (missing->len > 0) {
		error_errno(error, ENOSYS, "call %s", missing->str);
		hint_add(error, HINT_KERNEL_CALLS, missing->str);
		return CHECK_FAILED;
	}
	if (uname(&host) == 0)
		*ret_text = g_strdup_printf("Linux %s has all system calls", host.release);
	return CHECK_OK;
}

static CheckStatus probe_namespaces(char **ret_text, GError **error)
{
	const uint64_t flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS |
			       CLONE_NEWIPC | CLONE_NEWCGROUP |
			       (geteuid() == 0 ? 0 : CLONE_NEWUSER);
	g_autofree char *names = namespace_flags_text(flags);
	auto_fd pidfd = -1;
	pid_t pid = namespace_clone(flags, &pidfd, error);

	if (pid < 0)
		return CHECK_FAILED;
	if (pid == 0)
		_exit(0);
	if (TEMP_FAILURE_RETRY(waitpid(pid, NULL, 0)) < 0) {
		error_errno(error, errno, "wait for a process");
		return CHECK_FAILED;
	}
	*ret_text = g_strdup_printf("clone3 made %s", names);
	return CHECK_OK;
}

static CheckStatus probe_container(char **ret_text, GError **error)
{
	static const char *const command[] = {"true", NULL};
	g_autoptr(Spec) spec = trial_spec();
	g_auto(Trial) trial = {0};

	if (!trial_run(spec, command, &trial, error))
		return CHECK_FAILED;
	if (trial.exit_code != 0) {
		error_set(error, RLC_ERROR_FAILED, "run true: it ended with code %d: %s",
			  trial.exit_code, trial.output);
		return CHECK_FAILED;
	}
	*ret_text = g_strdup("one was made, ran a program, and is gone");
	return CHECK_OK;
}

/* Limits that every container keeps */
#define LIMITS_MEMORY (256 << 20)
#define LIMITS_PERIOD 100000
#define LIMITS_PIDS   64
#define LIMITS_WEIGHT 100

/* Enough for a few containers, each with a handful of files open by its supervisor. */
#define FILES_ENOUGH 64

static CheckStatus probe_open_files(char **ret_text, GError **error)
{
	int fds[FILES_ENOUGH], n = 0, failure = 0;

	while (n < FILES_ENOUGH && failure == 0) {
		fds[n] = open("/", O_PATH | O_CLOEXEC);
		failure = fds[n] < 0 ? errno : 0;
		n += failure == 0;
	}
	for (int i = 0; i < n; i++)
		close(fds[i]);
	if (failure == 0) {
		*ret_text = g_strdup_printf("%d more can be had", FILES_ENOUGH);
		return CHECK_OK;
	}
	error_errno(error, failure, "open the %dth file", n + 1);
	return CHECK_REDUCED;
}

static CheckStatus probe_inotify(char **ret_text, GError **error)
{
	auto_fd fd = fd_inotify(error);

	if (fd < 0)
		return CHECK_REDUCED;
	*ret_text = g_strdup("files can be watched");
	return CHECK_OK;
}

static CheckStatus probe_terminal(char **ret_text, GError **error)
{
	static const char *const command[] = {"tty", NULL};
	g_autoptr(Spec) spec = trial_spec();
	g_auto(Trial) trial = {0};

	spec->process.terminal = true;
	if (!trial_run(spec, command, &trial, error))
		return CHECK_REDUCED;
	if (!strstr(trial.output, "/dev/pts/")) {
		error_set(error, RLC_ERROR_FAILED, "ask for the terminal's name: %s", trial.output);
		return CHECK_REDUCED;
	}
	*ret_text = g_strdup("a container had one of its own");
	return CHECK_OK;
}

static CheckStatus probe_images(char **ret_text, GError **error)
{
	g_autofree char *program = program_find_helper("rlc-image");

	if (!program) {
		error_set(error, RLC_ERROR_NOT_FOUND, "find rlc-image: there is none");
		hint_add(error, HINT_IMAGE_PROGRAM, RLC_LIBEXECDIR);
		return CHECK_REDUCED;
	}
	*ret_text = g_steal_pointer(&program);
	return CHECK_OK;
}

/* All that one can ask for at once: the error names what lacks. */
static CheckStatus probe_limits(char **ret_text, GError **error)
{
	static const char *const command[] = {"true", NULL};
	g_autoptr(Spec) spec = trial_spec();
	SpecResources *resources = &spec->linux_.resources;
	g_auto(Trial) trial = {0};

	resources->memory.limit = LIMITS_MEMORY;
	resources->cpu.period = LIMITS_PERIOD;
	resources->cpu.quota = LIMITS_PERIOD;
	resources->cpu.cpus = g_strdup("0");
	resources->pids = LIMITS_PIDS;
	resources->block_io.weight = LIMITS_WEIGHT;
	if (!trial_run(spec, command, &trial, error))
		return CHECK_REDUCED;
	*ret_text = g_strdup("memory, cpu, cpuset, pids and io");
	return CHECK_OK;
}

/* A second line, so its lack costs no feature. */
static CheckStatus probe_landlock(char **ret_text, GError **error)
{
	int version = landlock_version();

	(void)error;
	*ret_text = version >= 2 ? g_strdup_printf("version %d shuts files to the parsers", version)
				 : g_strdup("not in this kernel: parsers are held by their filters "
					    "of system calls alone");
	return CHECK_OK;
}

/* What is asked for on purpose alone, and costs nothing where there is none of it. */
static CheckStatus probe_labels(char **ret_text, GError **error)
{
	static const char *const command[] = {"cat", "/proc/self/attr/current", NULL};
	g_autoptr(Spec) spec = trial_spec();
	g_auto(Trial) trial = {0};

	if (!selinux_is_enabled()) {
		*ret_text = g_strdup("SELinux is not enabled here, and nothing asks for it");
		return CHECK_OK;
	}
	spec->rlc.selinux.asked = true;
	if (!trial_run(spec, command, &trial, error))
		return CHECK_REDUCED;
	*ret_text =
		g_strdup_printf("SELinux is %s; with label=enable a payload was %s",
				selinux_is_enforcing() ? "enforcing" : "permissive", trial.output);
	return CHECK_OK;
}

const CheckProbe check_host_probes[] = {
	{"kernel", NULL, "no container can be made", probe_kernel},
	{"namespaces", "kernel", "no container can be made", probe_namespaces},
	{"container", "namespaces", "no container can be made", probe_container},
	{"terminal", "container", "--tty fails", probe_terminal},
	{"open-files", NULL, "containers with many ports or terminals fail", probe_open_files},
	{"inotify", NULL, "logs -f and events fail", probe_inotify},
	{"limits", "container", "limits that need what is missing are refused", probe_limits},
	{"labels", "container", "--security-opt label= fails", probe_labels},
	{"landlock", NULL, "parsers have one line of defence less", probe_landlock},
	{"images", NULL, "nothing but builtin:busybox and --rootfs can be run", probe_images},
	{0},
};
