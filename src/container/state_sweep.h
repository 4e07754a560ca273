/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is left of containers, and of those whose supervisor is dead: state.h. ROOT/lock is held. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "container/state_dirs.h"

/* Give back what the container had of the host; false: something stays on record. */
bool state_sweep_release(const char *root, int dir, const char *id);

/*
 * Remove one container's directory, which holds only files of ours, and all it has. spec NULL: it
 * is read. volumes: with its anonymous ones.
 */
void state_sweep_remove(const char *root, int containers, int names, const char *id,
			const Spec *spec, bool volumes);

/*
 * Clean up after the containers whose supervisor is dead.  ret_alive, a set of char *, gets the ids
 * of the others; NULL: not wanted.
 */
void state_sweep_dead(const char *root, int containers, int names, GHashTable *ret_alive);

/*
 * The same for no more than some of them, whose number does not grow, beginning anywhere:
 * own_id, which is as good as chance, says where.
 */
void state_sweep_some(const char *root, int containers, int names, const char *own_id);

/* An event of a container that is not this process's; spec NULL: it is read. True: it has a name.
 */
bool state_sweep_tell(const char *root, int names, const char *id, const Spec *spec,
		      const char *action, int exit_code, const char *detail);

/* The same for who does not hold ROOT/lock. */
bool state_clean(const char *state_root, GError **error);
