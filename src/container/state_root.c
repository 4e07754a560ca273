/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/state_root.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "container/state_dirs.h"

/* Can containers be kept there? The directory above must exist. */
static bool usable(const char *root)
{
	g_autoptr(GError) refused = NULL;
	auto_fd dir = state_dirs_make(AT_FDCWD, root, &refused);

	if (dir < 0)
		log_debug("state: %s", refused->message);
	return dir >= 0 && faccessat(dir, ".", W_OK, AT_EACCESS) == 0;
}

/* The directory that the system's conventions name, or NULL after saying why there is none. */
static char *conventional(void)
{
	const char *runtime = g_getenv("XDG_RUNTIME_DIR");
	g_autofree char *root = NULL;

	if (geteuid() == 0)
		return g_strdup("/run/rlc");
	if (!runtime || !*runtime) {
		log_info("state: XDG_RUNTIME_DIR is not set");
		return NULL;
	}
	root = g_build_filename(runtime, "rlc", NULL);
	if (!g_path_is_absolute(runtime) || !usable(root)) {
		log_warn("state: XDG_RUNTIME_DIR cannot be used for state: '%s'", runtime);
		return NULL;
	}
	return g_steal_pointer(&root);
}

char *state_root_choose(const char *root, GError **error)
{
	g_autofree char *run_user = g_strdup_printf("/run/user/%u/rlc", geteuid());
	g_autofree char *chosen = NULL;
	auto_fd dir = -1;

	root = root ? root : g_getenv("RLC_ROOT");
	root = root && *root ? root : NULL;
	chosen = root ? g_canonicalize_filename(root, NULL) : conventional();
	if (chosen && !root && geteuid() != 0)
		return g_steal_pointer(&chosen); /* that was tried */
	if (!chosen) {
		chosen = usable(run_user) ? g_steal_pointer(&run_user)
					  : g_strdup_printf("/tmp/rlc-%u", geteuid());
		log_info("state: kept in '%s'", chosen);
	}
	if (usable(chosen))
		return g_steal_pointer(&chosen);
	dir = state_dirs_make(AT_FDCWD, chosen, error);
	if (dir >= 0) {
		error_errno(error, EACCES, "write in '%s'", chosen);
		hint_add(error, HINT_STATE_DIR, chosen);
	}
	return NULL;
}
