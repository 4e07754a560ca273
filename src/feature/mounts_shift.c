/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/mounts_shift.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "feature/idmap.h"
#include "feature/idmap_write.h"
#include "feature/mounts.h"
#include "kernel/mount.h"
#include "kernel/namespace.h"

static bool has_own_map(const PlanMount *mount)
{
	return mount->uids && mount->uids->len > 0;
}

bool mounts_shift_check(const Plan *plan, const PlanMount *mount, GError **error)
{
	const IdmapTier *tier = g_ptr_array_index(plan->idmap.tiers, 0);

	if (strcmp(mount->type, "bind") != 0)
		return error_set(error, RLC_ERROR_USAGE,
				 "shift '%s' into an id map: only bind mounts can be",
				 mount->destination);
	if (has_own_map(mount) != (mount->gids && mount->gids->len > 0))
		return error_set(error, RLC_ERROR_USAGE,
				 "shift '%s' into an id map: it takes uidMappings and gidMappings",
				 mount->destination);
	return has_own_map(mount) || tier->method != IDMAP_NONE ||
	       error_set(error, RLC_ERROR_USAGE,
			 "shift '%s' into an id map: there are neither uidMappings of its own nor "
			 "a user namespace",
			 mount->destination);
}

/* A user namespace that has nobody in it, but these maps: by a child that waits in it meanwhile. */
static int open_userns_of(const PlanMount *mount, GError **error)
{
	IdmapTier tier = {.method = IDMAP_DIRECT,
			  .uids = (GArray *)mount->uids,
			  .gids = (GArray *)mount->gids};
	g_autoptr(GPtrArray) tiers = g_ptr_array_new();
	const IdmapTier *taken;
	auto_fd pidfd = -1, userns = -1;
	g_autofree char *path = NULL;
	pid_t pid = namespace_clone(CLONE_NEWUSER, &pidfd, error);

	if (pid < 0)
		return -1;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	g_ptr_array_add(tiers, &tier);
	path = g_strdup_printf("/proc/%d/ns/user", pid);
	if (idmap_write(tiers, pid, -1, &taken, error)) {
		userns = open(path, O_RDONLY | O_CLOEXEC);
		if (userns < 0)
			error_errno(error, errno, "open '%s'", path);
	}
	kill(pid, SIGKILL);
	TEMP_FAILURE_RETRY(waitpid(pid, NULL, 0));
	return fd_steal(&userns);
}

static bool send_shifted(Container *container, const PlanMount *mount, GError **error)
{
	auto_fd userns = has_own_map(mount) ? open_userns_of(mount, error)
					    : idmap_open_userns(container, error);
	auto_fd fd =
		userns < 0 ? -1 : mount_clone(AT_FDCWD, mount->source, mount->recursive, error);

	return fd >= 0 && mount_idmap(fd, userns, mount->idmap_below, error) &&
	       mounts_set_attributes(fd, mount, error) &&
	       sync_send(container->sync, SYNC_VOLUME, fd, error);
}

bool mounts_shift_parent(Container *container, GError **error)
{
	const GArray *mounts = container->plan->mounts;

	for (guint i = 0; i < mounts->len; i++) {
		const PlanMount *mount = &g_array_index(mounts, PlanMount, i);

		if (!mount->idmap || send_shifted(container, mount, error))
			continue;
		error_prefix(error, "'%s': ", mount->destination);
		return false;
	}
	return true;
}

int mounts_shift_take(Container *container, GError **error)
{
	int fd = -1;

	return sync_expect(container->sync, SYNC_VOLUME, &fd, error) ? fd : -1;
}
