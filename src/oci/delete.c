/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci/delete.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "feature/cgroup_handle.h"
#include "feature/hooks.h"
#include "oci/bundle.h"
#include "oci/verb.h"

#define DEATH_WAIT_MS 10000

/* What is frozen dies in version 2, but not in version 1. */
static void let_die(const Created *created)
{
	g_auto(CgroupHandle) cgroup = CGROUP_HANDLE_NONE;

	if (cgroup_handle_open(created->dir, &cgroup, NULL) && cgroup.record.v1 &&
	    cgroup_handle_is_frozen(&cgroup))
		cgroup_handle_freeze(&cgroup, false, NULL);
}

static bool end_init(const Created *created, GError **error)
{
	auto_fd init = created_pidfd(created);
	struct pollfd dead = {.fd = init, .events = POLLIN};

	if (init < 0)
		return true;
	if (syscall(SYS_pidfd_send_signal, init, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		return error_errno(error, errno, "kill the container's init");
	let_die(created);
	return TEMP_FAILURE_RETRY(poll(&dead, 1, DEATH_WAIT_MS)) > 0 ||
	       error_set(error, RLC_ERROR_FAILED, "container init still running");
}

/* What the hooks will be told; whatever fails here must not keep the rest from going. */
static char *read_last(const Created *created, Spec **ret_spec)
{
	g_autoptr(GError) error = NULL;
	json_t *state;
	char *text;

	if (created->pid == 0)
		return NULL; /* there never was anything to stop */
	*ret_spec = bundle_spec(created, &error);
	state = *ret_spec ? bundle_state(created, &error) : NULL;
	text = state ? bundle_describe(state, 0, "stopped") : NULL;
	if (!text)
		log_debug("delete: no poststop hooks: %s", error->message);
	json_decref(state);
	return text;
}

/* runtime.md, "Lifecycle": first all of it is undone, then the hooks are run. */
bool delete_created(const char *root, const char *id, const Created *created, GError **error)
{
	g_autoptr(Spec) spec = NULL;
	g_autofree char *last = read_last(created, &spec);

	if (!end_init(created, error) || !created_remove(root, id, created, error))
		return false;
	if (last)
		hooks_run_all(spec, HOOK_POSTSTOP, last);
	return true;
}

static bool check_stopped(const Created *created, const char *id, GError **error)
{
	return created_state(created) != CREATED_RUNNING ||
	       error_set(error, RLC_ERROR_STATE,
			 "cannot delete container %s that is not stopped: %s", id,
			 bundle_status(created));
}

int verb_delete(const OciGlobals *globals, int argc, char **argv, GError **error)
{
	gboolean force = FALSE;
	const GOptionEntry entries[] = {
		{"force", 'f', 0, G_OPTION_ARG_NONE, &force, "also of one that runs: kill it",
		 NULL},
		{NULL},
	};
	g_auto(Created) created = {.dir = -1, .lock = -1};
	g_autoptr(GError) missing = NULL;

	if (!verb_parse(globals, &argc, &argv, entries, error))
		return -1;
	if (!created_open(globals->root, argv[1], true, &created, &missing)) {
		if (force && g_error_matches(missing, RLC_ERROR, RLC_ERROR_NOT_FOUND))
			return 0;
		g_propagate_error(error, g_steal_pointer(&missing));
		return -1;
	}
	if ((!force && !check_stopped(&created, argv[1], error)) ||
	    !delete_created(globals->root, argv[1], &created, error))
		return -1;
	return 0;
}
