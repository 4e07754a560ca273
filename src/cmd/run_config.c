/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/run_config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define CONFIG_SYSTEM "/etc/rlc/rlc.conf"
#define CONFIG_MAX    (64 << 10)
#define CONFIG_GROUP  "run"

/* Whoever can write the file decides what is run. */
static bool check_owner(int fd, GError **error)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_errno(error, errno, "stat it");
	if (!S_ISREG(st.st_mode))
		return error_set(error, RLC_ERROR_FAILED, "it is not a regular file");
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return error_set(error, RLC_ERROR_FAILED,
				 "it belongs to user %u, neither to you nor to root", st.st_uid);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return error_set(error, RLC_ERROR_FAILED,
				 "others may write it (mode %04o): chmod go-w it",
				 st.st_mode & 07777);
	return true;
}

/* The file's text; NULL without *error: there is no file. */
static char *read_file(const char *path, GError **error)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return NULL;
	if (fd < 0) {
		error_errno(error, errno, "open it");
		return NULL;
	}
	return check_owner(fd, error) ? fd_read_all(fd, path, CONFIG_MAX, error) : NULL;
}

static void add(GArray *found, const RunOption *option, const char *path, const char *value)
{
	RunGiven one = {
		.option = option,
		.value = g_strdup(value),
		.place = g_strdup_printf("read '%s': ", path),
	};

	g_array_append_val(found, one);
}

static bool take_key(const RunTable *table, GKeyFile *file, const char *path, const char *key,
		     GArray *found, GError **error)
{
	const RunOption *option = run_table_find(table, key);
	g_auto(GStrv) values = NULL;
	g_autoptr(GError) wrong = NULL; /* GLib may return a value all the same */

	if (!option || strcmp(key, "help") == 0)
		return error_set(error, RLC_ERROR_USAGE, "key '%s' is no option of rlc run", key);
	if (option->kind == OPTION_MANY) {
		values = g_key_file_get_string_list(file, CONFIG_GROUP, key, NULL, &wrong);
	} else {
		values = g_new0(char *, 2);
		values[0] = g_key_file_get_string(file, CONFIG_GROUP, key, &wrong);
	}
	if (wrong) {
		g_propagate_error(error, g_steal_pointer(&wrong));
		return false;
	}
	for (char **value = values; *value; value++)
		add(found, option, path, *value);
	return true;
}

/* The line that GLib refuses, which it does not tell: counted from 1. */
static unsigned bad_line(const char *text)
{
	unsigned line = 1;

	for (const char *end = text; (end = strchr(end, '\n')); end++, line++) {
		g_autoptr(GKeyFile) file = g_key_file_new();

		if (!g_key_file_load_from_data(file, text, (gsize)(end - text), G_KEY_FILE_NONE,
					       NULL))
			break;
	}
	return line;
}

bool run_config_parse(const RunTable *table, const char *path, const char *text, GArray *found,
		      GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_auto(GStrv) groups = NULL, keys = NULL;

	if (!g_key_file_load_from_data(file, text, strlen(text), G_KEY_FILE_NONE, NULL))
		return error_set(error, RLC_ERROR_USAGE,
				 "line %u: neither [run], nor KEY=VALUE below it, nor a comment",
				 bad_line(text));
	groups = g_key_file_get_groups(file, NULL);
	for (char **group = groups; *group; group++) {
		if (strcmp(*group, CONFIG_GROUP) != 0)
			return error_set(error, RLC_ERROR_USAGE,
					 "section [%s] is not known; the only one is [run]",
					 *group);
	}
	keys = g_key_file_get_keys(file, CONFIG_GROUP, NULL, NULL);
	for (char **key = keys; key && *key; key++) {
		if (!take_key(table, file, path, *key, found, error))
			return false;
	}
	return true;
}

static bool take_file(const RunTable *table, const char *path, GArray *found, GError **error)
{
	g_autoptr(GError) wrong = NULL;
	g_autofree char *text = read_file(path, &wrong);

	if (text)
		run_config_parse(table, path, text, found, &wrong);
	return !wrong || error_set(error, RLC_ERROR_USAGE, "read '%s': %s", path, wrong->message);
}

static char *user_file(void)
{
	const char *config = g_getenv("XDG_CONFIG_HOME"), *home = g_getenv("HOME");

	if (config && *config == '/')
		return g_build_filename(config, "rlc", "rlc.conf", NULL);
	return home && *home == '/' ? g_build_filename(home, ".config", "rlc", "rlc.conf", NULL)
				    : NULL;
}

/* Is one of this name in the array, and can it be given once only? */
static bool is_settled(const GArray *given, guint from, const RunGiven *one)
{
	for (guint i = from; i < given->len; i++) {
		if (g_array_index(given, RunGiven, i).option == one->option)
			return one->option->kind != OPTION_MANY;
	}
	return false;
}

bool run_config_read(const RunTable *table, GArray *given, GError **error)
{
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(RunGiven));
	g_autofree char *user = geteuid() == 0 ? NULL : user_file();
	guint put = 0;

	g_array_set_clear_func(found, (GDestroyNotify)run_given_clear);
	if (!take_file(table, CONFIG_SYSTEM, found, error) ||
	    (user && !take_file(table, user, found, error)))
		return false;
	for (guint i = 0; i < found->len; i++) {
		RunGiven *one = &g_array_index(found, RunGiven, i);

		if (is_settled(given, put, one) || is_settled(found, i + 1, one))
			continue;
		g_array_insert_val(given, put, *one);
		put++;
		*one = (RunGiven){0};
	}
	return true;
}
