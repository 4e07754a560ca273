/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/state.h"

#include "container/scratch.h"
#include "container/volumes_used.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "container/control.h"
#include "container/events.h"
#include "container/kept.h"
#include "feature/cgroup.h"
#include "feature/net_bridge.h"
#include "feature/idmap.h"
#include "feature/net_dnat.h"
#include "feature/net_publish.h"
#include "image/store.h"

#define STATE_FILE_MAX (1 << 20)

/* Of names (--name) and ids */
#define STATE_NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

/* Open a directory that must be ours and closed to others; make it if it is missing. */
static int state_open_dir(int at, const char *path, GError **error)
{
	auto_fd fd = -1;
	struct stat st;

	if (mkdirat(at, path, 0700) < 0 && errno != EEXIST) {
		error_errno(error, errno, "make '%s'", path);
		hint_add(error, HINT_STATE_DIR, path);
		return -1;
	}
	fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		error_errno(error, errno, "open '%s'", path);
		hint_add(error, HINT_STATE_DIR, path);
		return -1;
	}
	if (st.st_uid != geteuid() || (st.st_mode & 077)) {
		error_set(error, RLC_ERROR_FAILED,
			  "use '%s': it belongs to uid %u and has mode %04o", path, st.st_uid,
			  st.st_mode & 07777);
		hint_add(error, HINT_STATE_DIR, path);
		return -1;
	}
	return fd_steal(&fd);
}

/* Can containers be kept there? The directory above must exist. */
static bool state_usable(const char *root)
{
	g_autoptr(GError) refused = NULL;
	auto_fd dir = state_open_dir(AT_FDCWD, root, &refused);

	if (dir < 0)
		log_debug("state: %s", refused->message);
	return dir >= 0 && faccessat(dir, ".", W_OK, AT_EACCESS) == 0;
}

/* The directory that the system's conventions name, or NULL after saying why there is none. */
static char *state_conventional(void)
{
	const char *runtime = g_getenv("XDG_RUNTIME_DIR");
	g_autofree char *root = NULL;

	if (geteuid() == 0)
		return g_strdup("/run/rlc");
	if (!runtime || !*runtime) {
		log_info("state: XDG_RUNTIME_DIR is not set");
		return NULL;
	}
	root = g_build_filename(runtime, "rlc", NULL);
	if (!g_path_is_absolute(runtime) || !state_usable(root)) {
		log_warn("state: XDG_RUNTIME_DIR cannot be used for state: '%s'", runtime);
		return NULL;
	}
	return g_steal_pointer(&root);
}

char *state_root_choose(const char *root, GError **error)
{
	g_autofree char *run_user = g_strdup_printf("/run/user/%u/rlc", geteuid());
	g_autofree char *chosen = NULL;
	auto_fd dir = -1;

	root = root ? root : g_getenv("RLC_ROOT");
	chosen = root ? g_canonicalize_filename(root, NULL) : state_conventional();
	if (!chosen) {
		chosen = state_usable(run_user) ? g_steal_pointer(&run_user)
						: g_strdup_printf("/tmp/rlc-%u", geteuid());
		log_info("state: kept in '%s'", chosen);
	}
	if (state_usable(chosen))
		return g_steal_pointer(&chosen);
	dir = state_open_dir(AT_FDCWD, chosen, error);
	if (dir >= 0) {
		error_errno(error, EACCES, "write in '%s'", chosen);
		hint_add(error, HINT_STATE_DIR, chosen);
	}
	return NULL;
}

/* One that is known is where it was made, whatever the store is today. */
static char *state_dir_of(const Plan *plan)
{
	g_autofree char *dir = g_build_filename(plan->state_root, "containers", plan->id, NULL);
	char *kept = kept_target(AT_FDCWD, dir);

	if (kept)
		return kept;
	return plan->spec->rlc.keep && !plan->known ? kept_path(plan->id) : g_steal_pointer(&dir);
}

bool state_plan(Plan *plan, const char *root, GError **error)
{
	plan->state_root = state_root_choose(root, error);
	if (!plan->state_root)
		return false;
	plan->state_dir = state_dir_of(plan);
	return true;
}

/* Open and lock a file; operation as in flock(2). -1 when it is missing or LOCK_NB says no. */
static int state_lock(int at, const char *path, int operation)
{
	auto_fd fd = openat(at, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || TEMP_FAILURE_RETRY(flock(fd, operation)) < 0)
		return -1;
	return fd_steal(&fd);
}

/* Names are links; remove those that lead to this id. */
static void state_remove_name(int names, const char *id)
{
	DIR *dir = fd_list(names);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		char target[NAME_MAX + 1];
		ssize_t n = readlinkat(names, entry->d_name, target, sizeof target - 1);

		if (n <= 0)
			continue;
		target[n] = '\0';
		if (strcmp(target, id) == 0)
			unlinkat(names, entry->d_name, 0);
	}
	closedir(dir);
}

/* Files that speak of what runs; of no use, or wrong, when it has ended. */
static const char *const live_files[] = {STATE_IDMAP, STATE_PORTS, STATE_RESOLV, STATE_SUPERVISOR};

static int open_container(int containers, const char *id)
{
	return openat(containers, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* What cannot be removed now stays on record, for the next sweep. */
static bool state_remove_scratch(int dir, const char *id)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = fd_read_file(dir, SCRATCH_RECORD, PATH_MAX, NULL);

	if (!path || scratch_remove(path, &error))
		return true;
	log_warn("state: container %.12s: %s; by hand: rlc unshare rm -rf '%s'", id, error->message,
		 path);
	return false;
}

static bool state_remove_cgroup(int dir, const char *id)
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
static bool release(const char *root, int dir, const char *id)
{
	bool ok = state_remove_cgroup(dir, id); /* first: what runs may write to the rest */

	if (!state_remove_scratch(dir, id))
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
static bool state_remove_root(int containers, const char *id)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *kept = kept_target(containers, id);
	g_autofree char *path = kept ? g_build_filename(kept, SCRATCH_KEPT, NULL) : NULL;

	if (!path || scratch_remove(path, &error))
		return true;
	log_warn("state: container %.12s: %s", id, error->message);
	return false;
}

static char *find_name(int names, const char *id)
{
	DIR *dir = fd_list(names);
	struct dirent *entry;
	char *found = NULL;

	while (dir && !found && (entry = readdir(dir))) {
		char target[NAME_MAX + 1];
		ssize_t n = readlinkat(names, entry->d_name, target, sizeof target - 1);

		if (n > 0 && strlen(id) == (size_t)n && strncmp(target, id, (size_t)n) == 0)
			found = g_strdup(entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

char *state_name(const char *state_root, const char *id)
{
	g_autofree char *path = g_build_filename(state_root, "names", NULL);
	auto_fd names = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return names < 0 ? NULL : find_name(names, id);
}

/* Of a container that is not this process's; spec NULL: read it. */
static void tell(const char *root, int names, const char *id, const Spec *spec, const char *action,
		 int exit_code, const char *detail)
{
	g_autoptr(Spec) recorded = spec ? NULL : state_load_spec(root, id, NULL);
	g_autofree char *name = find_name(names, id);

	events_add(root, action, id, name, spec ? spec : recorded, exit_code, detail);
}

static bool read_status(int dir, Status *ret_status)
{
	g_autofree char *text = fd_read_file(dir, RECORD_STATUS, STATE_FILE_MAX, NULL);

	return text && record_parse_status(text, ret_status, NULL);
}

/*
 * Remove one container's directory, which holds only files of ours. ROOT/lock is held. spec NULL:
 * it is read. volumes: with its anonymous ones.
 */
static void state_remove(const char *root, int containers, int names, const char *id,
			 const Spec *spec, bool volumes)
{
	auto_fd dir = open_container(containers, id);
	g_auto(Status) status = {0};
	bool ran;

	if (dir < 0)
		return;
	ran = read_status(dir, &status) && status.state != STATUS_CREATED;
	if (!release(root, dir, id))
		return;
	volumes_used_release(dir, id, volumes || !ran, !ran);
	if (!state_remove_root(containers, id))
		return;
	tell(root, names, id, spec, "remove", -1, NULL);
	state_remove_name(names, id);
	remove_files(dir);
	if (unlinkat(containers, id, AT_REMOVEDIR) < 0)
		kept_remove(containers, id);
}

/* Replaced by rename(2): who reads it sees the old or the new one. */
static bool replace(int dir, const char *file, const char *text, GError **error)
{
	g_autofree char *new = g_strconcat(file, ".new", NULL);
	auto_fd fd = openat(dir, new, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || !fd_write_all(fd, text, strlen(text)) || renameat(dir, new, dir, file) < 0)
		return error_errno(error, errno, "write the container's %s", file);
	return true;
}

static bool write_status(int dir, const Status *status, GError **error)
{
	g_autofree char *text = record_format_status(status);

	return replace(dir, RECORD_STATUS, text, error);
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

	if (read_status(dir, ret_status))
		return true;
	kept = kept_target(containers, id);
	*ret_status = (Status){.state = STATUS_RUNNING, .keep = true};
	return kept && faccessat(dir, RECORD_STATUS, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The supervisor is dead. What is to be kept is kept, and says so. ROOT/lock is held. */
static void sweep_one(const char *root, int containers, int names, const char *id)
{
	auto_fd dir = open_container(containers, id);
	g_auto(Status) status = {0};

	if (dir < 0) { /* a link that leads nowhere */
		state_remove_name(names, id);
		kept_remove(containers, id);
		return;
	}
	if (!read_swept_status(containers, dir, id, &status) || !status.keep ||
	    status.state == STATUS_CREATED) {
		state_remove(root, containers, names, id, NULL, true);
		return;
	}
	if (status.state == STATUS_STOPPED)
		return;
	release(root, dir, id);
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
	write_status(dir, &status, NULL);
	tell(root, names, id, NULL, "die", status.exit_code, status.verdict);
}

/* Clean up after the containers whose supervisor is dead. ROOT/lock is held. */
static void state_sweep(const char *root, int containers, int names)
{
	DIR *dir = fd_list(containers);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		g_autofree char *path = g_strdup_printf("%s/lock", entry->d_name);
		auto_fd lock = -1;

		if (entry->d_name[0] == '.')
			continue;
		lock = state_lock(containers, path, LOCK_EX | LOCK_NB);
		if (lock >= 0 || errno == ENOENT)
			sweep_one(root, containers, names, entry->d_name);
	}
	closedir(dir);
}

typedef struct {
	int root, lock, containers, names;
} StateDirs;

static void state_close(StateDirs *dirs)
{
	fd_close(&dirs->names);
	fd_close(&dirs->containers);
	fd_close(&dirs->lock);
	fd_close(&dirs->root);
}

/* In a root that is new the kept containers are put first; "containers" appears with all of them.
 */
static bool state_begin(const StateDirs *dirs, GError **error)
{
	auto_fd made = -1;

	if (faccessat(dirs->root, "containers", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	made = state_open_dir(dirs->root, "containers.new", error);
	if (made < 0)
		return false;
	kept_adopt(made, dirs->names);
	return renameat(dirs->root, "containers.new", dirs->root, "containers") == 0 ||
	       error_errno(error, errno, "make the directory of containers");
}

static bool state_open(const char *state_root, StateDirs *dirs, GError **error)
{
	*dirs = (StateDirs){-1, -1, -1, -1};
	dirs->root = state_open_dir(AT_FDCWD, state_root, error);
	if (dirs->root < 0)
		return false;
	dirs->lock = state_lock(dirs->root, "lock", LOCK_EX);
	if (dirs->lock < 0)
		return error_errno(error, errno, "lock '%s/lock'", state_root);
	dirs->names = state_open_dir(dirs->root, "names", error);
	if (dirs->names < 0 || !state_begin(dirs, error))
		return false;
	dirs->containers = state_open_dir(dirs->root, "containers", error);
	return dirs->containers >= 0;
}

static bool take_name(int names, const char *name, const char *id, GError **error)
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

bool state_write(const Plan *plan, const char *file, const char *text, GError **error)
{
	g_autofree char *path = g_build_filename(plan->state_dir, file, NULL);
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || !fd_write_all(fd, text, strlen(text)))
		return error_errno(error, errno, "write '%s'", path);
	return true;
}

static bool is_running(int containers, const char *id)
{
	g_autofree char *path = g_build_filename(id, "lock", NULL);
	auto_fd lock = openat(containers, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static GPtrArray *state_running(const StateDirs *dirs)
{
	GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
	auto_fd list = openat(dirs->containers, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = list >= 0 ? fdopendir(list) : NULL;
	struct dirent *entry;

	if (!dir)
		return ids;
	list = -1; /* the stream owns it */
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] != '.' && is_running(dirs->containers, entry->d_name))
			g_ptr_array_add(ids, g_strdup(entry->d_name));
	}
	closedir(dir);
	return ids;
}

static void append_span(GArray *spans, uint32_t outside, uint32_t count)
{
	SpecIdMap span = {0, outside, count};

	g_array_append_val(spans, span);
}

/* The ids of the containers that run; ROOT/lock is held, so they are all. */
static void state_taken_ids(const Plan *plan, const StateDirs *dirs, GArray *uids, GArray *gids)
{
	g_autoptr(GPtrArray) ids = state_running(dirs);

	for (guint i = 0; i < ids->len; i++) {
		g_autofree char *text =
			state_read(plan->state_root, g_ptr_array_index(ids, i), STATE_IDMAP, NULL);
		uint32_t uid, gid, count;

		if (!text || sscanf(text, "%u %u %u", &uid, &gid, &count) != 3)
			continue;
		append_span(uids, uid, count);
		append_span(gids, gid, count);
	}
}

/* root's --userns=auto: take ids that no running container has. ROOT/lock is held. */
static bool state_take_ids(Container *container, const StateDirs *dirs, GError **error)
{
	const Plan *plan = container->plan;
	g_autoptr(GArray) uids = g_array_new(FALSE, FALSE, sizeof(SpecIdMap));
	g_autoptr(GArray) gids = g_array_new(FALSE, FALSE, sizeof(SpecIdMap));
	g_autofree char *text = NULL;
	const IdmapTier *tier;

	if (!plan->idmap.pool_uids)
		return true;
	state_taken_ids(plan, dirs, uids, gids);
	container->tiers = idmap_choose(plan, uids, gids, error);
	if (!container->tiers)
		return false;
	tier = g_ptr_array_index(container->tiers, 0);
	text = g_strdup_printf("%u %u %u\n", g_array_index(tier->uids, SpecIdMap, 0).outside,
			       g_array_index(tier->gids, SpecIdMap, 0).outside,
			       plan->idmap.pool_count);
	return state_write(plan, STATE_IDMAP, text, error);
}

/* What other commands want to know of the container, before any of it is made */
static bool state_write_plan(const Plan *plan, GError **error)
{
	g_autofree char *ports = net_publish_record(plan);

	return (!*ports || state_write(plan, STATE_PORTS, ports, error)) &&
	       (!plan->net.resolv_conf ||
		state_write(plan, STATE_RESOLV, plan->net.resolv_conf, error));
}

/* A container that is new: what was asked for, and its name. */
static bool state_write_record(const Plan *plan, const StateDirs *dirs, GError **error)
{
	g_autofree char *config = record_format_spec(plan->spec);
	g_autofree char *layers = kept_layers(plan->spec);
	Status status = {
		.state = STATUS_CREATED,
		.created = g_get_real_time(),
		.keep = plan->spec->rlc.keep,
	};

	if (!take_name(dirs->names, plan->spec->rlc.name, plan->id, error) ||
	    !kept_set_name(dirs->containers, plan->id, plan->spec->rlc.name, error) ||
	    (layers && !state_write(plan, STORE_KEPT_LAYERS, layers, error)) ||
	    !state_write(plan, RECORD_CONFIG, config, error) ||
	    !state_save_status(plan, &status, error))
		return false;
	events_add(plan->state_root, "create", plan->id, plan->spec->rlc.name, plan->spec, -1,
		   NULL);
	return true;
}

/* A container that is known: it has things of the host's again, for a sweep to find. */
static bool state_revive(const Plan *plan, GError **error)
{
	auto_fd dir = open(plan->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g_auto(Status) status = {0};

	if (dir < 0 || !read_status(dir, &status))
		return error_set(error, RLC_ERROR_NOT_FOUND,
				 "start container %.12s: it has been removed", plan->id);
	status.state = STATUS_RESTARTING;
	return write_status(dir, &status, error);
}

static bool state_make_dir(const Plan *plan, int containers, GError **error)
{
	if (plan->spec->rlc.keep)
		return kept_make(containers, plan->id, error);
	return mkdirat(containers, plan->id, 0700) == 0 ||
	       error_errno(error, errno, "make '%s'", plan->state_dir);
}

static bool state_take_lock(Container *container, const StateDirs *dirs, GError **error)
{
	const Plan *plan = container->plan;
	g_autofree char *lock = g_strdup_printf("%s/lock", plan->id);

	if (!plan->known && !state_make_dir(plan, dirs->containers, error))
		return false;
	container->state_lock = state_lock(dirs->containers, lock, LOCK_EX | LOCK_NB);
	if (container->state_lock < 0 && errno == EWOULDBLOCK)
		return error_set(error, RLC_ERROR_STATE, "start container %.12s: it is running",
				 plan->id);
	if (container->state_lock < 0)
		return error_errno(error, errno, "lock '%s/lock'", plan->state_dir);
	container->state_saved = true;
	return true;
}

static bool state_make(Container *container, const StateDirs *dirs, GError **error)
{
	const Plan *plan = container->plan;

	if (!container->state_saved) {
		state_sweep(plan->state_root, dirs->containers, dirs->names);
		if (!state_take_lock(container, dirs, error) ||
		    !(plan->known ? state_revive(plan, error)
				  : state_write_record(plan, dirs, error)))
			return false;
	}
	return state_take_ids(container, dirs, error) && state_write_plan(plan, error);
}

bool state_clean(const char *state_root, GError **error)
{
	StateDirs dirs;
	bool ok = state_open(state_root, &dirs, error);

	if (ok)
		state_sweep(state_root, dirs.containers, dirs.names);
	state_close(&dirs);
	return ok;
}

bool state_parent(Container *container, GError **error)
{
	StateDirs dirs;
	bool ok = state_open(container->plan->state_root, &dirs, error) &&
		  state_make(container, &dirs, error);

	state_close(&dirs);
	return ok;
}

bool state_write_cidfile(Container *container, GError **error)
{
	const char *path = container->plan->spec->rlc.cidfile;
	auto_fd fd = -1;

	if (!path || container->plan->known || container->restarted)
		return true;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_errno(error, errno, "make the --cidfile '%s'", path);
	if (!fd_write_all(fd, container->plan->id, strlen(container->plan->id))) {
		int saved = errno;

		unlink(path);
		return error_errno(error, saved, "write the --cidfile '%s'", path);
	}
	return true;
}

bool state_save_status(const Plan *plan, const Status *status, GError **error)
{
	auto_fd dir = open(plan->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return error_errno(error, errno, "open '%s'", plan->state_dir);
	return write_status(dir, status, error);
}

bool state_replace(const Plan *plan, const char *file, const char *text, GError **error)
{
	auto_fd dir = open(plan->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return error_errno(error, errno, "open '%s'", plan->state_dir);
	return replace(dir, file, text, error);
}

bool state_load_status(const Plan *plan, Status *ret_status)
{
	auto_fd dir = open(plan->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir >= 0 && read_status(dir, ret_status);
}

/* What the container had goes back; what is known of it stays. ROOT/lock is held. */
static void keep(const Container *container, const StateDirs *dirs, const Status *ended)
{
	const Plan *plan = container->plan;
	auto_fd dir = open_container(dirs->containers, plan->id);
	g_autoptr(GError) error = NULL;

	if (dir < 0)
		return;
	release(plan->state_root, dir, plan->id);
	if (ended->state == STATUS_STOPPED)
		unlinkat(dir, CONTROL_SOCKET, 0);
	if (!write_status(dir, ended, &error))
		log_warn("state: %s", error->message);
}

void state_rest(const Container *container, const Status *status)
{
	StateDirs dirs;

	if (state_open(container->plan->state_root, &dirs, NULL))
		keep(container, &dirs, status);
	state_close(&dirs);
}

void state_cleanup(Container *container, const Status *ended)
{
	const Plan *plan = container->plan;
	StateDirs dirs;

	if (!container->state_saved)
		return;
	if (state_open(plan->state_root, &dirs, NULL)) {
		if (ended && plan->spec->rlc.keep)
			keep(container, &dirs, ended);
		else
			state_remove(plan->state_root, dirs.containers, dirs.names, plan->id,
				     plan->spec, true);
	}
	fd_close(&container->state_lock); /* before another can look whether it lives */
	state_close(&dirs);
	container->state_saved = false;
}

/* --- other containers --- */

char *state_name_of(const char *state_dir)
{
	g_autofree char *id = g_path_get_basename(state_dir);
	g_autofree char *kept = g_build_filename(state_dir, KEPT_NAME, NULL);
	g_autofree char *root = g_build_filename(state_dir, "..", "..", NULL);
	char *name = fd_read_file(AT_FDCWD, kept, NAME_MAX, NULL);

	return name ? g_strchomp(name) : state_name(root, id);
}

/* The one that has this name, if it runs */
static char *find_by_name(const StateDirs *dirs, const char *name)
{
	char id[NAME_MAX + 1];
	ssize_t n = readlinkat(dirs->names, name, id, sizeof id - 1);

	if (n <= 0)
		return NULL;
	id[n] = '\0';
	return is_running(dirs->containers, id) ? g_strdup(id) : NULL;
}

static char *find_by_id(const StateDirs *dirs, const char *prefix, GError **error)
{
	g_autoptr(GPtrArray) ids = state_running(dirs);
	const char *found = NULL;

	for (guint i = 0; i < ids->len; i++) {
		const char *id = g_ptr_array_index(ids, i);

		if (!g_str_has_prefix(id, prefix))
			continue;
		if (found) {
			error_set(error, RLC_ERROR_USAGE,
				  "find container '%s': the ids of several begin so, %.12s and "
				  "%.12s",
				  prefix, found, id);
			return NULL;
		}
		found = id;
	}
	if (!found)
		error_set(error, RLC_ERROR_NOT_FOUND,
			  "find container '%s': none that runs has this name, or an id that begins "
			  "so",
			  prefix);
	return g_strdup(found);
}

static bool check_name(const char *name, GError **error)
{
	if (*name && strspn(name, STATE_NAME_CHARACTERS) == strlen(name) && *name != '.')
		return true;
	return error_set(error, RLC_ERROR_USAGE, "find container '%s': not a name, nor an id",
			 name);
}

char *state_find(const char *state_root, const char *name, GError **error)
{
	StateDirs dirs;
	char *id = NULL;

	if (!check_name(name, error))
		return NULL;
	if (state_open(state_root, &dirs, error)) {
		id = find_by_name(&dirs, name);
		if (!id)
			id = find_by_id(&dirs, name, error);
	}
	state_close(&dirs);
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

static StateEntry *read_entry(const StateDirs *dirs, const char *id)
{
	auto_fd dir = open_container(dirs->containers, id);
	g_autoptr(StateEntry) entry = g_new0(StateEntry, 1);

	if (dir < 0 || !read_status(dir, &entry->status))
		return NULL;
	entry->id = g_strdup(id);
	entry->alive = is_running(dirs->containers, id);
	if (entry->alive && entry->status.state == STATUS_RUNNING && cgroup_is_paused(dir))
		entry->status.state = STATUS_PAUSED;
	if (!entry->alive && entry->status.state != STATUS_STOPPED)
		return NULL; /* killed since the sweep; the next one tells what is left of it */
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

static GPtrArray *list_entries(const StateDirs *dirs)
{
	GPtrArray *entries = g_ptr_array_new_with_free_func((GDestroyNotify)state_entry_free);
	g_autoptr(GHashTable) by_id = g_hash_table_new(g_str_hash, g_str_equal);
	DIR *list = fd_list(dirs->containers);
	struct dirent *found;

	while (list && (found = readdir(list))) {
		StateEntry *entry =
			found->d_name[0] == '.' ? NULL : read_entry(dirs, found->d_name);

		if (!entry)
			continue;
		g_ptr_array_add(entries, entry);
		g_hash_table_insert(by_id, entry->id, entry);
	}
	if (list)
		closedir(list);
	add_names(dirs, by_id);
	g_ptr_array_sort(entries, compare_created);
	return entries;
}

GPtrArray *state_list(const char *state_root, GError **error)
{
	GPtrArray *entries = NULL;
	StateDirs dirs;

	if (state_open(state_root, &dirs, error)) {
		state_sweep(state_root, dirs.containers, dirs.names);
		entries = list_entries(&dirs);
	}
	state_close(&dirs);
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
			error_set(error, RLC_ERROR_USAGE,
				  "find container '%s': the ids of several begin so, %.12s and "
				  "%.12s",
				  name, found->id, entry->id);
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
	return replace(dir, RECORD_CONFIG, text, error);
}

void state_await_end(const char *state_root, const char *id)
{
	g_autofree char *path = g_build_filename(state_root, "containers", id, "lock", NULL);
	auto_fd lock = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (lock >= 0 && TEMP_FAILURE_RETRY(flock(lock, LOCK_SH)) < 0)
		log_debug("state: wait for the lock of %s: %s", id, g_strerror(errno));
}

bool state_forget(const char *state_root, const char *id, bool volumes, GError **error)
{
	g_autofree char *path = g_build_filename(id, "lock", NULL);
	auto_fd lock = -1;
	StateDirs dirs;
	bool ok = state_open(state_root, &dirs, error);

	if (ok && faccessat(dirs.containers, id, F_OK, 0) == 0) {
		lock = state_lock(dirs.containers, path, LOCK_EX | LOCK_NB);
		ok = lock >= 0 ||
		     error_set(error, RLC_ERROR_STATE, "remove container %.12s: it is running", id);
		if (ok)
			state_remove(state_root, dirs.containers, dirs.names, id, NULL, volumes);
	}
	state_close(&dirs);
	return ok;
}

bool state_rename(const char *state_root, const char *id, const char *name, GError **error)
{
	StateDirs dirs;
	char owner[NAME_MAX + 1] = "";
	g_autofree char *old = NULL;
	bool ok = state_open(state_root, &dirs, error);

	if (ok && readlinkat(dirs.names, name, owner, sizeof owner - 1) > 0 &&
	    strcmp(owner, id) == 0) {
		state_close(&dirs);
		return true;
	}
	/* under ROOT/lock nobody sees the moment without a name, or with two */
	old = ok ? find_name(dirs.names, id) : NULL;
	ok = ok && take_name(dirs.names, name, id, error);
	if (ok) {
		state_remove_name(dirs.names, id);
		ok = take_name(dirs.names, name, id, error) &&
		     kept_set_name(dirs.containers, id, name, error);
	}
	if (ok)
		tell(state_root, dirs.names, id, NULL, "rename", -1, old);
	state_close(&dirs);
	return ok;
}

void state_explain(const Plan *plan, GString *script)
{
	g_string_append_printf(
		script,
		"# mkdir '%s', flock its lock: who holds it, lives (nothing to do by "
		"hand)\n",
		plan->state_dir);
}
