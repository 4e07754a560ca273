/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/run.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "container/init.h"
#include "container/plan.h"
#include "container/state.h"
#include "container/steps.h"
#include "container/supervise.h"
#include "feature/exe_guard.h"
#include "feature/net.h"
#include "kernel/namespace.h"

/* init never returns from here: it execs the payload, is its reaper, or tells what went wrong. */
static G_GNUC_NORETURN void run_init(Container *container, Sync *sync)
{
	g_autoptr(GError) error = NULL;

	sync_close(container->sync);
	container->sync = sync;
	container->state_lock = -1; /* closed with the rest */
	umask(0);		    /* the modes of what init makes are those it asks for */
	if (!fd_close_others(sync->fd, &error) || !steps_run(child_steps, container, &error))
		sync_send_error(container->sync, error);
	_exit(125);
}

bool run_clone(Container *container, GError **error)
{
	const JoinPlan *join = container->plan->join;
	uint64_t flags = container->plan->clone_flags;
	Sync init_end;

	if (!sync_pair(container->sync, &init_end, error))
		return false;
	container->init_pid = join ? namespace_clone_in(join->userns, join->netns, flags,
							&container->init_pidfd, error)
				   : namespace_clone(flags, &container->init_pidfd, error);
	if (container->init_pid == 0)
		run_init(container, &init_end);
	sync_close(&init_end);
	if (container->init_pid > 0)
		return true;
	container->init_pid = 0;
	return false;
}

bool run_ready(Container *container, GError **error)
{
	return sync_send(container->sync, SYNC_READY, -1, error) &&
	       sync_expect(container->sync, SYNC_START, NULL, error);
}

bool run_start(Container *container, GError **error)
{
	return sync_expect(container->sync, SYNC_READY, NULL, error) &&
	       sync_send(container->sync, SYNC_START, -1, error) &&
	       sync_expect_exec(container->sync, error) &&
	       (container->plan->spec->rlc.init ||
		exe_guard_watch(container->plan, container->init_pid, error));
}

/* End init, and with it everything in its pid namespace, if it still runs. */
static void run_kill(Container *container)
{
	if (container->init_pid <= 0)
		return;
	syscall(SYS_pidfd_send_signal, container->init_pidfd, SIGKILL, NULL, 0);
	if (TEMP_FAILURE_RETRY(waitpid(container->init_pid, NULL, 0)) < 0)
		log_debug("run: wait for init: %s", g_strerror(errno));
	container->init_pid = 0;
}

static void run_cleanup(Container *container)
{
	run_kill(container);
	fd_close(&container->netns); /* it held the interfaces too */
	net_cleanup(container);
	state_cleanup(container);
	fd_close(&container->init_pidfd);
	fd_close(&container->console);
	sync_close(container->sync);
	g_clear_pointer(&container->tiers, g_ptr_array_unref);
}

bool container_run(const Spec *spec, const char *state_root, int *ret_exit_code, GError **error)
{
	g_autoptr(Plan) plan = plan_new(spec, state_root, error);
	Sync sync = {.fd = -1};
	Container container = {
		.plan = plan,
		.sync = &sync,
		.init_pidfd = -1,
		.netns = -1,
		.net_pidfd = -1,
		.net_control = -1,
		.hosts = -1,
		.hosts_notify = -1,
		.console = -1,
		.state_lock = -1,
		.root = -1,
		.terminal = -1,
	};
	bool ok;

	if (!plan)
		return false;
	supervise_block_signals();
	ok = steps_run(parent_steps, &container, error) &&
	     supervise(&container, ret_exit_code, error);
	run_cleanup(&container);
	supervise_unblock_signals();
	return ok;
}

void run_clone_explain(const Plan *plan, GString *script)
{
	g_autofree char *flags = namespace_flags_text(plan->clone_flags);

	if (plan->join)
		g_string_append(script, "# setns() to what is joined, in a process between; its "
					"child is the supervisor's: CLONE_PARENT\n");
	g_string_append_printf(script,
			       "# clone3(%s|CLONE_PIDFD): one call makes init and all its "
			       "namespaces\n",
			       flags);
}
