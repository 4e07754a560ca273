/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: PID 1 of a pid namespace has two duties that programs rarely know of.
 * Orphans become its children and stay zombies until it waits for them; and the kernel drops every
 * signal sent to it that it has no handler for.  So PID 1 stays rlc's own, with all signals blocked
 * and taken by sigwaitinfo(2): a blocked signal is not dropped.
 *
 * The reaper is the one process inside that still has the image of rlc and the memory of its
 * caller.  It lets go of all it can: descriptors, capabilities, arguments and environment; and it
 * is not dumpable, so that /proc/1/exe, fd, environ and mem are closed to the payload.  A payload
 * with CAP_SYS_PTRACE of the host's, root's with --cap-add, rules it all the same; so it gains no
 * privileges by an exec, whatever its bounding set, has a filter of a few system calls, and all
 * that before that payload runs.
 *
 * The payload's exec closes its copy of the sync socket, the reaper closes its own: only then does
 * the supervisor see the end of file that means success.
 *
 * The payload is begun by vfork(2): it borrows the reaper's memory until its exec, which spares the
 * copy of all page tables and a fault for each page that is written afterwards.  The reaper, which
 * waits meanwhile, shares what belongs to memory (that it is not dumpable), and nothing that
 * belongs to a process: ids, capabilities, filter, signals, descriptors.  Where the exec is watched
 * (exe_guard.h) it is fork(2), for a signal would stop the traced payload before its exec, and who
 * waits in vfork could not let it go on.
 */
#include "container/init.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "feature/caps.h"
#include "feature/exe_guard.h"
#include "feature/keyring.h"
#include "feature/proc.h"
#include "feature/process.h"
#include "kernel/filter.h"

#define REAPER_NAME  "rlc-init"
#define STAT_MAX     4096
#define CHILDREN_MAX (1 << 20)

/* Fields of /proc/PID/stat, counted from the one behind the name; see proc(5). */
enum {
	STAT_ARG_START = 45,
	STAT_ENV_END = 48,
	STAT_FIELDS = 50
};

/*
 * The command line that the caller typed, and his environment, are not for the container's ps.
 * They lie side by side on the stack: clear both, and put the reaper's name where ps reads.  A byte
 * that is not NUL at the end of the arguments would tell the kernel to look for the name's end.
 */
static void hide_arguments(void)
{
	auto_fd proc = proc_open(NULL);
	g_autofree char *stat = proc < 0 ? NULL : fd_read_file(proc, "self/stat", STAT_MAX, NULL);
	char *behind_name = stat ? strrchr(stat, ')') : NULL;
	g_auto(GStrv) fields = behind_name ? g_strsplit(behind_name + 1, " ", STAT_FIELDS) : NULL;
	guint64 start, end;

	if (!fields || g_strv_length(fields) <= STAT_ENV_END + 1)
		return;
	/* fields[0] is empty, as a blank follows the name */
	start = g_ascii_strtoull(fields[STAT_ARG_START + 1], NULL, 10);
	end = g_ascii_strtoull(fields[STAT_ENV_END + 1], NULL, 10);
	if (start == 0 || end <= start + strlen(REAPER_NAME))
		return;
	memset((void *)(uintptr_t)start, 0, end - start);
	memcpy((void *)(uintptr_t)start, REAPER_NAME, strlen(REAPER_NAME));
}

/* PID 1 of a pid namespace takes all in it along; else that is to be done by hand. */
static bool is_first(const Plan *plan)
{
	return plan->clone_flags & CLONE_NEWPID;
}

/* Keep nothing that a reaper does not need. The sync socket goes last: until then errors have a
 * way. */
static bool let_go(Container *container, pid_t payload, GError **error)
{
	if (!caps_keep_kill(error))
		return false;
	if (prctl(PR_SET_PDEATHSIG, is_first(container->plan) ? SIGKILL : SIGHUP) < 0)
		return error_errno(error, errno, "tie the container to its supervisor");
	if (!filter_seal(&filter_reaper, error))
		return false;
	sync_close(container->sync);
	syscall(SYS_close_range, 0U, ~0U, 0);
	exe_guard_release(container->plan, payload);
	return true;
}

/*
 * Not PID 1: all that descends from the payload is or becomes a child of ours
 * (PR_SET_CHILD_SUBREAPER), and so is found.  Who forks faster than that is left to the supervisor.
 * See proc(5), children.
 */
static void end_descendants(void)
{
	auto_fd proc = proc_open(NULL);
	g_autofree char *path = g_strdup_printf("self/task/%d/children", getpid());

	for (;;) {
		g_autofree char *text =
			proc < 0 ? NULL : fd_read_file(proc, path, CHILDREN_MAX, NULL);
		g_auto(GStrv) pids = g_strsplit(text ? text : "", " ", -1);

		for (char **pid = pids; *pid; pid++) {
			if (atoi(*pid) > 0)
				kill(atoi(*pid), SIGKILL);
		}
		if (!pids[0] || waitpid(-1, NULL, 0) < 0)
			return;
	}
}

static G_GNUC_NORETURN void reaper_end(const Plan *plan, int code)
{
	if (!is_first(plan))
		end_descendants();
	_exit(code);
}

/* Wait for all that ended; when the payload is among it, so ends the container. */
static void reap(const Plan *plan, pid_t payload)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == payload)
			reaper_end(plan, WIFSIGNALED(status) ? 128 + WTERMSIG(status)
							     : WEXITSTATUS(status));
	}
}

static G_GNUC_NORETURN void reaper_main(Container *container, pid_t payload)
{
	const Plan *plan = container->plan;
	g_autoptr(GError) error = NULL;
	pid_t supervisor = getppid(); /* 0, as seen from another pid namespace */
	const struct timespec idle_after = {.tv_sec = 1};
	bool idles = false;
	sigset_t all;

	if (!let_go(container, payload, &error)) {
		sync_send_error(container->sync, error);
		_exit(125);
	}
	sigfillset(&all);
	for (;;) {
		/* who idles gives memory back; a payload that ends at once is not kept waiting */
		int signal_number =
			idles ? sigwaitinfo(&all, NULL) : sigtimedwait(&all, NULL, &idle_after);

		if (signal_number < 0 && errno == EAGAIN) {
			malloc_trim(0);
			idles = true;
		}
		if (!is_first(plan) && getppid() != supervisor)
			reaper_end(plan, 128 + SIGKILL);
		if (signal_number == SIGCHLD)
			reap(plan, payload);
		else if (signal_number > 0)
			kill(payload, signal_number);
	}
}

/* In the reaper's memory, perhaps: it must not return. */
static G_GNUC_NORETURN void payload_main(Container *container)
{
	g_autoptr(GError) error = NULL;

	if (!process_exec(container, &error)) {
		error_prefix(&error, "process: ");
		sync_send_error(container->sync, error);
	}
	_exit(125);
}

static pid_t start_payload(Container *container)
{
	pid_t payload = container->plan->guard_exe ? fork() : vfork();

	if (payload == 0)
		payload_main(container);
	return payload;
}

bool init_run_payload(Container *container, GError **error)
{
	sigset_t all;
	pid_t payload;

	/* Out of the caller's process group: his terminal's Ctrl-C comes through the supervisor. */
	if (setsid() < 0)
		return error_errno(error, errno, "start a session");
	if (!container->plan->spec->rlc.keep_keyring && !keyring_join_new(error))
		return false;
	if (!container->plan->spec->rlc.init)
		return process_exec(container, error);
	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, NULL) < 0)
		return error_errno(error, errno, "block signals");
	if (!is_first(container->plan) && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return error_errno(error, errno, "become the reaper of orphans");
	hide_arguments(); /* before the payload can look */
	if (prctl(PR_SET_NAME, REAPER_NAME) < 0)
		return error_errno(error, errno, "name the reaper");
	payload = start_payload(container);
	if (payload < 0)
		return error_errno(error, errno, "fork the payload");
	if (!exe_guard_see(container->plan, payload, error))
		return false;
	reaper_main(container, payload);
}

void init_explain(const Plan *plan, GString *script)
{
	g_string_append(script, plan->spec->rlc.init
					? "# vfork: the child becomes the payload, PID 1 reaps and "
					  "passes signals on\n"
					: "# no fork: PID 1 becomes the payload\n");
	process_explain(plan, script);
}
