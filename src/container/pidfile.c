/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/pidfile.h"

#include <unistd.h>

#include "base/error.h"

bool pidfile_parent(Container *container, GError **error)
{
	const char *path = container->plan->spec->rlc.pidfile;
	g_autofree char *text = g_strdup_printf("%d\n", (int)container->init_pid);
	g_autoptr(GError) failed = NULL;

	if (!path)
		return true;
	if (!g_file_set_contents(path, text, -1, &failed))
		return error_set(error, RLC_ERROR_FAILED, "write the --pidfile: %s",
				 failed->message);
	container->pidfile = true;
	return true;
}

void pidfile_cleanup(Container *container)
{
	if (container->pidfile)
		unlink(container->plan->spec->rlc.pidfile);
	container->pidfile = false;
}
