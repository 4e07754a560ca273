/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/volumes_used.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "container/state.h"
#include "container/volumes.h"

#define RECORD_MAX (1 << 20)
#define ID_DIGITS  56 /* of the container's, before the number */

char *volumes_used_anonymous(const char *id, guint index)
{
	return g_strdup_printf("%.*s%08x", ID_DIGITS, id, index);
}

static const PlanMount *mount_at(const Plan *plan, guint i)
{
	return &g_array_index(plan->mounts, PlanMount, i);
}

bool volumes_used_plan(const Spec *spec, Plan *plan, GError **error)
{
	char *directory = NULL; /* realpath(3) allocated it */
	bool ok = true;

	(void)spec;
	for (guint i = 0; ok && i < plan->mounts->len; i++) {
		PlanMount *mount = &g_array_index(plan->mounts, PlanMount, i);

		if (!mount->volume && !mount->anonymous)
			continue;
		if (mount->anonymous)
			mount->volume = volumes_used_anonymous(plan->id, i);
		directory = directory ? directory : volumes_directory(error);
		ok = directory != NULL;
		if (ok)
			mount->source =
				g_build_filename(directory, mount->volume, VOLUMES_DATA, NULL);
	}
	free(directory);
	return ok;
}

/* --- on record --- */

/* NULL where the container has none. */
static char *format_record(const Plan *plan)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < plan->mounts->len; i++) {
		const PlanMount *mount = mount_at(plan, i);

		if (!mount->volume)
			continue;
		if (text->len == 0) {
			g_autofree char *volume = g_path_get_dirname(mount->source);
			g_autofree char *directory = g_path_get_dirname(volume);

			g_string_append_printf(text, "%s\n", directory);
		}
		g_string_append_printf(text, "%s\n", mount->volume);
	}
	return text->len ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

void volumes_used_release(int dir, const char *id, bool anonymous, bool made)
{
	g_autofree char *text = fd_read_file(dir, VOLUMES_USED_RECORD, RECORD_MAX, NULL);
	g_auto(GStrv) lines = text ? g_strsplit(text, "\n", -1) : NULL;

	for (guint i = 1; lines && lines[0] && lines[i]; i++) {
		if (*lines[i])
			volumes_leave(lines[0], lines[i], id, anonymous, made);
	}
}

/* --- fresh ones --- */

static bool is_empty(const char *directory)
{
	auto_fd dir = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *list = dir < 0 ? NULL : fd_list(dir);
	struct dirent *entry;
	int count = 0;

	while (list && (entry = readdir(list)))
		count++;
	if (list)
		closedir(list);
	return list && count == 2; /* "." and ".." */
}

static bool is_linked(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

/*
 * What somebody put there by hand is not covered by an image's files; what a container that was
 * killed over it has begun to copy is copied again.
 */
static bool is_to_be_filled(int fresh, const PlanMount *mount, GError **error)
{
	g_autofree char *text = fd_read_all(fresh, VOLUMES_FRESH, RECORD_MAX, NULL);

	if (g_strcmp0(text, VOLUMES_COPYING) == 0)
		return true;
	if (!is_empty(mount->source))
		return false;
	return fd_write_all(fresh, VOLUMES_COPYING, strlen(VOLUMES_COPYING)) ||
	       error_errno(error, errno, "fill volume '%s'", mount->volume);
}

static char *fresh_path(const PlanMount *mount)
{
	g_autofree char *volume = g_path_get_dirname(mount->source);

	return g_build_filename(volume, VOLUMES_FRESH, NULL);
}

static bool hold_fresh(Container *container, guint i, GError **error)
{
	const PlanMount *mount = mount_at(container->plan, i);
	g_autofree char *path = fresh_path(mount);
	g_autoptr(GError) failed = NULL;
	ContainerFresh fresh = {.mount = i};
	auto_fd fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || error_errno(error, errno, "open '%s'", path);
	if (TEMP_FAILURE_RETRY(flock(fd, LOCK_EX)) < 0)
		return error_errno(error, errno, "lock '%s'", path);
	if (!is_linked(fd))
		return true; /* another container has filled it meanwhile */
	if (is_to_be_filled(fd, mount, &failed)) {
		fresh.lock = fd_steal(&fd);
		g_array_append_val(container->fresh, fresh);
		return true;
	}
	if (failed)
		g_propagate_error(error, g_steal_pointer(&failed));
	else
		unlink(path);
	return !failed;
}

static gint compare_volumes(gconstpointer a, gconstpointer b, gpointer plan)
{
	const guint *left = a, *right = b;
	int order = strcmp(mount_at(plan, *left)->volume, mount_at(plan, *right)->volume);

	return order ? order : (*left > *right) - (*left < *right);
}

/* In the order of their names, so that two containers never wait for each other; each one once. */
static bool hold_all(Container *container, GArray *mounts, GError **error)
{
	const Plan *plan = container->plan;

	g_array_sort_with_data(mounts, compare_volumes, (gpointer)plan);
	for (guint i = 0; i < mounts->len; i++) {
		guint at = g_array_index(mounts, guint, i);

		if (i > 0 &&
		    strcmp(mount_at(plan, at)->volume,
			   mount_at(plan, g_array_index(mounts, guint, i - 1))->volume) == 0)
			continue;
		if (!hold_fresh(container, at, error))
			return false;
	}
	return true;
}

/*
 * As a user the container is known by where its state is for good: a kept one's is in the store,
 * and ROOT/containers/ID a link that a reboot takes away.
 */
static bool use_all(const Plan *plan, GArray *ret_copied, GError **error)
{
	g_autofree char *state_dir = realpath(plan->state_dir, NULL);

	if (!state_dir)
		return error_errno(error, errno, "open '%s'", plan->state_dir);
	for (guint i = 0; i < plan->mounts->len; i++) {
		const PlanMount *mount = mount_at(plan, i);
		VolumeRequest request = {.name = mount->volume, .anonymous = mount->anonymous};

		if (!mount->volume)
			continue;
		if (!volumes_use(&request, plan->id, state_dir, error))
			return false;
		if (mount->copy)
			g_array_append_val(ret_copied, i);
	}
	return true;
}

bool volumes_used_parent(Container *container, GError **error)
{
	const Plan *plan = container->plan;
	g_autofree char *record = format_record(plan);
	g_autoptr(GArray) copied = NULL;

	if (!record)
		return true;
	if (!plan->known && !container->restarted &&
	    !state_write(plan, VOLUMES_USED_RECORD, record, error))
		return false;
	copied = g_array_new(FALSE, FALSE, sizeof(guint));
	container->fresh = g_array_new(FALSE, FALSE, sizeof(ContainerFresh));
	return use_all(plan, copied, error) && hold_all(container, copied, error);
}

bool volumes_used_filled(Container *container, GError **error)
{
	for (guint i = 0; container->fresh && i < container->fresh->len; i++) {
		const ContainerFresh *fresh = &g_array_index(container->fresh, ContainerFresh, i);
		g_autofree char *path = fresh_path(mount_at(container->plan, fresh->mount));

		if (unlink(path) < 0)
			return error_errno(error, errno, "remove '%s'", path);
	}
	volumes_used_cleanup(container);
	return true;
}

void volumes_used_cleanup(Container *container)
{
	for (guint i = 0; container->fresh && i < container->fresh->len; i++)
		fd_close(&g_array_index(container->fresh, ContainerFresh, i).lock);
	g_clear_pointer(&container->fresh, g_array_unref);
}

void volumes_used_explain(const Plan *plan, GString *script)
{
	bool any = false;

	for (guint i = 0; i < plan->mounts->len; i++) {
		const PlanMount *mount = mount_at(plan, i);
		g_autofree char *source = mount->volume ? g_shell_quote(mount->source) : NULL;

		if (!source)
			continue;
		g_string_append_printf(script, "mkdir -p %s\n", source);
		any = true;
	}
	if (!any)
		g_string_append(script, "# no volumes\n");
}
