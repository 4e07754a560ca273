/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci/pidfile.h"

#include <errno.h>
#include <stdio.h>

#include "base/error.h"

bool pidfile_write(const char *path, pid_t pid, GError **error)
{
	g_autofree char *text = g_strdup_printf("%d", pid);
	g_autofree char *dir = NULL, *name = NULL, *new = NULL;

	if (!path)
		return true;
	dir = g_path_get_dirname(path);
	name = g_path_get_basename(path);
	new = g_strdup_printf("%s/.%s", dir, name);
	if (!g_file_set_contents_full(new, text, -1, G_FILE_SET_CONTENTS_NONE, 0644, error))
		return false;
	if (rename(new, path) < 0)
		return error_errno(error, errno, "write '%s'", path);
	return true;
}
