/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files between the host and a container that runs.
 *
 * A process of rlc's own enters the container's mounts (and for an ordinary user its user
 * namespace, which gives him the rights to its files), but not its pid namespace: nobody inside can
 * see it.  It looks nothing up by a database and runs nothing of the container's.  Paths of the
 * container are resolved within its root; below that, copy.h follows no link.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
	const char *host;   /* path */
	const char *inside; /* path, from the container's root on */
	bool to_container;
} Transfer;

/*
 * Copy, as copy_tree() does.  What comes to the host is the caller's, what comes into the container
 * belongs to the root of its user namespace or, where the caller is another inside, to him.
 */
bool transfer(const char *state_root, const char *id, const Transfer *what, GError **error);
