/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci/start.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "feature/gate.h"
#include "feature/hooks.h"
#include "oci/bundle.h"
#include "oci/verb.h"

static void tell_hooks(const Created *created, const Spec *spec)
{
	json_t *state = bundle_state(created, NULL);
	g_autofree char *text = state ? bundle_describe(state, created->pid, "running") : NULL;

	if (text)
		hooks_run_all(spec, HOOK_POSTSTART, text);
	json_decref(state);
}

bool start_created(const Created *created, GError **error)
{
	CreatedState state = created_state(created);
	g_autoptr(Spec) spec = NULL;

	if (state == CREATED_STOPPED)
		return error_set(error, RLC_ERROR_STATE,
				 "cannot start a container that has stopped");
	if (state == CREATED_RUNNING)
		return error_set(error, RLC_ERROR_STATE,
				 "cannot start an already running container");
	spec = bundle_spec(created, error);
	if (!spec ||
	    !gate_open(created->dir, created->pid, g_ptr_array_index(spec->process.args, 0), error))
		return false;
	unlinkat(created->dir, GATE_SOCKET, 0);
	tell_hooks(created, spec);
	return true;
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
