/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "feature/exe_guard.h"
#include "feature/hooks.h"
#include "feature/process.h"
#include "feature/seccomp_listener.h"
#include "kernel/socket.h"
#include "kernel/sync.h"

bool gate_parent(Container *container, GError **error)
{
	auto_fd dir = open(container->plan->state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	container->control = dir < 0 ? -1 : socket_listen(dir, GATE_SOCKET, 0);
	if (container->control < 0)
		return error_errno(error, errno, "listen on '%s/" GATE_SOCKET "'",
				   container->plan->state_dir);
	return true;
}

/* A filter that is loaded before init waits at its gate. */
static bool take_listener(Container *container, GError **error)
{
	const Spec *spec = container->plan->spec;
	g_autofree char *state = NULL;

	if (!seccomp_listener_is_early(spec))
		return true;
	state = container->describe(container, container->init_pid, "creating");
	return seccomp_listener_take(spec, container->sync, state, container->init_pid, error);
}

bool gate_created(Container *container, GError **error)
{
	return sync_expect(container->sync, SYNC_READY, NULL, error) &&
	       process_limit(container->init_pid, container->plan->spec, error) &&
	       sync_send(container->sync, SYNC_START, container->control, error) &&
	       take_listener(container, error) &&
	       sync_expect(container->sync, SYNC_CREATED, NULL, error);
}

bool gate_take(Container *container, GError **error)
{
	return sync_send(container->sync, SYNC_READY, -1, error) &&
	       sync_expect(container->sync, SYNC_START, &container->control, error);
}

/* start may die before it says so: then it was none. */
static bool accept_start(Container *container, GError **error)
{
	g_autoptr(GError) nothing_said = NULL;

	for (;;) {
		container->sync->fd = accept4(container->control, NULL, NULL, SOCK_CLOEXEC);
		if (container->sync->fd < 0 && errno == EINTR)
			continue;
		if (container->sync->fd < 0)
			return error_errno(error, errno, "wait for the start");
		if (sync_expect(container->sync, SYNC_START, NULL, &nothing_said))
			return true;
		g_clear_error(&nothing_said);
		sync_close(container->sync);
	}
}

bool gate_wait(Container *container, GError **error)
{
	const Spec *spec = container->plan->spec;
	g_autofree char *state = NULL;

	if (prctl(PR_SET_PDEATHSIG, 0) < 0)
		return error_errno(error, errno, "outlive the runtime");
	if (!sync_send(container->sync, SYNC_CREATED, -1, error))
		return false;
	sync_close(container->sync);
	if (!accept_start(container, error))
		return false;
	fd_close(&container->control);
	if (spec->hooks[HOOK_START_CONTAINER]->len == 0)
		return true;
	state = container->describe(container, container->init_pid, "created");
	return hooks_run(spec, HOOK_START_CONTAINER, state, error);
}

/*
 * A signal, of a hook that ended say, stops who is watched: nobody waits for its messages from then
 * on but for its exec.
 */
static bool see_exec(Sync *sync, pid_t init, const Spec *spec, const char *state, GError **error)
{
	const char *name = g_ptr_array_index(spec->process.args, 0);
	bool late = seccomp_listener_wanted(spec) && !seccomp_listener_is_early(spec);
	bool watched = false;

	if (late && (!sync_send(sync, SYNC_START, -1, error) ||
		     !seccomp_listener_receive(spec, sync, state, init, error)))
		return false;
	return exe_guard_seize(init, &watched, error) && sync_send(sync, SYNC_START, -1, error) &&
	       (!watched || exe_guard_check(init, name, error)) && sync_expect_exec(sync, error);
}

bool gate_open(int dir, pid_t init, const Spec *spec, const char *state, GError **error)
{
	Sync sync = {.fd = socket_connect(dir, GATE_SOCKET)};
	bool ok;

	if (sync.fd < 0)
		return error_set(error, RLC_ERROR_STATE,
				 "start the container: it does not wait for its start");
	ok = see_exec(&sync, init, spec, state, error);
	sync_close(&sync);
	return ok;
}
