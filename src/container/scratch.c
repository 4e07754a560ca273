/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/scratch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "container/state.h"
#include "container/unshare.h"
#include "feature/idmap.h"
#include "image/store.h"

/* The release that gave tmpfs user extended attributes */
#define TMPFS_XATTR_MAJOR 6
#define TMPFS_XATTR_MINOR 6

static bool tmpfs_takes_xattrs(void)
{
	struct utsname name;
	unsigned major, minor;

	if (uname(&name) < 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return true;
	return major > TMPFS_XATTR_MAJOR ||
	       (major == TMPFS_XATTR_MAJOR && minor >= TMPFS_XATTR_MINOR);
}

/* The directory that --scratch names. */
static char *asked_dir(const char *path, GError **error)
{
	char *dir = realpath(path, NULL);
	struct stat st;

	if (!dir || stat(dir, &st) < 0) {
		error_errno(error, errno, "use --scratch '%s'", path);
	} else if (!S_ISDIR(st.st_mode) || access(dir, W_OK | X_OK) < 0) {
		error_errno(error, S_ISDIR(st.st_mode) ? errno : ENOTDIR, "use --scratch '%s'",
			    path);
	} else {
		return dir;
	}
	free(dir);
	return NULL;
}

static char *store_dir(GError **error)
{
	g_autoptr(Store) store = store_open(NULL, true, error);
	g_autofree char *dir = NULL;

	if (!store)
		return NULL;
	dir = g_build_filename(store->path, SCRATCH_RECORD, NULL);
	if (mkdirat(store->dir, SCRATCH_RECORD, 0700) < 0 && errno != EEXIST) {
		error_errno(error, errno, "make '%s'", dir);
		return NULL;
	}
	return g_steal_pointer(&dir);
}

/* The directory is the caller's: can it be reached by the ids inside? */
static bool is_reachable(Plan *plan)
{
	const IdmapTier *tier = g_ptr_array_index(plan->idmap.tiers, 0);

	if (idmap_covers_owner(tier, geteuid(), getegid()))
		return true;
	plan->scratch_shifted = geteuid() == 0 && !plan->join;
	return plan->scratch_shifted;
}

bool scratch_plan(const Spec *spec, Plan *plan, GError **error)
{
	const char *asked = spec->rlc.scratch;
	bool overlaid = plan->rootfs.kind == ROOT_OVERLAY || plan->rootfs.kind == ROOT_LAYERS;
	bool kept = spec->rlc.keep && !asked && plan->rootfs.kind != ROOT_DIRECTORY;
	g_autofree char *dir = NULL;

	if (!overlaid && asked)
		return error_set(error, RLC_ERROR_USAGE,
				 "use --scratch '%s': this root has no overlay", asked);
	if (!asked && !kept && (!overlaid || tmpfs_takes_xattrs()))
		return true;
	if (!is_reachable(plan))
		return !asked || error_set(error, RLC_ERROR_UNSUPPORTED,
					   "use --scratch '%s': you have no id inside", asked);
	if (kept) {
		plan->scratch_kept = true;
		plan->scratch = g_build_filename(plan->state_dir, SCRATCH_KEPT, NULL);
		return true;
	}
	dir = asked ? asked_dir(asked, error) : store_dir(error);
	if (!dir)
		return false;
	plan->scratch = g_strdup_printf("%s/rlc-%s", dir, plan->id);
	return true;
}

bool scratch_parent(Container *container, GError **error)
{
	const Plan *plan = container->plan;

	if (!plan->scratch)
		return true;
	if (!plan->scratch_kept && !state_write(plan, SCRATCH_RECORD, plan->scratch, error))
		return false;
	if (mkdir(plan->scratch, 0700) < 0 && (!plan->scratch_kept || errno != EEXIST))
		return error_errno(error, errno, "make '%s'", plan->scratch);
	return true;
}

void scratch_explain(const Plan *plan, GString *script)
{
	if (plan->scratch)
		g_string_append_printf(script, "# mkdir '%s': what is written goes there\n",
				       plan->scratch);
	else
		g_string_append(script, "# nothing on disk: what is written goes to a tmpfs\n");
}

bool scratch_remove(const char *path, GError **error)
{
	char *const rm[] = {(char *)"rm", (char *)"-rf", (char *)"--", (char *)path, NULL};
	struct stat st;
	int code = 0;

	if (lstat(path, &st) < 0 && errno == ENOENT)
		return true;
	if (rmdir(path) == 0)
		return true;
	if (!unshare_run(rm, -1, &code, error))
		return false;
	return code == 0 ||
	       error_set(error, RLC_ERROR_FAILED, "remove '%s': rm ended with %d", path, code);
}
