/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "kernel/sync.h"

#define HOOK_CANNOT_RUN 127

static const char *const kinds[HOOK_KINDS] = {
	[HOOK_PRESTART] = "prestart",
	[HOOK_CREATE_RUNTIME] = "createRuntime",
	[HOOK_CREATE_CONTAINER] = "createContainer",
	[HOOK_START_CONTAINER] = "startContainer",
	[HOOK_POSTSTART] = "poststart",
	[HOOK_POSTSTOP] = "poststop",
};

static G_GNUC_NORETURN void run_program(const SpecHook *hook, int input)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(input, STDIN_FILENO) == STDIN_FILENO && fd_close_others(-1, NULL))
		execve(hook->path, (char **)hook->args->pdata, (char **)hook->env->pdata);
	_exit(HOOK_CANNOT_RUN);
}

/* A file in memory: nobody has to read it while we write. */
static int state_file(const char *state, GError **error)
{
	auto_fd file = (int)syscall(SYS_memfd_create, "state", 1U /* MFD_CLOEXEC */);

	if (file < 0 || !fd_write_all(file, state, strlen(state)) || lseek(file, 0, SEEK_SET) < 0) {
		error_errno(error, errno, "write a hook's input");
		return -1;
	}
	return fd_steal(&file);
}

/* Wait for its end, or end it. */
static bool await(const SpecHook *hook, pid_t pid, GError **error)
{
	auto_fd pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};
	bool in_time = true;
	int status = 0;

	if (hook->timeout > 0)
		in_time = TEMP_FAILURE_RETRY(poll(&ended, 1, hook->timeout * 1000)) != 0;
	if (!in_time)
		kill(pid, SIGKILL);
	if (TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) < 0)
		return error_errno(error, errno, "wait for hook '%s'", hook->path);
	if (!in_time)
		return error_set(error, RLC_ERROR_FAILED, "run hook '%s': its time, %d s, was over",
				 hook->path, hook->timeout);
	if (WIFSIGNALED(status))
		return error_set(error, RLC_ERROR_FAILED, "run hook '%s': killed by signal %d",
				 hook->path, WTERMSIG(status));
	return WEXITSTATUS(status) == 0 ||
	       error_set(error, RLC_ERROR_FAILED, "run hook '%s': exit status %d%s", hook->path,
			 WEXITSTATUS(status),
			 access(hook->path, X_OK) < 0 ? ": no such program" : "");
}

static bool run_one(const SpecHook *hook, const char *state, GError **error)
{
	auto_fd input = state_file(state, error);
	pid_t pid;

	if (input < 0)
		return false;
	signal(SIGCHLD, SIG_DFL);
	pid = fork();
	if (pid == 0)
		run_program(hook, input);
	return pid > 0 ? await(hook, pid, error) : error_errno(error, errno, "fork");
}

bool hooks_run(const Spec *spec, SpecHookKind kind, const char *state, GError **error)
{
	const GArray *hooks = spec->hooks[kind];

	for (guint i = 0; i < hooks->len; i++) {
		if (run_one(&g_array_index(hooks, SpecHook, i), state, error))
			continue;
		error_prefix(error, "%s hook %u: ", kinds[kind], i);
		return false;
	}
	return true;
}

void hooks_run_all(const Spec *spec, SpecHookKind kind, const char *state)
{
	const GArray *hooks = spec->hooks[kind];

	for (guint i = 0; i < hooks->len; i++) {
		g_autoptr(GError) error = NULL;

		if (!run_one(&g_array_index(hooks, SpecHook, i), state, &error))
			log_warn("%s hook %u: %s", kinds[kind], i, error->message);
	}
}

static bool has_any(const Spec *spec)
{
	return spec->hooks[HOOK_PRESTART]->len || spec->hooks[HOOK_CREATE_RUNTIME]->len ||
	       spec->hooks[HOOK_CREATE_CONTAINER]->len || spec->hooks[HOOK_START_CONTAINER]->len;
}

bool hooks_parent(Container *container, GError **error)
{
	const Spec *spec = container->plan->spec;
	g_autofree char *state = NULL;

	if (!has_any(spec))
		return true;
	state = container->describe(container, container->init_pid, "creating");
	return sync_expect(container->sync, SYNC_HOOKS, NULL, error) &&
	       hooks_run(spec, HOOK_PRESTART, state, error) &&
	       hooks_run(spec, HOOK_CREATE_RUNTIME, state, error) &&
	       sync_send(container->sync, SYNC_HOOKS, -1, error);
}

/* Its pid as the runtime knows it: /proc is still the host's. */
static pid_t host_pid(GError **error)
{
	g_autofree char *link = g_file_read_link("/proc/self", error);

	return link ? (pid_t)g_ascii_strtoll(link, NULL, 10) : 0;
}

bool hooks_child(Container *container, GError **error)
{
	const Spec *spec = container->plan->spec;
	g_autofree char *state = NULL;

	if (!has_any(spec))
		return true;
	container->init_pid = host_pid(error);
	if (container->init_pid == 0)
		return false;
	state = container->describe(container, container->init_pid, "creating");
	return sync_send(container->sync, SYNC_HOOKS, -1, error) &&
	       sync_expect(container->sync, SYNC_HOOKS, NULL, error) &&
	       hooks_run(spec, HOOK_CREATE_CONTAINER, state, error);
}
