/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/unpacked.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "container/state_dirs.h"
#include "image/builtin.h"
#include "kernel/tree.h"

#define NEW "builtin.new"

/* ROOT belongs to us, and nobody else can write there. */
static bool is_there(int root, const char *name)
{
	struct stat st;

	return fstatat(root, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
	       st.st_uid == geteuid() && st.st_gid == getegid();
}

/* It has its name when it is whole. ROOT/lock is held. */
static bool unpack(int root, const char *name, GError **error)
{
	mode_t mask = umask(0);
	auto_fd dir = -1;
	bool ok;

	if (tree_remove(root, NEW, NULL) && mkdirat(root, NEW, 0755) == 0)
		dir = openat(root, NEW, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	ok = dir >= 0 ? builtin_fill(dir, error) : error_errno(error, errno, "make '%s'", NEW);
	umask(mask);
	if (ok && renameat(root, NEW, root, name) < 0)
		ok = error_errno(error, errno, "make '%s'", name);
	if (!ok)
		tree_remove(root, NEW, NULL);
	return ok;
}

static bool provide(const char *state_root, const char *name, GError **error)
{
	auto_fd root = open(state_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	StateDirs dirs;
	bool ok;

	if (root >= 0 && is_there(root, name))
		return true;
	ok = state_dirs_open(state_root, &dirs, error) &&
	     (is_there(dirs.root, name) || unpack(dirs.root, name, error));
	state_dirs_close(&dirs);
	return ok;
}

static bool is_root_inside(const GArray *map, uint32_t id)
{
	for (guint i = 0; i < map->len; i++) {
		const SpecIdMap *line = &g_array_index(map, SpecIdMap, i);

		if (line->inside == 0)
			return line->outside == id;
	}
	return false;
}

/* Whichever map the kernel takes. */
static bool is_ours_root(const Container *container)
{
	const GPtrArray *tiers = container->tiers ? container->tiers : container->plan->idmap.tiers;

	for (guint i = 0; i < tiers->len; i++) {
		const IdmapTier *tier = g_ptr_array_index(tiers, i);

		if (tier->method != IDMAP_NONE && (!is_root_inside(tier->uids, geteuid()) ||
						   !is_root_inside(tier->gids, getegid())))
			return false;
	}
	return true;
}

static char *name_new(void)
{
	return g_strconcat("builtin-", builtin_digest, NULL);
}

bool unpacked_parent(Container *container, GError **error)
{
	const Plan *plan = container->plan;
	g_autofree char *name = NULL;
	g_autoptr(GError) refused = NULL;

	(void)error;
	if (plan->rootfs.kind != ROOT_BUILTIN || !is_ours_root(container))
		return true;
	name = name_new();
	if (provide(plan->state_root, name, &refused))
		container->unpacked = g_build_filename(plan->state_root, name, NULL);
	else
		log_info("image: %s; the container gets a copy of its own", refused->message);
	return true;
}

void unpacked_explain(const Plan *plan, GString *script)
{
	g_autofree char *name = name_new();

	if (plan->rootfs.kind == ROOT_BUILTIN)
		g_string_append_printf(script,
				       "# Once: fill '%s/%s' with the built-in image, for "
				       "containers to lay\n"
				       "# an overlay over. By hand, a tmpfs is filled below.\n",
				       plan->state_root, name);
}
