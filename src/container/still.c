/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/still.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "container/cgroups.h"

/* Nobody signals it with the terminal, and it ends by itself when nobody looks any more. */
static G_GNUC_NORETURN void guard_main(int looked_at, const char *state_root, const char *id)
{
	g_autoptr(GError) error = NULL;
	char byte;

	setsid();
	while (TEMP_FAILURE_RETRY(read(looked_at, &byte, 1)) > 0)
		continue;
	if (!cgroups_pause(state_root, id, false, &error))
		log_debug("still: %s", error->message); /* it has ended */
	_exit(0);
}

/* The guard is there before anything stands still. */
static bool start_guard(const char *state_root, const char *id, Still *still, GError **error)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(error, errno, "make a pipe");
	still->guard = fork();
	if (still->guard == 0) {
		close(ends[1]);
		guard_main(ends[0], state_root, id);
	}
	close(ends[0]);
	still->alive = ends[1];
	return still->guard > 0 || error_errno(error, errno, "fork");
}

bool still_begin(const char *state_root, const StateEntry *entry, Still *ret_still, GError **error)
{
	g_autofree char *cgroup = entry->alive ? cgroups_path(state_root, entry->id) : NULL;
	g_auto(Still) still = STILL_NONE;

	if (!cgroup || entry->status.state != STATUS_RUNNING)
		return true;
	if (!start_guard(state_root, entry->id, &still, error) ||
	    !cgroups_pause(state_root, entry->id, true, error))
		return false;
	*ret_still = still;
	still = STILL_NONE;
	return true;
}

void still_end(Still *still)
{
	fd_close(&still->alive);
	if (still->guard > 0 && TEMP_FAILURE_RETRY(waitpid(still->guard, NULL, 0)) < 0)
		log_debug("still: wait for the guard: %s", g_strerror(errno));
	still->guard = 0;
}
