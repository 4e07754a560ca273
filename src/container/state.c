/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "container/control.h"
#include "container/events.h"
#include "container/kept.h"
#include "container/state_dirs.h"
#include "container/state_names.h"
#include "container/state_sweep.h"
#include "feature/idmap.h"
#include "feature/net_publish.h"
#include "image/store.h"

/* One that is known is where it was made, whatever the store is today. */
static char *dir_of(const Plan *plan)
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
	plan->state_dir = dir_of(plan);
	return true;
}

bool state_write(const Plan *plan, const char *file, const char *text, GError **error)
{
	g_autofree char *path = g_build_filename(plan->state_dir, file, NULL);
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || !fd_write_all(fd, text, strlen(text)))
		return error_errno(error, errno, "write '%s'", path);
	return true;
}

static void append_span(GArray *spans, uint32_t outside, uint32_t count)
{
	SpecIdMap span = {0, outside, count};

	g_array_append_val(spans, span);
}

/* The ids of the containers that run; ROOT/lock is held, so they are all. */
static void taken_ids(const Plan *plan, const StateDirs *dirs, GArray *uids, GArray *gids)
{
	g_autoptr(GPtrArray) ids = state_list_running(dirs);

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
static bool take_ids(Container *container, const StateDirs *dirs, GError **error)
{
	const Plan *plan = container->plan;
	g_autoptr(GArray) uids = g_array_new(FALSE, FALSE, sizeof(SpecIdMap));
	g_autoptr(GArray) gids = g_array_new(FALSE, FALSE, sizeof(SpecIdMap));
	g_autofree char *text = NULL;
	const IdmapTier *tier;

	if (!plan->idmap.pool_uids)
		return true;
	taken_ids(plan, dirs, uids, gids);
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
static bool write_plan(const Plan *plan, GError **error)
{
	g_autofree char *ports = net_publish_record(plan);

	return (!*ports || state_write(plan, STATE_PORTS, ports, error)) &&
	       (!plan->net.resolv_conf ||
		state_write(plan, STATE_RESOLV, plan->net.resolv_conf, error));
}

/* A container that is new: what was asked for, and its name. */
static bool write_record(const Plan *plan, const StateDirs *dirs, GError **error)
{
	g_autofree char *config = record_format_spec(plan->spec);
	g_autofree char *layers = kept_layers(plan->spec);
	Status status = {
		.state = STATUS_CREATED,
		.created = g_get_real_time(),
		.keep = plan->spec->rlc.keep,
	};

	if (!state_names_take(dirs->names, plan->spec->rlc.name, plan->id, error) ||
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
static bool revive(const Plan *plan, GError **error)
{
	auto_fd dir = open(plan->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g_auto(Status) status = {0};

	if (dir < 0 || !state_dirs_read_status(dir, &status))
		return error_set(error, RLC_ERROR_NOT_FOUND,
				 "start container %.12s: it has been removed", plan->id);
	status.state = STATUS_RESTARTING;
	return state_dirs_write_status(dir, &status, error);
}

static bool make_dir(const Plan *plan, int containers, GError **error)
{
	if (plan->spec->rlc.keep)
		return kept_make(containers, plan->id, error);
	return mkdirat(containers, plan->id, 0700) == 0 ||
	       error_errno(error, errno, "make '%s'", plan->state_dir);
}

static bool take_lock(Container *container, const StateDirs *dirs, GError **error)
{
	const Plan *plan = container->plan;
	g_autofree char *lock = g_strdup_printf("%s/lock", plan->id);

	if (!plan->known && !make_dir(plan, dirs->containers, error))
		return false;
	container->state_lock = state_dirs_lock(dirs->containers, lock, LOCK_EX | LOCK_NB);
	if (container->state_lock < 0 && errno == EWOULDBLOCK)
		return error_set(error, RLC_ERROR_STATE, "start container %.12s: it is running",
				 plan->id);
	if (container->state_lock < 0)
		return error_errno(error, errno, "lock '%s/lock'", plan->state_dir);
	container->state_saved = true;
	return true;
}

/* The dead may still have the name or the ports that are wanted; else a start costs the same beside
 * many others. */
static void sweep(const Plan *plan, const StateDirs *dirs)
{
	const Spec *spec = plan->spec;

	if (plan->known || spec->rlc.name || spec->rlc.network.publish->len > 0)
		state_sweep_dead(plan->state_root, dirs->containers, dirs->names, NULL);
	else
		state_sweep_some(plan->state_root, dirs->containers, dirs->names, plan->id);
}

static bool make(Container *container, const StateDirs *dirs, GError **error)
{
	const Plan *plan = container->plan;

	if (!container->state_saved) {
		sweep(plan, dirs);
		if (!take_lock(container, dirs, error) ||
		    !(plan->known ? revive(plan, error) : write_record(plan, dirs, error)))
			return false;
	}
	return take_ids(container, dirs, error) && write_plan(plan, error);
}

bool state_parent(Container *container, GError **error)
{
	StateDirs dirs;
	bool ok = state_dirs_open(container->plan->state_root, &dirs, error) &&
		  make(container, &dirs, error);

	state_dirs_close(&dirs);
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
	return state_dirs_write_status(dir, status, error);
}

bool state_replace(const Plan *plan, const char *file, const char *text, GError **error)
{
	auto_fd dir = open(plan->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return error_errno(error, errno, "open '%s'", plan->state_dir);
	return state_dirs_replace(dir, file, text, error);
}

bool state_load_status(const Plan *plan, Status *ret_status)
{
	auto_fd dir = open(plan->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir >= 0 && state_dirs_read_status(dir, ret_status);
}

/*
 * What the container had goes back; what is known of it stays. ROOT/lock is held; where ROOT itself
 * is gone, as XDG_RUNTIME_DIR goes with a session, a kept container's record is still on its disk.
 */
static void keep(const Container *container, const Status *ended)
{
	const Plan *plan = container->plan;
	auto_fd dir = open(plan->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g_autoptr(GError) error = NULL;

	if (dir < 0)
		return;
	state_sweep_release(plan->state_root, dir, plan->id);
	if (ended->state == STATUS_STOPPED)
		unlinkat(dir, CONTROL_SOCKET, 0);
	if (!state_dirs_write_status(dir, ended, &error))
		log_warn("state: %s", error->message);
}

void state_rest(const Container *container, const Status *status)
{
	StateDirs dirs;

	if (state_dirs_open(container->plan->state_root, &dirs, NULL))
		keep(container, status);
	state_dirs_close(&dirs);
}

void state_cleanup(Container *container, const Status *ended)
{
	const Plan *plan = container->plan;
	StateDirs dirs;
	bool opened;

	if (!container->state_saved)
		return;
	opened = state_dirs_open(plan->state_root, &dirs, NULL);
	if (ended && plan->spec->rlc.keep)
		keep(container, ended);
	else if (opened)
		state_sweep_remove(plan->state_root, dirs.containers, dirs.names, plan->id,
				   plan->spec, true);
	fd_close(&container->state_lock); /* before another can look whether it lives */
	state_dirs_close(&dirs);
	container->state_saved = false;
}

void state_explain(const Plan *plan, GString *script)
{
	g_string_append_printf(
		script,
		"# mkdir '%s', flock its lock: who holds it, lives (nothing to do by "
		"hand)\n",
		plan->state_dir);
}
