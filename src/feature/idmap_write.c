/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/idmap_write.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "base/program.h"
#include "feature/idmap_map.h"

/* What newuidmap has to say is a line or two. */
#define HELPER_MESSAGE_MAX 4096

static const char *const method_texts[] = {
	[IDMAP_NONE] = "no user namespace",
	[IDMAP_DIRECT] = "tier 0, the map written by root",
	[IDMAP_SHADOW] = "tier 1, ranges through newuidmap",
	[IDMAP_SHIM] = "tier 2, ranges through rlc's own newuidmap",
	[IDMAP_SINGLE] = "tier 3, one id alone, setgroups denied",
	[IDMAP_JOINED] = "the map of the user namespace joined",
};

const char *idmap_write_method(IdmapMethod method)
{
	return method_texts[method];
}

/* Which of the two maps a process has already; each can be written once. */
typedef struct {
	bool uids, gids;
	const char *refused_by; /* the program of the last tier that failed, if it was one */
} Written;

static bool write_directly(pid_t pid, const IdmapTier *tier, Written *written, GError **error)
{
	g_autofree char *directory = g_strdup_printf("/proc/%d", pid);
	g_autofree char *uids = idmap_map_text(tier->uids), *gids = idmap_map_text(tier->gids);
	auto_fd proc = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (proc < 0)
		return error_errno(error, errno, "open '%s'", directory);
	if (tier->method == IDMAP_SINGLE && !fd_write_file(proc, "setgroups", "deny", error))
		return false;
	if (!fd_write_file(proc, "uid_map", uids, error))
		return false;
	written->uids = true;
	if (!fd_write_file(proc, "gid_map", gids, error))
		return false;
	written->gids = true;
	return true;
}

/* A running newuidmap or newgidmap. */
typedef struct {
	const char *program;
	pid_t pid;
	int messages; /* its standard error */
} Helper;

static char **helper_arguments(const char *program, pid_t pid, const GArray *map)
{
	GPtrArray *arguments = g_ptr_array_new();

	g_ptr_array_add(arguments, g_strdup(program));
	g_ptr_array_add(arguments, g_strdup_printf("%d", pid));
	for (guint i = 0; i < map->len; i++) {
		const SpecIdMap *line = &g_array_index(map, SpecIdMap, i);

		g_ptr_array_add(arguments, g_strdup_printf("%u", line->inside));
		g_ptr_array_add(arguments, g_strdup_printf("%u", line->outside));
		g_ptr_array_add(arguments, g_strdup_printf("%u", line->count));
	}
	g_ptr_array_add(arguments, NULL);
	return (char **)g_ptr_array_free(arguments, FALSE);
}

static bool helper_start(Helper *helper, const char *program, pid_t target, const GArray *map,
			 GError **error)
{
	g_auto(GStrv) arguments = helper_arguments(program, target, map);
	int ends[2], failed;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(error, errno, "make a pipe");
	helper->program = program;
	helper->messages = ends[0];
	failed = program_spawn(&helper->pid, arguments, -1, ends[1], ends[1]);
	close(ends[1]);
	if (failed) {
		helper->pid = 0;
		fd_close(&helper->messages);
		return error_errno(error, failed, "execute '%s'", program);
	}
	return true;
}

/* Reap it; what it said is part of the error. */
static bool helper_finish(Helper *helper, GError **error)
{
	g_autofree char *said = fd_read_all(helper->messages, "pipe", HELPER_MESSAGE_MAX, NULL);
	int status = 0;

	fd_close(&helper->messages);
	if (TEMP_FAILURE_RETRY(waitpid(helper->pid, &status, 0)) < 0)
		return error_errno(error, errno, "wait for '%s'", helper->program);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (said && *g_strstrip(said))
		return error_set(error, RLC_ERROR_FAILED, "execute '%s': %s", helper->program,
				 g_strdelimit(said, "\n", ' '));
	return error_set(error, RLC_ERROR_FAILED, "execute '%s': it ended with wait status 0x%x",
			 helper->program, (unsigned)status);
}

/* Both programs at once, each only where its map is still to be written. */
static bool write_by_programs(pid_t pid, const IdmapTier *tier, Written *written, GError **error)
{
	g_autoptr(GError) uid_error = NULL, gid_error = NULL;
	Helper uid_helper = {.messages = -1}, gid_helper = {.messages = -1};

	if (!written->uids)
		helper_start(&uid_helper, tier->newuidmap, pid, tier->uids, &uid_error);
	if (!written->gids)
		helper_start(&gid_helper, tier->newgidmap, pid, tier->gids, &gid_error);
	if (uid_helper.pid)
		written->uids = helper_finish(&uid_helper, &uid_error);
	if (gid_helper.pid)
		written->gids = helper_finish(&gid_helper, &gid_error);
	if (written->uids && written->gids)
		return true;
	written->refused_by = uid_error ? tier->newuidmap : tier->newgidmap;
	g_propagate_error(error,
			  uid_error ? g_steal_pointer(&uid_error) : g_steal_pointer(&gid_error));
	return false;
}

static bool write_maps(pid_t pid, const IdmapTier *tier, Written *written, GError **error)
{
	written->refused_by = NULL;
	switch (tier->method) {
	case IDMAP_NONE:
	case IDMAP_JOINED:
		return true;
	case IDMAP_DIRECT:
	case IDMAP_SINGLE:
		return write_directly(pid, tier, written, error);
	case IDMAP_SHADOW:
	case IDMAP_SHIM:
		return write_by_programs(pid, tier, written, error);
	}
	g_assert_not_reached();
}

/* May next follow failed? Not if a half of its map is written, and next has another. */
static bool can_follow(const IdmapTier *failed, const IdmapTier *next, const Written *written)
{
	return next && (!written->uids || next->uids == failed->uids) &&
	       (!written->gids || next->gids == failed->gids);
}

static bool add_write_hint(GError **error, const Written *written)
{
	if (written->refused_by)
		return hint_add(error, HINT_NEWIDMAP_FAILED, written->refused_by);
	if (error && (error_is_errno(*error, EPERM) || error_is_errno(*error, EACCES)))
		return hint_add(error, HINT_USERNS_RESTRICTED, NULL);
	return false;
}

/* Once for all: the message, what comes instead, and the hint. */
static void warn_of_next(const GError *failed, const IdmapTier *next, const Written *written)
{
	g_autoptr(GError) warning =
		g_error_new(failed->domain, failed->code, "idmap: %s; going on with %s",
			    failed->message, idmap_write_method(next->method));

	add_write_hint(&warning, written);
	log_warn("%s", warning->message);
}

/* Did the process speak, or end, before it was told of its map? Then it failed, and not the tier.
 */
static bool has_failed(int sync)
{
	struct pollfd said = {.fd = sync, .events = POLLIN};

	return poll(&said, 1, 0) == 1;
}

bool idmap_write(const GPtrArray *tiers, pid_t pid, int sync, const IdmapTier **ret_tier,
		 GError **error)
{
	Written written = {0};

	for (guint i = 0;; i++) {
		const IdmapTier *tier = g_ptr_array_index(tiers, i);
		const IdmapTier *next = i + 1 < tiers->len ? g_ptr_array_index(tiers, i + 1) : NULL;
		g_autoptr(GError) failed = NULL;

		if (write_maps(pid, tier, &written, &failed)) {
			*ret_tier = tier;
			return true;
		}
		if (has_failed(sync)) {
			g_propagate_error(error, g_steal_pointer(&failed));
			return false;
		}
		if (!can_follow(tier, next, &written)) {
			if (next)
				error_prefix(&failed, "write the second map (the first is in "
						      "place, so no other tier can follow): ");
			g_propagate_error(error, g_steal_pointer(&failed));
			return add_write_hint(error, &written);
		}
		warn_of_next(failed, next, &written);
	}
}
