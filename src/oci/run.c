/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/supervise.h"
#include "oci/delete.h"
#include "oci/launch.h"
#include "oci/start.h"

/* Others may have deleted it meanwhile, and made one with the same id. */
static bool is_same(const Created *a, const Created *b)
{
	return a->pid == b->pid && a->start_time == b->start_time;
}

/* It has ended: what it had goes, unless it is to stay for `delete`. */
static bool end(const OciGlobals *globals, Launch *launch, bool keep, GError **error)
{
	g_auto(Created) created = {.dir = -1, .lock = -1};
	bool ok = true;

	created_close(&launch->created);
	if (!keep && created_open(globals->root, launch->id, true, &created, NULL) &&
	    is_same(&created, &launch->created))
		ok = delete_created(globals->root, launch->id, &created, error);
	launch_leave(launch);
	return ok;
}

/* Its terminal, its signals and its exit code are this process's. */
static int wait_for_end(const OciGlobals *globals, Launch *launch, bool keep, GError **error)
{
	int code = 0;
	bool ok;

	created_close(&launch->created); /* others may change it meanwhile */
	supervise_block_signals();
	ok = supervise(&launch->container, &code, error);
	supervise_unblock_signals();
	if (!ok) {
		end(globals, launch, keep, NULL);
		return -1;
	}
	return end(globals, launch, keep, error) ? code : -1;
}

int verb_run(const OciGlobals *globals, int argc, char **argv, GError **error)
{
	LaunchOptions options = {0};
	const GOptionEntry entries[] = {
		LAUNCH_ENTRIES(options),
		{"detach", 'd', 0, G_OPTION_ARG_NONE, &options.detach, "do not wait for its end",
		 NULL},
		{"keep", 0, 0, G_OPTION_ARG_NONE, &options.keep,
		 "keep its state when it has ended, for delete", NULL},
		{NULL},
	};
	Launch launch;

	if (!verb_parse(globals, &argc, &argv, entries, error) ||
	    !launch_create(globals, &options, argv[1], &launch, error))
		return -1;
	if (!start_created(&launch.created, error)) {
		end(globals, &launch, false, NULL);
		return -1;
	}
	if (!options.detach)
		return wait_for_end(globals, &launch, options.keep, error);
	launch_leave(&launch);
	return 0;
}
