/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/signals.h"
#include "kernel/cgroup.h"
#include "oci/processes.h"
#include "oci/verb.h"

/* What the freezer of version 1 holds would die only when it is let go. */
static void let_die(const CgroupHandle *cgroup, int signal_number)
{
	if (signal_number == SIGKILL && cgroup->record.v1 && cgroup_handle_is_frozen(cgroup))
		cgroup_handle_freeze(cgroup, false, NULL);
}

static bool send_signal(const Created *created, int signal_number, GError **error)
{
	auto_fd init = created_pidfd(created);

	if (init < 0)
		return error_set(error, RLC_ERROR_STATE, "container not running");
	if (syscall(SYS_pidfd_send_signal, init, signal_number, NULL, 0) < 0)
		return error_errno(error, errno, "send signal %d", signal_number);
	return true;
}

/* Frozen meanwhile, so that none is missed that is just being born. */
static bool signal_all(const Created *created, const CgroupHandle *cgroup, int signal_number,
		       GError **error)
{
	bool frozen = cgroup_handle_is_frozen(cgroup), freeze;
	g_autoptr(GArray) pids = NULL;

	if (signal_number == SIGKILL && cgroup->directory >= 0)
		return cgroup_write(cgroup->directory, "cgroup.kill", "1", error);
	freeze =
		!frozen && cgroup_handle_exists(cgroup) && cgroup_handle_freeze(cgroup, true, NULL);
	pids = processes_find(created, cgroup);
	for (guint i = 0; i < pids->len; i++) {
		pid_t pid = g_array_index(pids, pid_t, i);

		if (kill(pid, signal_number) < 0 && errno != ESRCH)
			error_errno(error && !*error ? error : NULL, errno,
				    "send signal %d to process %d", signal_number, pid);
	}
	if (freeze)
		cgroup_handle_freeze(cgroup, false, NULL);
	return !error || !*error;
}

/* "0" asks whether one could be sent, as kill(2) has it. */
static bool take_signal(const char *text, int *ret_signal)
{
	if (strcmp(text, "0") != 0)
		return signals_parse(text, ret_signal);
	*ret_signal = 0;
	return true;
}

int verb_kill(const OciGlobals *globals, int argc, char **argv, GError **error)
{
	gboolean all = FALSE;
	const GOptionEntry entries[] = {
		{"all", 'a', 0, G_OPTION_ARG_NONE, &all,
		 "all processes of the container, not its init alone", NULL},
		{NULL},
	};
	g_auto(Created) created = {.dir = -1, .lock = -1};
	g_auto(CgroupHandle) cgroup = CGROUP_HANDLE_NONE;
	int signal_number = SIGTERM;

	if (!verb_parse(globals, &argc, &argv, entries, error))
		return -1;
	if (argc > 2 && !take_signal(argv[2], &signal_number)) {
		error_set(error, RLC_ERROR_USAGE, "unknown signal '%s'", argv[2]);
		return -1;
	}
	if (!created_open(globals->root, argv[1], false, &created, error) ||
	    !cgroup_handle_open(created.dir, &cgroup, error))
		return -1;
	if (!(all ? signal_all(&created, &cgroup, signal_number, error)
		  : send_signal(&created, signal_number, error)))
		return -1;
	let_die(&cgroup, signal_number);
	return 0;
}
