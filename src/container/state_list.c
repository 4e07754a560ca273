/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/state_list.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "container/kept.h"
#include "container/state_dirs.h"
#include "container/state_names.h"
#include "container/state_sweep.h"
#include "feature/cgroup.h"

/* Of names (--name) and ids */
#define STATE_NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

GPtrArray *state_list_running(const StateDirs *dirs)
{
	GPtrArray *ids = state_dirs_ids(dirs->containers);

	for (guint i = ids->len; i-- > 0;) {
		if (!state_dirs_is_running(dirs->containers, g_ptr_array_index(ids, i)))
			g_ptr_array_remove_index(ids, i);
	}
	return ids;
}

char *state_name_of(const char *state_dir)
{
	g_autofree char *id = g_path_get_basename(state_dir);
	g_autofree char *kept = g_build_filename(state_dir, KEPT_NAME, NULL);
	g_autofree char *root = g_build_filename(state_dir, "..", "..", NULL);
	char *name = fd_read_file(AT_FDCWD, kept, NAME_MAX, NULL);

	return name ? g_strchomp(name) : state_name(root, id);
}

static void refuse_ambiguous(const char *name, const char *id, const char *other, GError **error)
{
	error_set(error, RLC_ERROR_USAGE,
		  "find container '%s': the ids of several begin so, %.12s and %.12s", name, id,
		  other);
}

static void not_found(const char *name, GError **error)
{
	error_set(error, RLC_ERROR_NOT_FOUND,
		  "find container '%s': none that runs has this name, or an id that begins so; "
		  "'rlc ps' lists them",
		  name);
}

static char *find_by_id(const StateDirs *dirs, const char *prefix, GError **error)
{
	g_autoptr(GPtrArray) ids = state_list_running(dirs);
	const char *found = NULL;

	for (guint i = 0; i < ids->len; i++) {
		const char *id = g_ptr_array_index(ids, i);

		if (!g_str_has_prefix(id, prefix))
			continue;
		if (found) {
			refuse_ambiguous(prefix, found, id, error);
			return NULL;
		}
		found = id;
	}
	if (!found)
		not_found(prefix, error);
	return g_strdup(found);
}

/* A name wins over an id that begins so, also where the one that has it has ended. */
static char *find(const StateDirs *dirs, const char *name, GError **error)
{
	char id[NAME_MAX + 1];
	ssize_t n = readlinkat(dirs->names, name, id, sizeof id - 1);

	if (n <= 0)
		return find_by_id(dirs, name, error);
	id[n] = '\0';
	if (state_dirs_is_running(dirs->containers, id))
		return g_strdup(id);
	not_found(name, error);
	return NULL;
}

static bool check_name(const char *name, GError **error)
{
	if (*name && strspn(name, STATE_NAME_CHARACTERS) == strlen(name) && *name != '.')
		return true;
	return error_set(error, RLC_ERROR_USAGE, "find container '%s': not a name, nor an id",
			 name);
}

/* One that is there, but has ended, is not unknown. */
static void tell_ended(const char *state_root, const char *name, GError **error)
{
	g_autoptr(StateEntry) ended = NULL;

	if (!error || !g_error_matches(*error, RLC_ERROR, RLC_ERROR_NOT_FOUND))
		return;
	ended = state_get(state_root, name, NULL);
	if (!ended)
		return;
	g_clear_error(error);
	error_set(error, RLC_ERROR_STATE,
		  "find container '%s': it has ended; 'rlc start' starts it again", name);
}

char *state_find(const char *state_root, const char *name, GError **error)
{
	StateDirs dirs;
	char *id = NULL;

	if (!check_name(name, error))
		return NULL;
	if (state_dirs_open(state_root, &dirs, error))
		id = find(&dirs, name, error);
	state_dirs_close(&dirs);
	if (!id)
		tell_ended(state_root, name, error);
	return id;
}

char *state_read(const char *state_root, const char *id, const char *file, GError **error)
{
	g_autofree char *path = g_build_filename(state_root, "containers", id, file, NULL);
	g_autoptr(GError) failed = NULL;
	char *text = fd_read_file(AT_FDCWD, path, STATE_FILE_MAX, &failed);

	if (text)
		return text;
	if (error_is_errno(failed, ENOENT))
		return g_strdup("");
	g_propagate_error(error, g_steal_pointer(&failed));
	return NULL;
}

/* --- all containers, those that ended too --- */

void state_entry_free(StateEntry *entry)
{
	if (!entry)
		return;
	g_free(entry->id);
	g_free(entry->name);
	status_clear(&entry->status);
	g_free(entry);
}

static gint compare_created(gconstpointer a, gconstpointer b)
{
	const StateEntry *const *first = a, *const *second = b;
	int64_t difference = (*second)->status.created - (*first)->status.created;

	return difference < 0 ? -1 : difference > 0;
}

static StateEntry *read_entry(const StateDirs *dirs, const char *id, bool alive)
{
	auto_fd dir = state_dirs_container(dirs->containers, id);
	g_autoptr(StateEntry) entry = g_new0(StateEntry, 1);

	if (dir < 0 || !state_dirs_read_status(dir, &entry->status))
		return NULL;
	entry->id = g_strdup(id);
	entry->alive = alive;
	if (entry->alive && entry->status.state == STATUS_RUNNING && cgroup_is_paused(dir))
		entry->status.state = STATUS_PAUSED;
	if (!entry->alive && entry->status.state != STATUS_STOPPED)
		return NULL; /* the sweep could not clear it away, and has said so */
	return g_steal_pointer(&entry);
}

static void add_names(const StateDirs *dirs, GHashTable *by_id)
{
	DIR *list = fd_list(dirs->names);
	struct dirent *link;

	while (list && (link = readdir(list))) {
		char id[NAME_MAX + 1];
		ssize_t n = readlinkat(dirs->names, link->d_name, id, sizeof id - 1);
		StateEntry *entry;

		if (n <= 0)
			continue;
		id[n] = '\0';
		entry = g_hash_table_lookup(by_id, id);
		if (entry && !entry->name)
			entry->name = g_strdup(link->d_name);
	}
	if (list)
		closedir(list);
}

static GPtrArray *list_entries(const StateDirs *dirs, GHashTable *alive)
{
	GPtrArray *entries = g_ptr_array_new_with_free_func((GDestroyNotify)state_entry_free);
	g_autoptr(GHashTable) by_id = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) ids = state_dirs_ids(dirs->containers);

	for (guint i = 0; i < ids->len; i++) {
		const char *id = g_ptr_array_index(ids, i);
		StateEntry *entry = read_entry(dirs, id, g_hash_table_contains(alive, id));

		if (!entry)
			continue;
		g_ptr_array_add(entries, entry);
		g_hash_table_insert(by_id, entry->id, entry);
	}
	add_names(dirs, by_id);
	g_ptr_array_sort(entries, compare_created);
	return entries;
}

GPtrArray *state_list(const char *state_root, GError **error)
{
	g_autoptr(GHashTable) alive = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GPtrArray *entries = NULL;
	StateDirs dirs;

	if (state_dirs_open(state_root, &dirs, error)) {
		state_sweep_dead(state_root, dirs.containers, dirs.names, alive);
		entries = list_entries(&dirs, alive);
	}
	state_dirs_close(&dirs);
	return entries;
}

/* A name wins over an id that begins so. */
static StateEntry *select_entry(const GPtrArray *entries, const char *name, GError **error)
{
	StateEntry *found = NULL;

	for (guint i = 0; i < entries->len; i++) {
		StateEntry *entry = g_ptr_array_index(entries, i);

		if (g_strcmp0(entry->name, name) == 0)
			return entry;
	}
	for (guint i = 0; i < entries->len; i++) {
		StateEntry *entry = g_ptr_array_index(entries, i);

		if (!g_str_has_prefix(entry->id, name))
			continue;
		if (found) {
			refuse_ambiguous(name, found->id, entry->id, error);
			return NULL;
		}
		found = entry;
	}
	if (!found)
		error_set(error, RLC_ERROR_NOT_FOUND,
			  "find container '%s': none has this name, or an id that begins so; "
			  "'rlc ps -a' lists them",
			  name);
	return found;
}

StateEntry *state_get(const char *state_root, const char *name, GError **error)
{
	g_autoptr(GPtrArray) entries = NULL;
	StateEntry *entry;

	if (!check_name(name, error))
		return NULL;
	entries = state_list(state_root, error);
	entry = entries ? select_entry(entries, name, error) : NULL;
	if (!entry)
		return NULL;
	g_ptr_array_set_free_func(entries, NULL);
	for (guint i = 0; i < entries->len; i++) {
		if (g_ptr_array_index(entries, i) != entry)
			state_entry_free(g_ptr_array_index(entries, i));
	}
	return entry;
}

Spec *state_load_spec(const char *state_root, const char *id, GError **error)
{
	g_autofree char *text = state_read(state_root, id, RECORD_CONFIG, error);

	return text ? record_parse_spec(text, error) : NULL;
}

bool state_save_spec(const char *state_root, const char *id, const Spec *spec, GError **error)
{
	g_autofree char *path = g_build_filename(state_root, "containers", id, NULL);
	g_autofree char *text = record_format_spec(spec);
	auto_fd dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return error_errno(error, errno, "open '%s'", path);
	return state_dirs_replace(dir, RECORD_CONFIG, text, error);
}

bool state_is_running(const char *state_root, const char *id)
{
	StateDirs dirs;
	bool running = state_dirs_open(state_root, &dirs, NULL) &&
		       state_dirs_is_running(dirs.containers, id);

	state_dirs_close(&dirs);
	return running;
}

bool state_forget(const char *state_root, const char *id, bool volumes, GError **error)
{
	g_autofree char *path = g_build_filename(id, "lock", NULL);
	auto_fd lock = -1;
	StateDirs dirs;
	bool ok = state_dirs_open(state_root, &dirs, error);

	if (ok && faccessat(dirs.containers, id, F_OK, 0) == 0) {
		lock = state_dirs_lock(dirs.containers, path, LOCK_EX | LOCK_NB);
		ok = lock >= 0 ||
		     error_set(error, RLC_ERROR_STATE, "remove container %.12s: it is running", id);
		if (ok)
			state_sweep_remove(state_root, dirs.containers, dirs.names, id, NULL,
					   volumes);
	}
	state_dirs_close(&dirs);
	return ok;
}

bool state_rename(const char *state_root, const char *id, const char *name, GError **error)
{
	StateDirs dirs;
	char owner[NAME_MAX + 1] = "";
	g_autofree char *old = NULL;
	bool ok = state_dirs_open(state_root, &dirs, error);

	if (ok && readlinkat(dirs.names, name, owner, sizeof owner - 1) > 0 &&
	    strcmp(owner, id) == 0) {
		state_dirs_close(&dirs);
		return true;
	}
	/* under ROOT/lock nobody sees the moment without a name, or with two */
	old = ok ? state_names_find(dirs.names, id) : NULL;
	ok = ok && state_names_take(dirs.names, name, id, error);
	if (ok) {
		state_names_drop(dirs.names, id);
		ok = state_names_take(dirs.names, name, id, error) &&
		     kept_set_name(dirs.containers, id, name, error);
	}
	if (ok)
		state_sweep_tell(state_root, dirs.names, id, NULL, "rename", -1, old);
	state_dirs_close(&dirs);
	return ok;
}
