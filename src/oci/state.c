/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "oci/bundle.h"
#include "oci/verb.h"

int verb_state(const OciGlobals *globals, int argc, char **argv, GError **error)
{
	g_auto(Created) created = {.dir = -1, .lock = -1};
	g_autofree char *text = NULL;
	const char *status;
	json_t *state;

	if (!verb_parse(globals, &argc, &argv, NULL, error) ||
	    !created_open(globals->root, argv[1], false, &created, error))
		return -1;
	state = bundle_state(&created, error);
	if (!state)
		return -1;
	status = bundle_status(&created);
	text = bundle_describe(state, created_state(&created) == CREATED_STOPPED ? 0 : created.pid,
			       status);
	json_decref(state);
	puts(text);
	return 0;
}
