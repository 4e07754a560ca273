/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci/start.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "feature/gate.h"
#include "feature/hooks.h"
#include "oci/bundle.h"
#include "oci/verb.h"

static bool start(const Created *created, const Spec *spec, const json_t *state, GError **error)
{
	g_autofree char *before = bundle_describe(state, created->pid, "creating");
	g_autofree char *after = bundle_describe(state, created->pid, "running");

	if (!gate_open(created->dir, created->pid, spec, before, error))
		return false;
	unlinkat(created->dir, GATE_SOCKET, 0);
	hooks_run_all(spec, HOOK_POSTSTART, after);
	return true;
}

bool start_created(const Created *created, GError **error)
{
	CreatedState state = created_state(created);
	g_autoptr(Spec) spec = NULL;
	json_t *description;
	bool ok;

	if (state == CREATED_STOPPED)
		return error_set(error, RLC_ERROR_STATE,
				 "cannot start a container that has stopped");
	if (state == CREATED_RUNNING)
		return error_set(error, RLC_ERROR_STATE,
				 "cannot start an already running container");
	spec = bundle_spec(created, error);
	description = spec ? bundle_state(created, error) : NULL;
	ok = description && start(created, spec, description, error);
	json_decref(description);
	return ok;
}

int verb_start(const OciGlobals *globals, int argc, char **argv, GError **error)
{
	g_auto(Created) created = {.dir = -1, .lock = -1};

	if (!verb_parse(globals, &argc, &argv, NULL, error) ||
	    !created_open(globals->root, argv[1], true, &created, error) ||
	    !start_created(&created, error))
		return -1;
	return 0;
}
