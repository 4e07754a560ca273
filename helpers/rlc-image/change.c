/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rlc-image/change.h"

#include <jansson.h>
#include <string.h>

#include "base/error.h"

/* A row's function takes what stands behind the instruction's name. */
typedef bool (*Apply)(StoreImage *image, const char *text, GError **error);

static void list_clear(GPtrArray *list)
{
	g_ptr_array_set_size(list, 0);
}

static void replace(char **text, const char *with)
{
	g_free(*text);
	*text = g_strdup(with);
}

/* Replace what has the same name in front of '=', or add. */
static void set_variable(GPtrArray *list, const char *assignment)
{
	size_t length = strcspn(assignment, "=") + 1;

	for (guint i = 0; i < list->len; i++) {
		if (strncmp(g_ptr_array_index(list, i), assignment, length) != 0)
			continue;
		g_free(g_ptr_array_index(list, i));
		g_ptr_array_index(list, i) = g_strdup(assignment);
		return;
	}
	store_list_add(list, assignment);
}

static void add_once(GPtrArray *list, const char *word)
{
	if (!g_ptr_array_find_with_equal_func(list, word, g_str_equal, NULL))
		store_list_add(list, word);
}

/* ["A", "B"], as JSON: appends to list. False without *error where text is no such list. */
static bool read_json_list(const char *text, GPtrArray *list)
{
	json_t *array = *text == '[' ? json_loads(text, 0, NULL) : NULL, *element;
	bool ok = json_is_array(array);
	size_t i;

	json_array_foreach(array, i, element)
	{
		if (json_is_string(element))
			store_list_add(list, json_string_value(element));
		else
			ok = false;
	}
	json_decref(array);
	return ok;
}

/* A JSON list, or a line for the shell. */
static void set_command(GPtrArray *list, const char *text)
{
	list_clear(list);
	if (read_json_list(text, list))
		return;
	list_clear(list);
	store_list_add(list, "/bin/sh");
	store_list_add(list, "-c");
	store_list_add(list, text);
}

static bool apply_cmd(StoreImage *image, const char *text, GError **error)
{
	(void)error;
	set_command(image->cmd, text);
	return true;
}

static bool apply_entrypoint(StoreImage *image, const char *text, GError **error)
{
	(void)error;
	set_command(image->entrypoint, text);
	return true;
}

/* Words as a shell reads them; each is NAME=VALUE. */
static bool set_variables(GPtrArray *list, const char *text, GError **error)
{
	g_autoptr(GError) malformed = NULL;
	g_auto(GStrv) words = NULL;

	if (!g_shell_parse_argv(text, NULL, &words, &malformed))
		return error_set(error, RLC_ERROR_USAGE, "%s", malformed->message);
	for (char **word = words; *word; word++) {
		if (**word == '=' || !strchr(*word, '='))
			return error_set(error, RLC_ERROR_USAGE, "'%s' is not NAME=VALUE", *word);
		set_variable(list, *word);
	}
	return true;
}

static bool apply_env(StoreImage *image, const char *text, GError **error)
{
	return set_variables(image->env, text, error);
}

static bool apply_label(StoreImage *image, const char *text, GError **error)
{
	return set_variables(image->labels, text, error);
}

static bool is_port(const char *word)
{
	g_auto(GStrv) parts = g_strsplit(word, "/", 2);
	guint64 port;

	return g_ascii_string_to_unsigned(parts[0], 10, 1, 65535, &port, NULL) &&
	       (!parts[1] || strcmp(parts[1], "tcp") == 0 || strcmp(parts[1], "udp") == 0);
}

static bool apply_expose(StoreImage *image, const char *text, GError **error)
{
	g_auto(GStrv) words = g_strsplit_set(text, " \t", -1);

	for (char **word = words; *word; word++) {
		g_autofree char *full =
			strchr(*word, '/') ? g_strdup(*word) : g_strconcat(*word, "/tcp", NULL);

		if (!**word)
			continue;
		if (!is_port(*word))
			return error_set(error, RLC_ERROR_USAGE, "'%s' is not PORT[/tcp|udp]",
					 *word);
		add_once(image->ports, full);
	}
	return true;
}

static bool apply_volume(StoreImage *image, const char *text, GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);

	if (!read_json_list(text, list)) {
		g_auto(GStrv) words = g_strsplit_set(text, " \t", -1);

		list_clear(list);
		for (char **word = words; *word; word++) {
			if (**word)
				store_list_add(list, *word);
		}
	}
	for (guint i = 0; i < list->len; i++) {
		const char *path = g_ptr_array_index(list, i);

		if (*path != '/')
			return error_set(error, RLC_ERROR_USAGE, "'%s' is no absolute path", path);
		add_once(image->volumes, path);
	}
	return true;
}

static bool apply_user(StoreImage *image, const char *text, GError **error)
{
	(void)error;
	replace(&image->user, text);
	return true;
}

/* A relative one goes on from the directory so far. */
static bool apply_workdir(StoreImage *image, const char *text, GError **error)
{
	char *path = g_canonicalize_filename(
		text, image->workdir && *image->workdir ? image->workdir : "/");

	(void)error;
	g_free(image->workdir);
	image->workdir = path;
	return true;
}

static bool apply_stop_signal(StoreImage *image, const char *text, GError **error)
{
	(void)error;
	replace(&image->stop_signal, text);
	return true;
}

/* ------------------------------------------------------------------------------------- health */

static bool read_duration(const char *text, int64_t *ret, GError **error)
{
	static const struct {
		const char *unit;
		double nanoseconds;
	} units[] = {
		{"ms", 1e6}, {"us", 1e3}, {"ns", 1}, {"h", 3600e9}, {"m", 60e9}, {"s", 1e9},
	};
	const char *at = text;
	double sum = 0;

	while (*at) {
		char *end;
		double number = g_ascii_strtod(at, &end);
		size_t i = 0;

		while (i < G_N_ELEMENTS(units) && !g_str_has_prefix(end, units[i].unit))
			i++;
		if (end == at || !(number >= 0) || i == G_N_ELEMENTS(units))
			return error_set(error, RLC_ERROR_USAGE,
					 "'%s' is no duration, as 30s or "
					 "1m30s",
					 text);
		sum += number * units[i].nanoseconds;
		at = end + strlen(units[i].unit);
	}
	if (sum > 9e18)
		return error_set(error, RLC_ERROR_USAGE, "'%s' is too long", text);
	*ret = (int64_t)sum;
	return true;
}

/* --NAME=VALUE */
static bool apply_health_option(StoreImage *image, const char *option, GError **error)
{
	const struct {
		const char *name;
		int64_t *duration;
	} durations[] = {
		{"--interval=", &image->health_interval},
		{"--timeout=", &image->health_timeout},
		{"--start-period=", &image->health_start_period},
		{"--start-interval=", &image->health_start_interval},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(durations); i++) {
		if (g_str_has_prefix(option, durations[i].name))
			return read_duration(option + strlen(durations[i].name),
					     durations[i].duration, error);
	}
	if (g_str_has_prefix(option, "--retries=") &&
	    g_ascii_string_to_signed(option + strlen("--retries="), 10, 0, G_MAXINT32,
				     &image->health_retries, NULL))
		return true;
	return error_set(error, RLC_ERROR_USAGE, "'%s' is no option of HEALTHCHECK", option);
}

static bool set_test(GPtrArray *test, const char *text, GError **error)
{
	list_clear(test);
	if (strcmp(text, "NONE") == 0) {
		store_list_add(test, "NONE");
		return true;
	}
	if (!g_str_has_prefix(text, "CMD") || !g_ascii_isspace(text[strlen("CMD")]))
		return error_set(error, RLC_ERROR_USAGE,
				 "behind its options stands NONE, or CMD "
				 "and a command");
	text += strlen("CMD");
	text += strspn(text, " \t");
	store_list_add(test, "CMD");
	if (read_json_list(text, test) && test->len > 1)
		return true;
	list_clear(test);
	store_list_add(test, "CMD-SHELL");
	store_list_add(test, text);
	return true;
}

static bool apply_healthcheck(StoreImage *image, const char *text, GError **error)
{
	while (g_str_has_prefix(text, "--")) {
		size_t length = strcspn(text, " \t");
		g_autofree char *option = g_strndup(text, length);

		if (!apply_health_option(image, option, error))
			return false;
		text += length;
		text += strspn(text, " \t");
	}
	return set_test(image->healthcheck, text, error);
}

/* ---------------------------------------------------------------------------------- the table */

static const struct {
	const char *name;
	Apply apply;
} instructions[] = {
	{"CMD", apply_cmd},
	{"ENTRYPOINT", apply_entrypoint},
	{"ENV", apply_env},
	{"EXPOSE", apply_expose},
	{"HEALTHCHECK", apply_healthcheck},
	{"LABEL", apply_label},
	{"STOPSIGNAL", apply_stop_signal},
	{"USER", apply_user},
	{"VOLUME", apply_volume},
	{"WORKDIR", apply_workdir},
};

bool change_apply(StoreImage *image, const char *text, GError **error)
{
	size_t length = strcspn(text, " \t=");

	for (size_t i = 0; i < G_N_ELEMENTS(instructions); i++) {
		const char *rest = text + length;

		if (strlen(instructions[i].name) != length ||
		    g_ascii_strncasecmp(instructions[i].name, text, length) != 0)
			continue;
		rest += *rest ? 1 : 0;
		rest += strspn(rest, " \t");
		if (instructions[i].apply(image, rest, error))
			return true;
		error_prefix(error, "change '%s': ", text);
		return false;
	}
	return error_set(error, RLC_ERROR_USAGE,
			 "change '%s': it does not begin with CMD, ENTRYPOINT, ENV, EXPOSE, "
			 "HEALTHCHECK, LABEL, STOPSIGNAL, USER, VOLUME or WORKDIR",
			 text);
}
