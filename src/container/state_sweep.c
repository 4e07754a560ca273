/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/state_sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "container/control.h"
#include "container/events.h"
#include "container/kept.h"
#include "container/scratch.h"
#include "container/state.h"
#include "container/state_names.h"
#include "container/volumes_used.h"
#include "feature/cgroup.h"
#include "feature/net_bridge.h"
#include "feature/net_dnat.h"

#define SOME 64 /* containers that a start looks at */

/* Files that speak of what runs; of no use, or wrong, when it has ended. */
static const char *const live_files[] = {STATE_IDMAP, STATE_PORTS, STATE_RESOLV, STATE_SUPERVISOR};

/* What cannot be removed now stays on record, for the next sweep. */
static bool remove_scratch(int dir, const char *id)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = fd_read_file(dir, SCRATCH_RECORD, PATH_MAX, NULL);

	if (!path || scratch_remove(path, &error))
		return true;
	log_warn("state: container %.12s: %s; by hand: rlc unshare rm -rf '%s'", id, error->message,
		 path);
	return false;
}

static bool remove_cgroup(int dir, const char *id)
{
	g_autoptr(GError) error = NULL;

	if (!cgroup_release(dir, &error)) {
		log_warn("state: container %.12s: %s", id, error->message);
		return false;
	}
	unlinkat(dir, CGROUP_RECORD, 0);
	return true;
}

/* Give back what the container had of the host. ROOT/lock is held. */
bool state_sweep_release(const char *root, int dir, const char *id)
{
	bool ok = remove_cgroup(dir, id); /* first: what runs may write to the rest */

	if (!remove_scratch(dir, id))
		ok = false;
	else
		unlinkat(dir, SCRATCH_RECORD, 0);
	net_dnat_release(dir, id); /* before the address can be another's */
	net_bridge_release(root, dir, id);
	for (size_t i = 0; i < G_N_ELEMENTS(live_files); i++) {
		if (unlinkat(dir, live_files[i], 0) < 0 && errno != ENOENT)
			log_debug("state: remove %s of %s: %s", live_files[i], id,
				  g_strerror(errno));
	}
	return ok;
}

/* All files of a directory of ours; the lock last, for who has it lives. */
static void remove_files(int dir)
{
	DIR *list = fd_list(dir);
	struct dirent *entry;

	while (list && (entry = readdir(list))) {
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "lock") != 0)
			unlinkat(dir, entry->d_name, 0);
	}
	if (list)
		closedir(list);
	unlinkat(dir, "lock", 0);
}

/* What a kept container wrote; it may belong to any of its ids. */
static bool remove_root(int containers, const char *id)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *kept = kept_target(containers, id);
	g_autofree char *path = kept ? g_build_filename(kept, SCRATCH_KEPT, NULL) : NULL;

	if (!path || scratch_remove(path, &error))
		return true;
	log_warn("state: container %.12s: %s", id, error->message);
	return false;
}

/* Of a container that is not this process's; spec NULL: read it. True: it has a name. */
bool state_sweep_tell(const char *root, int names, const char *id, const Spec *spec,
		      const char *action, int exit_code, const char *detail)
{
	g_autoptr(Spec) recorded = spec ? NULL : state_load_spec(root, id, NULL);
	g_autofree char *name = state_names_find(names, id);

	events_add(root, action, id, name, spec ? spec : recorded, exit_code, detail);
	return name;
}

/*
 * Remove one container's directory, which holds only files of ours. ROOT/lock is held. spec NULL:
 * it is read. volumes: with its anonymous ones.
 */
void state_sweep_remove(const char *root, int containers, int names, const char *id,
			const Spec *spec, bool volumes)
{
	auto_fd dir = state_dirs_container(containers, id);
	g_auto(Status) status = {0};
	bool ran;

	if (dir < 0)
		return;
	ran = state_dirs_read_status(dir, &status) && status.state != STATUS_CREATED;
	if (!state_sweep_release(root, dir, id))
		return;
	volumes_used_release(dir, id, volumes || !ran, !ran);
	if (!remove_root(containers, id))
		return;
	if (state_sweep_tell(root, names, id, spec, "remove", -1, NULL))
		state_names_drop(names, id);
	remove_files(dir);
	if (unlinkat(containers, id, AT_REMOVEDIR) < 0)
		kept_remove(containers, id);
}

/* microseconds since 1970 */
static bool was_before_boot(int64_t time)
{
	struct timespec up;

	return clock_gettime(CLOCK_BOOTTIME, &up) == 0 &&
	       time < g_get_real_time() - (int64_t)up.tv_sec * G_USEC_PER_SEC - G_USEC_PER_SEC;
}

/* A disk that was cut off may have lost what was written last; what is kept stays all the same. */
static bool read_swept_status(int containers, int dir, const char *id, Status *ret_status)
{
	g_autofree char *kept = NULL;

	if (state_dirs_read_status(dir, ret_status))
		return true;
	kept = kept_target(containers, id);
	*ret_status = (Status){.state = STATUS_RUNNING, .keep = true};
	return kept && faccessat(dir, RECORD_STATUS, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The supervisor is dead. What is to be kept is kept, and says so. ROOT/lock is held. */
static void sweep_one(const char *root, int containers, int names, const char *id)
{
	auto_fd dir = state_dirs_container(containers, id);
	g_auto(Status) status = {0};

	if (dir < 0) { /* a link that leads nowhere */
		state_names_drop(names, id);
		kept_remove(containers, id);
		return;
	}
	if (!read_swept_status(containers, dir, id, &status) || !status.keep ||
	    status.state == STATUS_CREATED) {
		state_sweep_remove(root, containers, names, id, NULL, true);
		return;
	}
	if (status.state == STATUS_STOPPED)
		return;
	state_sweep_release(root, dir, id);
	unlinkat(dir, CONTROL_SOCKET, 0);
	status_clear(&status);
	status.state = STATUS_STOPPED;
	status.health = HEALTH_STATE_NONE;
	status.exit_code = 128 + SIGKILL;
	status.verdict = g_strdup(was_before_boot(status.started)
					  ? "it ran when the machine went down"
					  : "its supervisor was killed, and the container with it");
	status.finished = g_get_real_time();
	status.pid = 0;
	state_dirs_write_status(dir, &status, NULL);
	state_sweep_tell(root, names, id, NULL, "die", status.exit_code, status.verdict);
}

/* Is it alive? Who is dead is swept. */
static bool look_at(const char *root, int containers, int names, const char *id)
{
	g_autofree char *path = g_strdup_printf("%s/lock", id);
	auto_fd lock = state_dirs_lock(containers, path, LOCK_EX | LOCK_NB);

	if (lock < 0 && errno != ENOENT)
		return true;
	sweep_one(root, containers, names, id);
	return false;
}

void state_sweep_dead(const char *root, int containers, int names, GHashTable *ret_alive)
{
	g_autoptr(GPtrArray) ids = state_dirs_ids(containers);

	for (guint i = 0; i < ids->len; i++) {
		char *id = g_ptr_array_index(ids, i);

		if (look_at(root, containers, names, id) && ret_alive)
			g_hash_table_add(ret_alive, g_strdup(id));
	}
}

void state_sweep_some(const char *root, int containers, int names, const char *own_id)
{
	g_autoptr(GPtrArray) ids = state_dirs_ids(containers);
	guint anywhere = g_str_hash(own_id);

	for (guint i = 0; i < MIN(ids->len, SOME); i++)
		look_at(root, containers, names,
			g_ptr_array_index(ids, (anywhere % ids->len + i) % ids->len));
}

bool state_clean(const char *state_root, GError **error)
{
	StateDirs dirs;
	bool ok = state_dirs_open(state_root, &dirs, error);

	if (ok)
		state_sweep_dead(state_root, dirs.containers, dirs.names, NULL);
	state_dirs_close(&dirs);
	return ok;
}
