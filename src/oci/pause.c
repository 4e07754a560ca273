/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pause and resume: the freezer of the container's cgroup. */
#include "base/error.h"
#include "container/created.h"
#include "feature/cgroup_handle.h"
#include "oci/bundle.h"
#include "oci/verb.h"

static bool check_state(const Created *created, const CgroupHandle *cgroup, bool pause,
			GError **error)
{
	CreatedState state = created_state(created);

	if (state != CREATED_RUNNING && state != CREATED_CREATED)
		return error_set(error, RLC_ERROR_STATE, "container not running or created: %s",
				 bundle_status(created));
	if (pause || !cgroup_handle_exists(cgroup) || cgroup_handle_is_frozen(cgroup))
		return true;
	return error_set(error, RLC_ERROR_STATE, "container not paused");
}

static int change(const OciGlobals *globals, int argc, char **argv, bool pause, GError **error)
{
	g_auto(Created) created = {.dir = -1, .lock = -1};
	g_auto(CgroupHandle) cgroup = CGROUP_HANDLE_NONE;

	if (!verb_parse(globals, &argc, &argv, NULL, error) ||
	    !created_open(globals->root, argv[1], true, &created, error) ||
	    !cgroup_handle_open(created.dir, &cgroup, error) ||
	    !check_state(&created, &cgroup, pause, error) ||
	    !cgroup_handle_freeze(&cgroup, pause, error))
		return -1;
	return 0;
}

int verb_pause(const OciGlobals *globals, int argc, char **argv, GError **error)
{
	return change(globals, argc, argv, true, error);
}

int verb_resume(const OciGlobals *globals, int argc, char **argv, GError **error)
{
	return change(globals, argc, argv, false, error);
}
