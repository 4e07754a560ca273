/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation
 *
 * clone3(CLONE_NEWUSER) leaves init in a user namespace without a map: every id reads as 65534, and
 * though init has all capabilities in there, it owns nothing.  It waits.  The supervisor, outside,
 * has the map written to /proc/PID/uid_map and gid_map.  The kernel lets
 *
 *   - a process with CAP_SETUID (CAP_SETGID) over the parent namespace write any map: root does so
 *     directly, and for an ordinary user newuidmap and newgidmap do, after they looked up in
 *     /etc/subuid and /etc/subgid whether the ranges are granted;
 *   - anybody else write one line that maps his own id; the group's only after "deny" went to
 *     /proc/PID/setgroups, for else setgroups(2) inside could drop a group that a file's mode
 *     excludes (CVE-2014-8989).
 *
 * Each file takes one write in its life.  So a tier that failed half way, with the user map written
 * and the group map refused, leaves only tiers with that same user map; a tier whose map differs
 * cannot follow, and the error says so.
 *
 * newuidmap and newgidmap run side by side: each takes longer than all the rest.  They
 * find the process by its pid, which cannot have been reused, because the supervisor has not reaped
 * it. While they write, init has to be dumpable, or its files in /proc would belong to root; this
 * is why idmap_child() makes it non-dumpable only afterwards.  The same holds for its death signal:
 * a change of credentials clears it.
 */
#include "feature/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hint.h"
#include "base/log.h"
#include "base/program.h"
#include "feature/idmap_map.h"
#include "feature/idmap_write.h"
#include "feature/subid.h"
#include "kernel/sync.h"

/* root's --userns=auto: what images expect, 0 to 65535 with "nobody" */
#define POOL_COUNT_DEFAULT 65536

/* ------------------------------------------------------------------------------------- tiers */

static void tier_free(gpointer data)
{
	IdmapTier *tier = data;

	g_array_unref(tier->uids);
	g_array_unref(tier->gids);
	g_free(tier->newuidmap);
	g_free(tier->newgidmap);
	g_free(tier);
}

GPtrArray *idmap_tiers_new(void)
{
	return g_ptr_array_new_with_free_func(tier_free);
}

/* Takes a reference to each map: tiers with the same map share it. programs may be NULL. */
static void tier_add(GPtrArray *tiers, IdmapMethod method, GArray *uids, GArray *gids,
		     const IdmapPrograms *programs)
{
	IdmapTier *tier;

	if (programs && !programs->newuidmap)
		return;
	tier = g_new0(IdmapTier, 1);
	tier->method = method;
	tier->uids = g_array_ref(uids);
	tier->gids = g_array_ref(gids);
	if (programs) {
		tier->newuidmap = g_strdup(programs->newuidmap);
		tier->newgidmap = g_strdup(programs->newgidmap);
	}
	g_ptr_array_add(tiers, tier);
}

static void tiers_add_host(GPtrArray *tiers)
{
	g_autoptr(GArray) empty = g_array_new(FALSE, FALSE, sizeof(SpecIdMap));

	tier_add(tiers, IDMAP_NONE, empty, empty, NULL);
}

/* The caller at uid and gid inside, his ranges around him; and at the end he alone. */
static void tiers_add_user(GPtrArray *tiers, const IdmapCaller *caller, uint32_t uid, uint32_t gid)
{
	g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(SubidRange));
	g_autoptr(GArray) subuids = subid_disjoint(caller->subuids, caller->uid);
	g_autoptr(GArray) subgids = subid_disjoint(caller->subgids, caller->gid);
	g_autoptr(GArray) uids = idmap_map_layout(caller->uid, uid, subuids);
	g_autoptr(GArray) gids = idmap_map_layout(caller->gid, gid, subgids);
	g_autoptr(GArray) one_uid = idmap_map_layout(caller->uid, uid, none);
	g_autoptr(GArray) one_gid = idmap_map_layout(caller->gid, gid, none);
	const char *name = caller->name ? caller->name : "without a name";

	if (subuids->len > 0 && subgids->len > 0) {
		tier_add(tiers, IDMAP_SHADOW, uids, gids, &caller->shadow);
		tier_add(tiers, IDMAP_SHIM, uids, gids, &caller->shim);
		if (tiers->len == 0)
			log_info("idmap: newuidmap and newgidmap are not installed: "
				 "one id alone will be mapped");
	} else {
		log_info("idmap: user %s has no subordinate %s: one id alone will be mapped", name,
			 subuids->len > 0 ? "gids" : "uids");
	}
	tier_add(tiers, IDMAP_SINGLE, one_uid, one_gid, NULL);
}

/* The first start of count ids within the pool that none of taken overlaps; of SpecIdMap both. */
static bool pool_choose(const GArray *pool, uint32_t count, const GArray *taken,
			uint32_t *ret_start)
{
	for (guint i = 0; i < pool->len; i++) {
		const SpecIdMap *range = &g_array_index(pool, SpecIdMap, i);
		uint64_t start = range->outside, end = (uint64_t)range->outside + range->count;

		for (guint j = 0; j < taken->len && start + count <= end; j++) {
			const SpecIdMap *other = &g_array_index(taken, SpecIdMap, j);

			if (!idmap_map_overlap((uint32_t)start, count, other->outside,
					       other->count))
				continue;
			start = (uint64_t)other->outside + other->count;
			j = (guint)-1; /* from the beginning, at the new place */
		}
		if (start + count > end)
			continue;
		*ret_start = (uint32_t)start;
		return true;
	}
	return false;
}

static bool choose_map(const GArray *pool, uint32_t count, const GArray *taken, const char *kind,
		       GArray *ret_map, GError **error)
{
	uint32_t start;

	if (pool_choose(pool, count, taken, &start)) {
		idmap_map_append(ret_map, 0, start, count);
		return true;
	}
	error_set(error, RLC_ERROR_FAILED,
		  "choose %u subordinate %ss: so many in a row are not left", count, kind);
	return hint_add(error, HINT_SUBID_POOL, NULL);
}

static GPtrArray *choose_tier(const GArray *uid_pool, const GArray *gid_pool, uint32_t count,
			      const GArray *taken_uids, const GArray *taken_gids, GError **error)
{
	g_autoptr(GArray) uids = g_array_new(FALSE, FALSE, sizeof(SpecIdMap));
	g_autoptr(GArray) gids = g_array_new(FALSE, FALSE, sizeof(SpecIdMap));
	GPtrArray *tiers;

	if (!choose_map(uid_pool, count, taken_uids, "uid", uids, error) ||
	    !choose_map(gid_pool, count, taken_gids, "gid", gids, error))
		return NULL;
	tiers = idmap_tiers_new();
	tier_add(tiers, IDMAP_DIRECT, uids, gids, NULL);
	return tiers;
}

GPtrArray *idmap_choose(const Plan *plan, const GArray *taken_uids, const GArray *taken_gids,
			GError **error)
{
	const IdmapPlan *idmap = &plan->idmap;

	return choose_tier(idmap->pool_uids, idmap->pool_gids, idmap->pool_count, taken_uids,
			   taken_gids, error);
}

/* Ranges as a pool. */
static GArray *pool_new(const GArray *ranges)
{
	GArray *pool = g_array_new(FALSE, FALSE, sizeof(SpecIdMap));

	for (guint i = 0; ranges && i < ranges->len; i++) {
		const SubidRange *range = &g_array_index(ranges, SubidRange, i);

		idmap_map_append(pool, 0, range->start, range->count);
	}
	return pool;
}

/* root's --userns=auto: an example, as if no other container were there. */
static bool tiers_add_pool(GPtrArray *tiers, const IdmapCaller *caller, GError **error)
{
	g_autoptr(GArray) uids = pool_new(caller->subuids), gids = pool_new(caller->subgids);
	g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(SpecIdMap));
	g_autoptr(GPtrArray) chosen = NULL;
	const IdmapTier *tier;

	chosen = choose_tier(uids, gids, caller->pool_count, none, none, error);
	if (!chosen)
		return false;
	tier = g_ptr_array_index(chosen, 0);
	tier_add(tiers, IDMAP_DIRECT, tier->uids, tier->gids, NULL);
	return true;
}

/*
 * Exactly the maps asked for: a tier with another map is no substitute.  Who asks for none, as
 * `crun spec --rootless` does, is the user of the process inside, as with crun.
 */
static bool tiers_add_exact(GPtrArray *tiers, const IdmapCaller *caller, const Spec *spec,
			    GError **error)
{
	GArray *uids = spec->linux_.uid_mappings, *gids = spec->linux_.gid_mappings;

	if (uids->len == 0)
		uids = gids;
	if (gids->len == 0)
		gids = uids;
	if (uids->len == 0 && caller->uid != 0) {
		tiers_add_user(tiers, caller, spec->process.user.uid, spec->process.user.gid);
		return true;
	}
	if (uids->len == 0)
		return error_set(error, RLC_ERROR_USAGE,
				 "map ids: no map was given, and root has none of his own: add "
				 "uidMappings and gidMappings to the config.json, or take its "
				 "user namespace out");
	if (!idmap_map_check(uids, "uid", error) || !idmap_map_check(gids, "gid", error))
		return false;
	if (caller->uid == 0) {
		tier_add(tiers, IDMAP_DIRECT, uids, gids, NULL);
		return true;
	}
	if (!idmap_map_granted(uids, caller->uid, caller->subuids, "uid", caller->name, error) ||
	    !idmap_map_granted(gids, caller->gid, caller->subgids, "gid", caller->name, error))
		return false;
	if (idmap_map_is_own_id(uids, caller->uid) && idmap_map_is_own_id(gids, caller->gid)) {
		tier_add(tiers, IDMAP_SINGLE, uids, gids, NULL);
		return true;
	}
	tier_add(tiers, IDMAP_SHADOW, uids, gids, &caller->shadow);
	tier_add(tiers, IDMAP_SHIM, uids, gids, &caller->shim);
	if (tiers->len > 0)
		return true;
	error_set(error, RLC_ERROR_UNSUPPORTED, "map ids: no program to write the map with");
	return hint_add(error, HINT_NEWIDMAP_MISSING, NULL);
}

bool idmap_plan_for(const IdmapCaller *caller, const Spec *spec, GPtrArray *ret_tiers,
		    GError **error)
{
	switch (spec->rlc.userns) {
	case USERNS_MAP:
		return tiers_add_exact(ret_tiers, caller, spec, error);
	case USERNS_HOST:
		if (caller->uid != 0)
			return error_set(error, RLC_ERROR_USAGE,
					 "keep the host's ids (--userns host): only root may "
					 "run without a user namespace");
		break;
	case USERNS_DEFAULT:
		if (caller->uid != 0)
			tiers_add_user(ret_tiers, caller, 0, 0);
		break;
	case USERNS_AUTO:
		if (caller->uid == 0)
			return tiers_add_pool(ret_tiers, caller, error);
		tiers_add_user(ret_tiers, caller, 0, 0);
		break;
	case USERNS_KEEP_ID:
		if (caller->uid != 0)
			tiers_add_user(ret_tiers, caller, caller->uid, caller->gid);
		break;
	}
	if (ret_tiers->len == 0)
		tiers_add_host(ret_tiers);
	return true;
}

/* --------------------------------------------------------------------------------- the caller */

static void programs_clear(IdmapPrograms *programs)
{
	g_clear_pointer(&programs->newuidmap, g_free);
	g_clear_pointer(&programs->newgidmap, g_free);
}

/* Both or none. */
static void programs_find(IdmapPrograms *programs, char *(*find)(const char *name, const char *dir),
			  const char *dir)
{
	if (programs->newuidmap)
		return;
	programs->newuidmap = find("newuidmap", dir);
	programs->newgidmap = find("newgidmap", dir);
	if (!programs->newuidmap || !programs->newgidmap)
		programs_clear(programs);
}

static char *find_in_path(const char *name, const char *dir)
{
	char *found = g_find_program_in_path(name);
	g_autofree char *path = NULL;

	if (found)
		return found;
	path = g_build_filename(dir, name, NULL);
	return access(path, X_OK) == 0 ? g_steal_pointer(&path) : NULL;
}

/* Where make installed the shim, or where it built it. */
static void find_shim(IdmapPrograms *shim)
{
	g_autofree char *tree = program_build_dir("newuidmap-shim");

	programs_find(shim, program_find_trusted, RLC_LIBEXECDIR);
	if (tree)
		programs_find(shim, program_find_trusted, tree);
}

static void caller_clear(IdmapCaller *caller)
{
	g_clear_pointer(&caller->name, g_free);
	g_clear_pointer(&caller->subuids, g_array_unref);
	g_clear_pointer(&caller->subgids, g_array_unref);
	programs_clear(&caller->shadow);
	programs_clear(&caller->shim);
}

/* Who grants root's containers their ids: whoever of these has any. */
static void caller_look_up_pool(IdmapCaller *caller, const Spec *spec)
{
	static const struct {
		const char *name;
		uid_t uid;
	} owners[] = {{"containers", (uid_t)-1}, {"root", 0}};

	caller->pool_count = spec->rlc.userns_size ? spec->rlc.userns_size : POOL_COUNT_DEFAULT;
	for (size_t i = 0; i < G_N_ELEMENTS(owners); i++) {
		g_clear_pointer(&caller->subuids, g_array_unref);
		g_clear_pointer(&caller->subgids, g_array_unref);
		caller->subuids = subid_ranges(SUBID_UID, owners[i].name, owners[i].uid);
		caller->subgids = subid_ranges(SUBID_GID, owners[i].name, owners[i].uid);
		if (caller->subuids->len > 0 && caller->subgids->len > 0)
			return;
	}
}

/* newuidmap goes by the real ids, and so does this. */
static void caller_look_up(IdmapCaller *caller, const Spec *spec)
{
	const struct passwd *user;

	if (geteuid() == 0) {
		if (spec->rlc.userns == USERNS_AUTO)
			caller_look_up_pool(caller, spec);
		return;
	}
	caller->uid = getuid();
	caller->gid = getgid();
	user = getpwuid(caller->uid);
	caller->name = g_strdup(user ? user->pw_name : NULL);
	caller->subuids = subid_ranges(SUBID_UID, caller->name, caller->uid);
	caller->subgids = subid_ranges(SUBID_GID, caller->name, caller->uid);
	if (caller->subuids->len == 0 && caller->subgids->len == 0)
		return; /* he needs no program */
	programs_find(&caller->shadow, find_in_path, "/usr/bin");
	find_shim(&caller->shim);
}

static bool is_joined(const Plan *plan)
{
	return plan->enter_userns || (plan->join && plan->join->userns >= 0);
}

/* A network namespace can be joined from within its own user namespace alone. */
static bool plan_joined(const Spec *spec, Plan *plan, GError **error)
{
	g_autoptr(GArray) all = NULL;

	if (plan->enter_userns) { /* whoever owns it: the map stays as it is */
		all = g_array_new(FALSE, FALSE, sizeof(SpecIdMap));
		idmap_map_append(all, 0, 0, UINT32_MAX);
		tier_add(plan->idmap.tiers, IDMAP_JOINED, all, all, NULL);
		return true;
	}
	if (spec->rlc.userns != USERNS_DEFAULT && spec->rlc.userns != USERNS_AUTO)
		return error_set(error, RLC_ERROR_USAGE,
				 "map ids: who joins that container has the ids of its user "
				 "namespace; leave --userns, --uidmap and --gidmap out");
	tier_add(plan->idmap.tiers, IDMAP_JOINED, plan->join->uids, plan->join->gids, NULL);
	plan->clone_flags &= ~(uint64_t)CLONE_NEWUSER;
	return true;
}

bool idmap_plan(const Spec *spec, Plan *plan, GError **error)
{
	IdmapCaller caller = {0};
	const IdmapTier *first;
	bool ok;

	plan->idmap.tiers = idmap_tiers_new();
	if (is_joined(plan))
		return plan_joined(spec, plan, error);
	caller_look_up(&caller, spec);
	if (caller.pool_count > 0) {
		plan->idmap.pool_uids = pool_new(caller.subuids);
		plan->idmap.pool_gids = pool_new(caller.subgids);
		plan->idmap.pool_count = caller.pool_count;
	}
	ok = idmap_plan_for(&caller, spec, plan->idmap.tiers, error);
	caller_clear(&caller);
	if (!ok)
		return false;

	first = g_ptr_array_index(plan->idmap.tiers, 0);
	if (first->method == IDMAP_NONE)
		plan->clone_flags &= ~(uint64_t)CLONE_NEWUSER;
	else
		plan->clone_flags |= CLONE_NEWUSER;
	return true;
}

static uint64_t count_ids(const GArray *ranges)
{
	uint64_t count = 0;

	for (guint i = 0; i < ranges->len; i++)
		count += g_array_index(ranges, SubidRange, i).count;
	return count;
}

static bool check_caller(const IdmapCaller *caller, GError **error)
{
	if (caller->uid == 0)
		return true;
	if (caller->subuids->len == 0 || caller->subgids->len == 0) {
		error_set(error, RLC_ERROR_NOT_FOUND, "find subordinate ids: there are none");
		return hint_add(error, HINT_SUBID_MISSING, caller->name);
	}
	if (!caller->shadow.newuidmap && !caller->shim.newuidmap) {
		error_set(error, RLC_ERROR_NOT_FOUND,
			  "find newuidmap and newgidmap: no such programs");
		return hint_add(error, HINT_NEWIDMAP_MISSING, NULL);
	}
	if (count_ids(caller->subuids) >= 65535 && count_ids(caller->subgids) >= 65535)
		return true;
	error_set(error, RLC_ERROR_UNSUPPORTED, "count subordinate ids: fewer than 65535");
	return hint_add(error, HINT_SUBID_FEW, caller->name);
}

bool idmap_check_ranges(GError **error)
{
	g_autoptr(Spec) spec = spec_new();
	IdmapCaller caller = {0};
	bool ok;

	caller_look_up(&caller, spec);
	ok = check_caller(&caller, error);
	caller_clear(&caller);
	return ok;
}

bool idmap_covers_owner(const IdmapTier *tier, uid_t uid, gid_t gid)
{
	return tier->method == IDMAP_NONE ||
	       (idmap_map_covers(tier->uids, uid) && idmap_map_covers(tier->gids, gid));
}

/* ---------------------------------------------------------------------------------- the steps */

bool idmap_parent(Container *container, GError **error)
{
	const GPtrArray *tiers = container->tiers ? container->tiers : container->plan->idmap.tiers;

	if (!idmap_write(tiers, container->init_pid, container->sync->fd, &container->tier, error))
		return false;
	if (log_enabled(LOG_DEBUG)) {
		g_autofree char *uids = idmap_map_describe(container->tier->uids);
		g_autofree char *gids = idmap_map_describe(container->tier->gids);

		if (container->tier->method == IDMAP_NONE)
			log_debug("idmap: %s", idmap_write_method(IDMAP_NONE));
		else
			log_debug("idmap: %s: uid %s, gid %s",
				  idmap_write_method(container->tier->method), uids, gids);
	}
	return sync_send(container->sync, SYNC_MAPPED, -1, error);
}

/* The first id inside. Of the last tier: which has the fewest ids, all of which the others have. */
static uint32_t first_inside(const Plan *plan, bool gids)
{
	const GPtrArray *tiers = plan->idmap.tiers;
	const IdmapTier *last = g_ptr_array_index(tiers, tiers->len - 1);

	return g_array_index(gids ? last->gids : last->uids, SpecIdMap, 0).inside;
}

/*
 * The capabilities of clone3 stay: they are lost only by who goes from root inside to another id,
 * and nobody was root here before.
 */
bool idmap_become_root(const Plan *plan, GError **error)
{
	gid_t gid = 0;
	uid_t uid = 0;

	/* EPERM: denied, as with one id alone. Then the caller's groups stay, without names. */
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return error_errno(error, errno, "drop the supplementary groups");
	if (setresgid(gid, gid, gid) < 0) {
		gid = first_inside(plan, true);
		if (setresgid(gid, gid, gid) < 0)
			return error_errno(error, errno, "become group %u inside", gid);
	}
	if (setresuid(uid, uid, uid) < 0) {
		uid = first_inside(plan, false);
		if (setresuid(uid, uid, uid) < 0)
			return error_errno(error, errno, "become user %u inside", uid);
	}
	return true;
}

bool idmap_child(Container *container, GError **error)
{
	const Plan *plan = container->plan;

	if (!sync_expect(container->sync, SYNC_MAPPED, NULL, error))
		return false;
	if (((plan->clone_flags & CLONE_NEWUSER) || is_joined(plan)) &&
	    !idmap_become_root(plan, error))
		return false;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
		return error_errno(error, errno, "tie the container to its supervisor");
	return true;
}

/* ------------------------------------------------------------------------------------ --explain */

int idmap_open_userns(const Container *container, GError **error)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/ns/user", container->init_pid);
	int userns = open(path, O_RDONLY | O_CLOEXEC);

	if (userns < 0)
		error_errno(error, errno, "open '%s'", path);
	return userns;
}

static void explain_file(GString *script, const char *file, const GArray *map)
{
	g_autofree char *text = idmap_map_text(map);

	g_string_append_printf(script, "printf '%%s' '%s' >/proc/$pid/%s\n", text, file);
}

static void explain_program(GString *script, const char *program, const GArray *map)
{
	g_autofree char *quoted = g_shell_quote(program);

	g_string_append_printf(script, "%s $pid", quoted);
	for (guint i = 0; i < map->len; i++) {
		const SpecIdMap *line = &g_array_index(map, SpecIdMap, i);

		g_string_append_printf(script, " %u %u %u", line->inside, line->outside,
				       line->count);
	}
	g_string_append(script, "\n");
}

void idmap_explain(const Plan *plan, GString *script)
{
	const IdmapTier *tier = g_ptr_array_index(plan->idmap.tiers, 0);
	g_autofree char *uids = idmap_map_describe(tier->uids),
			*gids = idmap_map_describe(tier->gids);

	if (tier->method == IDMAP_JOINED) {
		g_string_append_printf(script, "# %s\n", idmap_write_method(IDMAP_JOINED));
		return;
	}
	if (tier->method == IDMAP_NONE) {
		g_string_append(script, "# no user namespace: the ids inside are the host's\n");
		return;
	}
	g_string_append_printf(script, "# %s\n# uid %s\n# gid %s\n",
			       idmap_write_method(tier->method), uids, gids);
	if (tier->newuidmap) {
		g_string_append(script, "# they write(2) /proc/PID/uid_map and gid_map\n");
		explain_program(script, tier->newuidmap, tier->uids);
		explain_program(script, tier->newgidmap, tier->gids);
	} else {
		g_string_append(script, "# write(2) /proc/PID/uid_map and gid_map\n");
		if (tier->method == IDMAP_SINGLE)
			g_string_append(script, "echo deny >/proc/$pid/setgroups\n");
		explain_file(script, "uid_map", tier->uids);
		explain_file(script, "gid_map", tier->gids);
	}
	g_string_append(script, "# init: setgroups(0), setresgid(0, 0, 0), setresuid(0, 0, 0),\n"
				"# prctl(PR_SET_PDEATHSIG, SIGKILL), prctl(PR_SET_DUMPABLE, 0)\n");
}
