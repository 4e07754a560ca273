/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/program.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

/*
 * Who owns this very program can do as he likes with us anyway.  In a user namespace, podman's of
 * an ordinary user, that is the host's root, who has another number there.
 */
static bool owns_us(uid_t uid)
{
	struct stat own;

	return stat("/proc/self/exe", &own) == 0 && own.st_uid == uid;
}

/* Can nobody but root, the caller and our own owner change what is there? */
static bool is_trusted(const struct stat *st)
{
	/* In a directory with the sticky bit nobody can replace what is another's. */
	bool shared = (st->st_mode & (S_IWGRP | S_IWOTH)) && !(st->st_mode & S_ISVTX);

	return !shared && (st->st_uid == 0 || st->st_uid == geteuid() || owns_us(st->st_uid));
}

/* A directory whose path has no links: is_trusted() from it up to the root? */
static bool directory_is_trusted(const char *path)
{
	g_autofree char *at = g_strdup(path);
	struct stat st;

	for (;;) {
		char *slash = strrchr(at, '/');

		if (!slash || lstat(at, &st) < 0 || !S_ISDIR(st.st_mode) || !is_trusted(&st))
			return false;
		if (strcmp(at, "/") == 0)
			return true;
		slash[slash == at ? 1 : 0] = '\0';
	}
}

char *program_find_trusted(const char *name, const char *dir)
{
	char resolved[PATH_MAX];
	g_autofree char *path = NULL;
	struct stat st;

	if (!realpath(dir, resolved) || !directory_is_trusted(resolved))
		return NULL;
	path = g_build_filename(resolved, name, NULL);
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || !is_trusted(&st) ||
	    access(path, X_OK) < 0)
		return NULL;
	return g_steal_pointer(&path);
}

char *program_build_dir(const char *helper)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *bin = self ? g_path_get_dirname(self) : NULL;

	return bin ? g_build_filename(bin, "helpers", helper, NULL) : NULL;
}

char *program_find_helper(const char *name)
{
	char *path = program_find_trusted(name, RLC_LIBEXECDIR);
	g_autofree char *dir = NULL;

	if (path)
		return path;
	dir = program_build_dir(name);
	return dir ? program_find_trusted(name, dir) : NULL;
}

char *program_need_helper(const char *name, Hint missing, GError **error)
{
	char *path = program_find_helper(name);

	if (path)
		return path;
	error_set(error, RLC_ERROR_UNSUPPORTED, "run %s: it is not installed", name);
	hint_add(error, missing, RLC_LIBEXECDIR);
	return NULL;
}

int program_spawn(pid_t *ret_pid, char *const *arguments, int input, int output, int errors)
{
	char *environment[] = {(char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", (char *)"LC_ALL=C",
			       NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int failed;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	if (input < 0)
		posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	else
		posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	failed = posix_spawn(ret_pid, arguments[0], &files, &attributes, arguments, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return failed;
}
