/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/written.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/program.h"
#include "container/control.h"
#include "container/enter.h"
#include "container/scratch.h"
#include "container/unshare.h"
#include "kernel/sync.h"

#define PROGRAM "rlc-image"
#define BUILTIN "builtin:busybox"

/* --- where it is --- */

void written_clear(Written *written)
{
	fd_close(&written->fd);
	g_clear_pointer(&written->path, g_free);
}

/* Beside the record of a container that is kept. */
static char *kept_tree(const Written *written, const char *name)
{
	g_autofree char *path = g_build_filename(written->state_root, "containers",
						 written->entry->id, SCRATCH_KEPT, name, NULL);

	return access(path, F_OK) == 0 ? g_steal_pointer(&path) : NULL;
}

/* Of a container that runs: its supervisor has it. */
static bool ask_supervisor(Written *written, GError **error)
{
	int fds[CONTROL_JOIN_COUNT];

	if (!control_join(written->state_root, written->entry->id, fds, error))
		return false;
	written->fd = fd_steal(&fds[CONTROL_UPPER]);
	for (unsigned i = 0; i < CONTROL_JOIN_COUNT; i++)
		fd_close(&fds[i]);
	return true;
}

bool written_find(const char *state_root, const StateEntry *entry, const Spec *spec,
		  Written *ret_written, GError **error)
{
	g_auto(Written) written = {state_root, entry, spec, NULL, -1, true};

	written.path = kept_tree(&written, "upper0");
	if (!written.path && entry->alive && !ask_supervisor(&written, error))
		return false;
	if (!written.path && written.fd < 0) {
		written.overlaid = false;
		written.path = spec->root.kind == ROOT_DIRECTORY ? g_strdup(spec->root.path)
								 : kept_tree(&written, "copy");
	}
	if (!written.path && !entry->alive)
		return error_set(error, RLC_ERROR_STATE,
				 "read what container %.12s wrote: it has ended, and that was in "
				 "memory",
				 entry->id);
	*ret_written = written;
	written = (Written){.fd = -1};
	return true;
}

/* --- running rlc-image --- */

static GPtrArray *command_new(const char *verb, GError **error)
{
	char *program = program_need_helper(PROGRAM, HINT_IMAGE_PROGRAM, error);
	GPtrArray *argv;

	if (!program)
		return NULL;
	argv = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(argv, program);
	g_ptr_array_add(argv, g_strdup(verb));
	return argv;
}

/* What lies below the upper directory, topmost first. */
static void add_lowers(GPtrArray *argv, const SpecRoot *root)
{
	for (guint i = 0; root->kind == ROOT_LAYERS && i < root->layers->len; i++)
		g_ptr_array_add(argv, g_strconcat("--lower=",
						  (const char *)g_ptr_array_index(root->layers, i),
						  NULL));
	if (root->kind == ROOT_OVERLAY)
		g_ptr_array_add(argv, g_strconcat("--lower=", root->path, NULL));
	else if (root->kind == ROOT_BUILTIN)
		g_ptr_array_add(argv, g_strdup("--lower=" BUILTIN));
}

/* The last argument: the directory, also if it has no path. The descriptor outlives exec then. */
static bool add_directory(GPtrArray *argv, const char *path, int fd, GError **error)
{
	if (fd >= 0 && fcntl(fd, F_SETFD, 0) < 0)
		return error_errno(error, errno, "pass a descriptor on");
	g_ptr_array_add(argv, fd >= 0 ? g_strdup_printf("/proc/self/fd/%d", fd) : g_strdup(path));
	g_ptr_array_add(argv, NULL);
	return true;
}

/* --uidmap, with an id inside for the host's root: his directories need not be shifted. */
static bool maps_host_root(const Spec *spec)
{
	const GArray *map = spec->linux_.uid_mappings;

	for (guint i = 0; spec->rlc.userns == USERNS_MAP && i < map->len; i++) {
		if (g_array_index(map, SpecIdMap, i).outside == 0)
			return true;
	}
	return false;
}

/*
 * Root's container with a range of ids of its own has the ids inside on the disk, and needs no map
 * then; all other files are those of the container's map.
 */
static bool run_outside(const Written *written, const GPtrArray *argv, int output,
			int *ret_exit_code, GError **error)
{
	char *const *words = (char *const *)argv->pdata;

	return geteuid() == 0 && !maps_host_root(written->spec)
		       ? unshare_run(words, output, ret_exit_code, error)
		       : unshare_run_for(written->spec, words, output, ret_exit_code, error);
}

typedef struct {
	char *const *argv;
	int output;
} Inside;

static bool exec_inside(void *data, GError **error)
{
	const Inside *inside = data;

	if (!enter_become_root(error))
		return false;
	if (dup2(inside->output, STDOUT_FILENO) < 0)
		return error_errno(error, errno, "redirect standard output");
	execv(inside->argv[0], inside->argv);
	return error_errno(error, errno, "run '%s'", inside->argv[0]);
}

static bool run_inside(const Written *written, const GPtrArray *argv, int output,
		       int *ret_exit_code, GError **error)
{
	Inside inside = {(char *const *)argv->pdata, output};

	*ret_exit_code = 0;
	return enter_call(written->state_root, written->entry->id, 1U << CONTROL_USER, 0,
			  exec_inside, &inside, error);
}

/* --- what is wanted --- */

static bool need_overlay(const Written *written, GError **error)
{
	return written->overlaid ||
	       error_set(error, RLC_ERROR_STATE,
			 "read what container %.12s wrote: its root is no overlay",
			 written->entry->id);
}

bool written_changes(const Written *written, int output, int *ret_exit_code, GError **error)
{
	g_autoptr(GPtrArray) argv =
		need_overlay(written, error) ? command_new("changes", error) : NULL;

	if (!argv)
		return false;
	/* in memory its owners are of the container's map, the layers' are not */
	if (written->fd >= 0)
		g_ptr_array_add(argv, g_strdup("--other-owners"));
	add_lowers(argv, &written->spec->root);
	return add_directory(argv, written->path, written->fd, error) &&
	       unshare_run((char *const *)argv->pdata, output, ret_exit_code, error);
}

bool written_pack_layer(const Written *written, int output, int *ret_exit_code, GError **error)
{
	g_autoptr(GPtrArray) argv =
		need_overlay(written, error) ? command_new("pack", error) : NULL;

	if (!argv)
		return false;
	g_ptr_array_add(argv, g_strdup("--layer"));
	return add_directory(argv, written->path, written->fd, error) &&
	       (written->fd >= 0 ? run_inside : run_outside)(written, argv, output, ret_exit_code,
							     error);
}

/* In the container's mounts: its root goes out by the socket. */
static bool send_root(void *data, GError **error)
{
	auto_fd root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return error_errno(error, errno, "open the container's root");
	return sync_send(data, SYNC_ROOT, root, error);
}

static int open_root(const Written *written, GError **error)
{
	Sync ours, theirs;
	int root = -1;

	if (!sync_pair(&ours, &theirs, error))
		return -1;
	if (enter_call(written->state_root, written->entry->id,
		       1U << CONTROL_USER | 1U << CONTROL_MNT, 0, send_root, &theirs, error) &&
	    !sync_expect(&ours, SYNC_ROOT, &root, error))
		root = -1;
	sync_close(&ours);
	sync_close(&theirs);
	return root;
}

bool written_pack_root(const Written *written, int output, int *ret_exit_code, GError **error)
{
	g_autoptr(GPtrArray) argv = command_new("pack", error);
	auto_fd root = -1;

	if (!argv)
		return false;
	if (written->entry->alive) {
		root = open_root(written, error);
		return root >= 0 && add_directory(argv, NULL, root, error) &&
		       run_inside(written, argv, output, ret_exit_code, error);
	}
	if (written->overlaid)
		add_lowers(argv, &written->spec->root);
	return add_directory(argv, written->path, -1, error) &&
	       run_outside(written, argv, output, ret_exit_code, error);
}
