/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Containers as other commands see them: state.h. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "container/record.h"
#include "container/state_dirs.h"
#include "container/state_names.h"

/* The ids of those that run, of char *; dirs are open. */
GPtrArray *state_list_running(const StateDirs *dirs);

/*
 * The id of a running container, by its name or by what its id begins with.  Caller frees; NULL
 * with RLC_ERROR_NOT_FOUND, or RLC_ERROR_USAGE where several fit.
 */
char *state_find(const char *state_root, const char *name, GError **error);

/* A file of a container's, "" if it has none. Caller frees. */
char *state_read(const char *state_root, const char *id, const char *file, GError **error);

/* One container as it is on disk. */
typedef struct {
	char *id;
	char *name;    /* NULL: none */
	bool alive;    /* its supervisor has its lock */
	Status status; /* what is true: STATUS_STOPPED where the supervisor is dead, STATUS_PAUSED
			*/
} StateEntry;

void state_entry_free(StateEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StateEntry, state_entry_free)

/* All containers, of StateEntry *, the newest first. Sweeps what dead supervisors left. */
GPtrArray *state_list(const char *state_root, GError **error);

/* As state_find(), but of all containers, those that ended too. */
StateEntry *state_get(const char *state_root, const char *name, GError **error);

/* The Spec as it was asked for. Caller frees. */
Spec *state_load_spec(const char *state_root, const char *id, GError **error);

/* Replace it, whole or not at all: `rlc update`. */
bool state_save_spec(const char *state_root, const char *id, const Spec *spec, GError **error);

/* Has a supervisor the container's lock? If none, its record says how it ended. */
bool state_is_running(const char *state_root, const char *id);

/*
 * Remove a container that has ended (RLC_ERROR_STATE if it runs), with its name and its logs; with
 * volumes also those that it made for itself.
 */
bool state_forget(const char *state_root, const char *id, bool volumes, GError **error);

/* The name of the container that has this state directory; NULL: none. Takes no lock. */
char *state_name_of(const char *state_dir);

/* Give a container another name. RLC_ERROR_EXISTS if another one has it. */
bool state_rename(const char *state_root, const char *id, const char *name, GError **error);
