/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/unshare.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "container/supervise.h"
#include "feature/idmap.h"
#include "kernel/mount.h"
#include "kernel/namespace.h"

/*
 * execvp(3) says EACCES when a directory of PATH is closed, as root's are to the ids inside, even
 * where there is no such program at all.
 */
static bool is_in_path(const char *name)
{
	const char *path = g_getenv("PATH");
	g_auto(GStrv) dirs = g_strsplit(path ? path : "/bin:/usr/bin", ":", -1);

	for (char **dir = dirs; *dir; dir++) {
		g_autofree char *file = g_build_filename(**dir ? *dir : ".", name, NULL);

		if (access(file, F_OK) == 0)
			return true;
	}
	return false;
}

/* Returns on failure only. */
static bool unshare_exec(char *const *argv, GError **error)
{
	int cause;

	execvp(argv[0], argv);
	cause = errno;
	if (cause == EACCES && !strchr(argv[0], '/') && !is_in_path(argv[0]))
		cause = ENOENT;
	return error_set(error, cause == ENOENT ? RLC_ERROR_EXEC_NOT_FOUND : RLC_ERROR_EXEC_DENIED,
			 "run '%s': %s", argv[0], g_strerror(cause));
}

static bool redirect_output(int output, GError **error)
{
	if (output >= 0 && dup2(output, STDOUT_FILENO) < 0)
		return error_errno(error, errno, "redirect standard output");
	return true;
}

static G_GNUC_NORETURN void child_main(Container *container, char *const *argv, int output,
				       const sigset_t *signals)
{
	g_autoptr(GError) error = NULL;
	bool mapped = idmap_child(container, &error);

	if (!mapped)
		error_prefix(&error, "idmap: ");
	if (mapped && mount_make_all_private(&error) && redirect_output(output, &error)) {
		sigprocmask(SIG_SETMASK, signals, NULL);
		unshare_exec(argv, &error);
	}
	sync_send_error(container->sync, error);
	_exit(125);
}

/*
 * The terminal sends its signals (si_code SI_KERNEL) to the whole process group, and so to the
 * command as well: passing them on would deliver them twice.
 */
static int wait_for_command(pid_t pid)
{
	sigset_t blocked;
	siginfo_t info;
	int status;

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	for (;;) {
		int signal_number = sigwaitinfo(&blocked, &info);

		if (signal_number == SIGCHLD) {
			if (waitpid(pid, &status, WNOHANG) == pid)
				return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
							   : WEXITSTATUS(status);
		} else if (signal_number > 0 && signal_number != SIGPIPE &&
			   info.si_code != SI_KERNEL) {
			kill(pid, signal_number);
		}
	}
}

static void end_command(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

/* With all signals blocked: none is lost, and none ends us while the command lives. */
static bool start_and_wait(Container *container, char *const *argv, int output,
			   const sigset_t *signals, int *ret_exit_code, GError **error)
{
	Sync child_end;

	if (!sync_pair(container->sync, &child_end, error))
		return false;
	container->init_pid =
		namespace_clone(container->plan->clone_flags, &container->init_pidfd, error);
	if (container->init_pid == 0) {
		sync_close(container->sync);
		container->sync = &child_end;
		child_main(container, argv, output, signals);
	}
	sync_close(&child_end);
	if (container->init_pid < 0)
		return false;
	if (!idmap_parent(container, error)) {
		error_prefix(error, "idmap: ");
		end_command(container->init_pid);
		return false;
	}
	if (!sync_expect_exec(container->sync, error)) {
		end_command(container->init_pid);
		return false;
	}
	*ret_exit_code = wait_for_command(container->init_pid);
	return true;
}

bool unshare_run(char *const *argv, int output, int *ret_exit_code, GError **error)
{
	g_autoptr(Spec) spec = spec_new();

	return unshare_run_for(spec, argv, output, ret_exit_code, error);
}

bool unshare_run_for(const Spec *spec, char *const *argv, int output, int *ret_exit_code,
		     GError **error)
{
	Plan plan = {.spec = spec, .clone_flags = CLONE_NEWNS};
	Sync sync = {.fd = -1};
	Container container = container_closed(&plan, &sync);
	sigset_t signals;
	bool ok;

	sigprocmask(SIG_BLOCK, NULL, &signals);
	supervise_block_signals();
	ok = idmap_plan(spec, &plan, error) &&
	     start_and_wait(&container, argv, output, &signals, ret_exit_code, error);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	fd_close(&container.init_pidfd);
	sync_close(&sync);
	g_clear_pointer(&plan.idmap.tiers, g_ptr_array_unref);
	return ok;
}
