/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci/pidfile.h"

#include "base/fd.h"

bool pidfile_write(const char *path, pid_t pid, GError **error)
{
	g_autofree char *text = g_strdup_printf("%d", pid);

	return !path || fd_replace_file(path, text, 0644, NULL, error);
}
