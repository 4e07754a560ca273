/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: who joins a container is for a moment both rlc, with rlc's memory and
 * descriptors, and visible to a payload that may wait for just that (CVE-2016-9962,
 * CVE-2024-21626).
 *
 *     rlc exec ── signals, terminal, exit code; stays outside
 *       └ the process between ── not dumpable, enters the namespaces, forks, ends
 *       └ the child ── in all namespaces, not dumpable from birth; a child of rlc exec's all the
 * same
 *
 * Only the child is in the container's pid namespace.  It is not dumpable, and its memory belongs
 * to the user namespace of the caller: nobody inside can trace it, look into its /proc files or
 * take its descriptors, not even with CAP_SYS_PTRACE.  It closes all but the standard streams and
 * the socket to rlc exec first of all, and its directories came with the mount namespace.
 *
 * What a payload can do is to stop or kill the child.  So rlc exec takes no signal before the
 * command runs: Ctrl-C ends it, and with it the child.
 */
#include "container/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
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
#include "container/cgroups.h"
#include "container/control.h"
#include "container/events.h"
#include "container/state.h"
#include "container/supervise.h"
#include "feature/exe_guard.h"
#include "feature/keyring.h"
#include "feature/lsm.h"
#include "feature/process.h"
#include "feature/seccomp.h"
#include "feature/seccomp_listener.h"
#include "feature/tty.h"
#include "kernel/cgroup.h"
#include "kernel/mount.h"
#include "kernel/namespace.h"

#define SHORT_ID    12
#define END_WAIT_MS 1000

static void close_all(int *fds)
{
	for (size_t i = 0; i < CONTROL_JOIN_COUNT; i++)
		fd_close(&fds[i]);
}

/*
 * The container's namespaces. What has no descriptor is the host's: a container that is just being
 * started again has none yet, and must not be taken for one that shares all with the host.  Its
 * mounts are always its own.
 */
static bool open_namespaces(const char *state_root, const char *id, int *fds, GError **error)
{
	if (!control_join(state_root, id, fds, error))
		return false;
	if (fds[CONTROL_PIDFD] >= 0 && fds[CONTROL_MNT] >= 0)
		return true;
	close_all(fds);
	return error_set(error, RLC_ERROR_STATE, "join the container: it does not run yet");
}

/* --- what is run --- */

static void override_process(SpecProcess *process, const EnterOptions *options)
{
	if (options->user) {
		g_free(process->user.name);
		process->user.name = g_strdup(options->user);
	}
	if (options->cwd) {
		g_free(process->cwd);
		process->cwd = g_strdup(options->cwd);
	}
	if (options->privileged)
		process->capabilities = (SpecCapabilities){
			.bounding = UINT64_MAX, .effective = UINT64_MAX, .permitted = UINT64_MAX};
	process->terminal = options->terminal;
}

/* The container's, with another command, and with what the options say otherwise. */
static Spec *enter_spec(const char *state_root, const char *id, const EnterOptions *options,
			GError **error)
{
	g_autoptr(Spec) recorded = state_load_spec(state_root, id, error);
	g_autoptr(Spec) spec = NULL;
	SpecProcess unused;

	if (!recorded)
		return NULL;
	spec = spec_new();
	unused = spec->process;
	spec->process = recorded->process;
	recorded->process = unused;
	spec->linux_.seccomp = recorded->linux_.seccomp;
	recorded->linux_.seccomp = (SpecSeccomp){0};
	spec->rlc.selinux = recorded->rlc.selinux;
	recorded->rlc.selinux = (SpecSelinux){0};
	spec->rlc.nested_userns = recorded->rlc.nested_userns;
	spec->hostname =
		recorded->hostname ? g_strdup(recorded->hostname) : g_strndup(id, SHORT_ID);
	g_ptr_array_set_size(spec->process.args, 0);
	g_ptr_array_add(spec->process.args, NULL);
	for (char *const *arg = options->args; *arg; arg++)
		spec_add_arg(spec, *arg);
	if (options->terminal)
		spec_set_env(spec, "TERM=xterm");
	for (char *const *assignment = options->env; *assignment; assignment++)
		spec_set_env(spec, *assignment);
	override_process(&spec->process, options);
	if (options->privileged)
		spec->linux_.seccomp.kind = SECCOMP_NONE;
	spec->rlc.interactive = options->interactive;
	spec->rlc.detach = options->detach;
	spec->rlc.timeout = options->timeout;
	return g_steal_pointer(&spec);
}

static bool enter_plan(const Spec *spec, Plan *plan, GError **error)
{
	plan->spec = spec;
	plan->entered = true;
	plan->names.hostname = spec->hostname;
	exe_guard_plan_entered(plan);
	if (!lsm_plan(spec, plan, error) || !tty_plan(spec, plan, error) ||
	    !process_plan(spec, plan, error) || !seccomp_plan(spec, plan, error))
		return false;
	/* What is not to be read is replaced out here, where /dev/null is known to be one. */
	if (!plan->tty.terminal)
		plan->tty.stdin_open = true;
	return true;
}

/* --- the child --- */

static bool replace_streams(int null, int first, int last, GError **error)
{
	for (int stream = first; stream <= last; stream++) {
		if (dup2(null, stream) < 0)
			return error_errno(error, errno, "set up standard stream %d", stream);
	}
	return true;
}

static bool set_streams(const Container *container, int null, GError **error)
{
	const Spec *spec = container->plan->spec;

	if (spec->rlc.oci)
		return true; /* they are the caller's, detached or not */
	if (spec->rlc.detach)
		return replace_streams(null, STDIN_FILENO, STDERR_FILENO, error);
	return container->plan->tty.terminal || spec->rlc.interactive ||
	       replace_streams(null, STDIN_FILENO, STDIN_FILENO, error);
}

bool enter_become_root(GError **error)
{
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return error_errno(error, errno, "drop the supplementary groups");
	if ((setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) && errno != EINVAL)
		return error_errno(error, errno, "become root inside");
	return true;
}

/* Whoever kills rlc exec before the command runs has ended both. */
static bool close_itself(const Spec *spec, GError **error)
{
	if (prctl(PR_SET_DUMPABLE, 0) < 0 ||
	    (!spec->rlc.detach && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0))
		return error_errno(error, errno, "tie the command to rlc exec");
	return true;
}

/*
 * A detached command is a child of the container's PID 1, which reaps it: rlc exec will be gone,
 * and a zombie that nobody waits for would hold up the container's end.  Returns in the command's
 * process, and on failure.
 */
static bool detach(const Plan *plan, GError **error)
{
	pid_t pid;

	if (!plan->spec->rlc.detach || plan->spec->rlc.oci) /* OCI: its caller reaps it */
		return true;
	pid = fork();
	if (pid < 0)
		return error_errno(error, errno, "fork");
	if (pid == 0)
		return true;
	if (exe_guard_watch(plan, pid, error))
		_exit(0);
	kill(pid, SIGKILL);
	return false;
}

static G_GNUC_NORETURN void run_child(Container *container, Sync *sync, int null)
{
	g_autoptr(GError) error = NULL;

	sync_close(container->sync);
	container->sync = sync;
	if ((container->root < 0 || mount_chroot(container->root, &error)) &&
	    set_streams(container, null, &error) &&
	    fd_close_above(container->plan->spec->rlc.preserve_fds, sync->fd, &error) &&
	    enter_become_root(&error) && close_itself(container->plan->spec, &error) &&
	    keyring_join_new(&error) && tty_enter(container, &error) &&
	    detach(container->plan, &error))
		process_exec(container, &error);
	sync_send_error(container->sync, error);
	_exit(125);
}

/* --- rlc exec --- */

/*
 * Nothing can be made in a pid namespace whose PID 1 is dead, or dies: the kernel's word for it,
 * ENOMEM, misleads.
 */
static void tell_end(int init_pidfd, GError **error)
{
	struct pollfd init = {.fd = init_pidfd, .events = POLLIN};
	bool dies = error && error_is_errno(*error, ENOMEM);

	if (poll(&init, 1, dies ? END_WAIT_MS : 0) <= 0)
		return;
	g_clear_error(error);
	error_set(error, RLC_ERROR_STATE, "join the container: it has ended");
}

/* The command's own, and what it takes to become it. */
static uint64_t needed_capabilities(const Plan *plan)
{
	static const int setup[] = {CAP_SETPCAP, CAP_SETUID,	   CAP_SETGID,
				    CAP_CHOWN,	 CAP_DAC_OVERRIDE, CAP_FOWNER};
	uint64_t mask = plan->spec->process.capabilities.bounding;

	for (size_t i = 0; i < G_N_ELEMENTS(setup); i++)
		mask |= UINT64_C(1) << setup[i];
	if (plan->spec->rlc.host_mounts)
		mask |= UINT64_C(1) << CAP_SYS_CHROOT;
	if (plan->spec->process.rlimits->len > 0)
		mask |= UINT64_C(1) << CAP_SYS_RESOURCE;
	if (plan->seccomp.code && !plan->spec->process.no_new_privileges)
		mask |= UINT64_C(1) << CAP_SYS_ADMIN;
	if (plan->spec->rlc.detach && plan->guard_exe)
		mask |= UINT64_C(1) << CAP_SYS_PTRACE; /* to look at what another user runs */
	return mask;
}

/* In the container's cgroup, or in the payload's where the container has divided its own. */
static pid_t clone_child(Container *container, const int *fds, GError **error)
{
	pid_t init = container->cgroup < 0 ? 0 : namespace_pid_of(fds[CONTROL_PIDFD], error);

	if (init < 0 || (init > 0 && !cgroup_follow(&container->cgroup, init, error)))
		return -1;
	return namespace_clone_hidden(&fds[CONTROL_USER], CONTROL_NAMESPACES_END - CONTROL_USER,
				      container->cgroup, 0, needed_capabilities(container->plan),
				      &container->init_pidfd, error);
}

static bool start_child(Container *container, const int *fds, GError **error)
{
	auto_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);
	Sync child_end;

	if (null < 0)
		return error_errno(error, errno, "open '/dev/null'");
	if (!sync_pair(container->sync, &child_end, error))
		return false;
	container->init_pid = clone_child(container, fds, error);
	if (container->init_pid == 0)
		run_child(container, &child_end, null);
	sync_close(&child_end);
	if (container->init_pid > 0)
		return true;
	container->init_pid = 0;
	tell_end(fds[CONTROL_PIDFD], error);
	return false;
}

static void end_child(Container *container)
{
	if (container->init_pid > 0) {
		syscall(SYS_pidfd_send_signal, container->init_pidfd, SIGKILL, NULL, 0);
		TEMP_FAILURE_RETRY(waitpid(container->init_pid, NULL, 0));
	}
	fd_close(&container->init_pidfd);
	fd_close(&container->console);
	fd_close(&container->cgroup);
	sync_close(container->sync);
}

static bool take_listener(Container *container, GError **error)
{
	const Spec *spec = container->plan->spec;
	g_autofree char *state = NULL;

	if (!container->describe || !seccomp_listener_wanted(spec))
		return true;
	state = container->describe(container, container->init_pid, "running");
	return seccomp_listener_take(spec, container->sync, state, container->init_pid, error);
}

static bool wait_for_exec(Container *container, GError **error)
{
	const Plan *plan = container->plan;

	return tty_parent(container, error) && take_listener(container, error) &&
	       sync_expect_exec(container->sync, error) &&
	       ((plan->spec->rlc.detach && !plan->spec->rlc.oci) ||
		exe_guard_watch(plan, container->init_pid, error)) &&
	       (!container->started || container->started(container, error));
}

static bool run_to_end(Container *container, int *ret_exit_code, GError **error)
{
	bool ok;

	if (container->plan->spec->rlc.detach && container->plan->spec->rlc.oci) {
		container->init_pid = 0; /* it is no longer ours */
		*ret_exit_code = 0;
		return true;
	}
	if (container->plan->spec->rlc.detach) {
		TEMP_FAILURE_RETRY(waitpid(container->init_pid, NULL, 0));
		container->init_pid = 0;
		*ret_exit_code = 0;
		return true;
	}
	supervise_block_signals();
	ok = supervise(container, ret_exit_code, error);
	end_child(container);
	supervise_unblock_signals();
	return ok;
}

static bool enter_planned(const Plan *plan, int *fds, int cgroup, const EnterCaller *caller,
			  int *ret_exit_code, GError **error)
{
	Sync sync = {.fd = -1};
	Container container = container_closed(plan, &sync);
	bool ok;

	container.cgroup = cgroup;
	if (caller) {
		container.started = caller->started;
		container.describe = caller->describe;
		container.describe_data = caller->data;
		container.root = caller->root;
	}
	signal(SIGCHLD, SIG_DFL); /* ignored by the caller it would keep us from the status */
	ok = process_set_oom_score(&container, error) && start_child(&container, fds, error);
	close_all(fds);
	ok = ok && wait_for_exec(&container, error) && run_to_end(&container, ret_exit_code, error);
	end_child(&container);
	return ok;
}

static void tell(const char *state_root, const char *id, const EnterOptions *options)
{
	g_autoptr(Spec) recorded = state_load_spec(state_root, id, NULL);
	g_autofree char *name = state_name(state_root, id);
	g_autofree char *command = g_strjoinv(" ", (char **)options->args);

	events_add(state_root, "exec", id, name, recorded, -1, command);
}

bool enter_exec(const char *state_root, const char *id, const EnterOptions *options,
		int *ret_exit_code, GError **error)
{
	g_autoptr(Spec) spec = enter_spec(state_root, id, options, error);
	int fds[CONTROL_JOIN_COUNT], cgroup = -1;
	Plan plan = {.state_root = (char *)state_root, .id = (char *)id};
	bool ok = spec && enter_plan(spec, &plan, error) &&
		  cgroups_enter(state_root, id, &cgroup, error) &&
		  open_namespaces(state_root, id, fds, error);

	if (ok) {
		if (!options->untold)
			tell(state_root, id, options);
		ok = enter_planned(&plan, fds, fd_steal(&cgroup), NULL, ret_exit_code, error);
	}
	fd_close(&cgroup);
	lsm_clear(&plan.label);
	g_free(plan.seccomp.code);
	return ok;
}

bool enter_oci(const Spec *spec, const char *state_root, int *fds, int cgroup,
	       const EnterCaller *caller, int *ret_exit_code, GError **error)
{
	Plan plan = {.state_root = (char *)state_root};
	bool ok = enter_plan(spec, &plan, error);

	if (ok)
		ok = enter_planned(&plan, fds, cgroup, caller, ret_exit_code, error);
	else
		close_all(fds);
	lsm_clear(&plan.label);
	g_free(plan.seccomp.code);
	return ok;
}

/* --- rlc's own work inside --- */

typedef struct {
	EnterFunction function;
	void *data;
	bool seen; /* by the payload: in its pid namespace */
} Call;

static G_GNUC_NORETURN void run_call(const Call *call, Sync *sync)
{
	g_autoptr(GError) error = NULL;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
	    (!call->seen || fd_close_others(sync->fd, &error)) &&
	    call->function(call->data, &error))
		_exit(0);
	if (error)
		sync_send_error(sync, error);
	_exit(125);
}

/* The one word that comes is an error; a child that says nothing and fails was killed. */
static bool wait_for_call(Sync *sync, pid_t pid, GError **error)
{
	bool ok = sync_expect_exec(sync, error);
	int status = 0;

	if (TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) < 0 || !ok)
		return ok && error_errno(error, errno, "wait for the process inside");
	if (WIFEXITED(status))
		return WEXITSTATUS(status) == 0 ||
		       error_set(error, RLC_ERROR_FAILED,
				 "look into the container: the process that did ended with %d",
				 WEXITSTATUS(status));
	return error_set(error, RLC_ERROR_FAILED,
			 "look into the container: the process that did was killed");
}

static bool call_in(const int *fds, uint64_t flags, const Call *call, GError **error)
{
	Sync ours, theirs;
	auto_fd pidfd = -1;
	pid_t pid;
	bool ok;

	if (!sync_pair(&ours, &theirs, error))
		return false;
	signal(SIGCHLD, SIG_DFL);
	pid = namespace_clone_hidden(&fds[CONTROL_USER], CONTROL_NAMESPACES_END - CONTROL_USER, -1,
				     flags, UINT64_MAX, &pidfd, error);
	if (pid == 0) {
		sync_close(&ours);
		run_call(call, &theirs);
	}
	sync_close(&theirs);
	if (pid < 0)
		tell_end(fds[CONTROL_PIDFD], error);
	ok = pid > 0 && wait_for_call(&ours, pid, error);
	sync_close(&ours);
	return ok;
}

bool enter_call(const char *state_root, const char *id, unsigned which, uint64_t flags,
		EnterFunction function, void *data, GError **error)
{
	const Call call = {function, data, which & 1U << CONTROL_PID};
	int fds[CONTROL_JOIN_COUNT];
	bool ok;

	if (!open_namespaces(state_root, id, fds, error))
		return false;
	for (unsigned i = CONTROL_USER; i < CONTROL_JOIN_COUNT; i++) {
		if (!(which & 1U << i))
			fd_close(&fds[i]);
	}
	ok = call_in(fds, flags, &call, error);
	close_all(fds);
	return ok;
}
