/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/pidfile.h"

#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

bool pidfile_parent(Container *container, GError **error)
{
	const char *path = container->plan->spec->rlc.pidfile;
	g_autofree char *text = g_strdup_printf("%d\n", (int)container->init_pid);

	if (!path || fd_replace_file(path, text, 0644, &container->pidfile, error))
		return true;
	error_prefix(error, "write the --pidfile '%s': ", path);
	return false;
}

void pidfile_cleanup(Container *container)
{
	g_autofree char *name = NULL;

	if (container->pidfile < 0)
		return;
	name = g_path_get_basename(container->plan->spec->rlc.pidfile);
	unlinkat(container->pidfile, name, 0);
	fd_close(&container->pidfile);
}
