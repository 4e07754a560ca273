/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/state_names.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

/* Names are links; remove those that lead to this id. */
void state_names_drop(int names, const char *id)
{
	DIR *dir = fd_list(names);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		char target[NAME_MAX + 1];
		ssize_t n = entry->d_type == DT_DIR
				    ? -1
				    : readlinkat(names, entry->d_name, target, sizeof target - 1);

		if (n <= 0)
			continue;
		target[n] = '\0';
		if (strcmp(target, id) == 0)
			unlinkat(names, entry->d_name, 0);
	}
	closedir(dir);
}

char *state_names_find(int names, const char *id)
{
	DIR *dir = fd_list(names);
	struct dirent *entry;
	char *found = NULL;

	while (dir && !found && (entry = readdir(dir))) {
		char target[NAME_MAX + 1];
		ssize_t n = entry->d_type == DT_DIR
				    ? -1
				    : readlinkat(names, entry->d_name, target, sizeof target - 1);

		if (n > 0 && strlen(id) == (size_t)n && strncmp(target, id, (size_t)n) == 0)
			found = g_strdup(entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

bool state_names_take(int names, const char *name, const char *id, GError **error)
{
	char owner[NAME_MAX + 1] = "";

	if (!name || symlinkat(id, names, name) == 0)
		return true;
	if (errno != EEXIST)
		return error_errno(error, errno, "take the name '%s'", name);
	if (readlinkat(names, name, owner, sizeof owner - 1) < 0)
		owner[0] = '\0';
	return error_set(error, RLC_ERROR_EXISTS,
			 "take the name '%s': container %.12s has it; remove that one (rlc rm "
			 "-f), or choose another name",
			 name, owner);
}

char *state_name(const char *state_root, const char *id)
{
	g_autofree char *path = g_build_filename(state_root, "names", NULL);
	auto_fd names = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return names < 0 ? NULL : state_names_find(names, id);
}
