/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json_text.h"
#include "base/log.h"
#include "cmd/containers.h"
#include "cmd/image_program.h"
#include "cmd/options.h"
#include "container/still.h"
#include "container/written.h"
#include "image/reference.h"
#include "image/store.h"

typedef struct {
	char *message, *author;
	char **changes; /* --change, in the order given */
	char *pause;	/* "true", "false" or NULL */
} CommitOptions;

/* ----------------------------------------------------- what the container was, as instructions */

/* INSTRUCTION ["A", "B"] of the words from the first on; they end with NULL. */
static void add_words(GPtrArray *args, const char *instruction, const GPtrArray *words, guint first)
{
	g_autoptr(GString) text = g_string_new("--change=");

	g_string_append_printf(text, "%s [", instruction);
	for (guint i = first; i + 1 < words->len; i++) {
		if (i > first)
			g_string_append_c(text, ',');
		json_text_append_string(text, g_ptr_array_index(words, i));
	}
	g_string_append_c(text, ']');
	g_ptr_array_add(args, g_string_free(g_steal_pointer(&text), FALSE));
}

static bool begins_with(const GPtrArray *words, const GPtrArray *first)
{
	for (guint i = 0; i < first->len; i++) {
		if (i + 1 >= words->len ||
		    strcmp(g_ptr_array_index(words, i), g_ptr_array_index(first, i)) != 0)
			return false;
	}
	return true;
}

/* The image's entrypoint stays one, where the command began with it. */
static void add_command(GPtrArray *args, const GPtrArray *words, const StoreImage *image)
{
	bool kept = image && begins_with(words, image->entrypoint);

	if (!kept)
		g_ptr_array_add(args, g_strdup("--change=ENTRYPOINT []"));
	add_words(args, "CMD", words, kept ? image->entrypoint->len : 0);
}

/* What rlc adds for every container is not the image's. */
static bool is_ours(const char *assignment)
{
	return g_str_has_prefix(assignment, "container=") || g_str_has_prefix(assignment, "TERM=");
}

static void add_environment(GPtrArray *args, const GPtrArray *env)
{
	for (guint i = 0; i + 1 < env->len; i++) {
		const char *assignment = g_ptr_array_index(env, i);
		g_autofree char *quoted = g_shell_quote(assignment);

		if (!is_ours(assignment))
			g_ptr_array_add(args, g_strconcat("--change=ENV ", quoted, NULL));
	}
}

static void add_labels(GPtrArray *args, const GPtrArray *labels)
{
	for (guint i = 0; i < labels->len; i++) {
		const char *label = g_ptr_array_index(labels, i);
		g_autofree char *quoted = label ? g_shell_quote(label) : NULL;

		if (label)
			g_ptr_array_add(args, g_strconcat("--change=LABEL ", quoted, NULL));
	}
}

static void add_text(GPtrArray *args, const char *instruction, const char *text)
{
	g_ptr_array_add(args, g_strdup_printf("--change=%s %s", instruction, text));
}

static void add_health(GPtrArray *args, const SpecHealth *health)
{
	g_autoptr(GString) options = g_string_new(NULL);

	if (health->kind == HEALTH_UNSET)
		return;
	g_string_append_printf(options,
			       "--interval=%" G_GINT64_FORMAT "ns --timeout=%" G_GINT64_FORMAT
			       "ns --start-period=%" G_GINT64_FORMAT
			       "ns --start-interval=%" G_GINT64_FORMAT "ns --retries=%u ",
			       health->interval, health->timeout, health->start_period,
			       health->start_interval, health->retries);
	if (health->kind == HEALTH_NONE) {
		add_text(args, "HEALTHCHECK", "NONE");
	} else if (health->kind == HEALTH_SHELL) {
		g_string_append_printf(options, "CMD %s",
				       (const char *)g_ptr_array_index(health->test, 0));
		add_text(args, "HEALTHCHECK", options->str);
	} else {
		g_autofree char *instruction =
			g_strconcat("HEALTHCHECK ", options->str, "CMD", NULL);

		add_words(args, instruction, health->test, 0);
	}
}

/* An image wishes for its processes what the container's had. */
static void add_wishes(GPtrArray *args, const Spec *spec, const StoreImage *image)
{
	const char *user = spec->process.user.name;

	add_command(args, spec->process.args, image);
	add_environment(args, spec->process.env);
	add_labels(args, spec->rlc.labels);
	if (user && (strcmp(user, "0") != 0 || (image && image->user && *image->user)))
		add_text(args, "USER", user);
	if (strcmp(spec->process.cwd, "/") != 0 || (image && image->workdir))
		add_text(args, "WORKDIR", spec->process.cwd);
	if (spec->rlc.stop_signal != 0) {
		g_autofree char *number = g_strdup_printf("%d", spec->rlc.stop_signal);

		add_text(args, "STOPSIGNAL", number);
	}
	add_health(args, &spec->rlc.health);
}

/* ------------------------------------------------------------------------------------- the work */

/* The image that the container was made of, if the store has it still, with all its layers. */
static StoreImage *find_base(const Spec *spec)
{
	g_autoptr(Store) store = store_open(NULL, false, NULL);

	return store && spec->rlc.image_id ? store_find(store, spec->rlc.image_id, NULL) : NULL;
}

/* In the store, where there is room for layers; it has no name, so nothing of it can be left. */
static int open_archive(const Store *store, GError **error)
{
	int fd = openat(store->dir, "tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

	if (fd < 0)
		error_errno(error, errno, "make a file in '%s/tmp'", store->path);
	return fd;
}

static void add_option(GPtrArray *args, const char *name, const char *value)
{
	if (value)
		g_ptr_array_add(args, g_strconcat(name, "=", value, NULL));
}

/* rlc-image takes the archive as its standard input. */
static bool make_image(const Spec *spec, const StoreImage *base, bool on_top, int archive,
		       const char *name, const CommitOptions *options, int *ret_exit_code,
		       GError **error)
{
	g_autoptr(GPtrArray) args = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(args, g_strdup("commit"));
	add_option(args, on_top ? "--base" : "--like", base ? store_image_id(base) : NULL);
	add_option(args, "--author", options->author);
	add_option(args, "--message", options->message);
	add_wishes(args, spec, base);
	for (char **change = options->changes; change && *change; change++)
		add_option(args, "--change", *change);
	g_ptr_array_add(args, g_strdup("-"));
	g_ptr_array_add(args, g_strdup(name));
	g_ptr_array_add(args, NULL);
	if (lseek(archive, 0, SEEK_SET) < 0 || dup2(archive, STDIN_FILENO) < 0)
		return error_errno(error, errno, "read the layer");
	return image_program_run((const char *const *)args->pdata, ret_exit_code, error);
}

/* A layer on the image's own, or where there is no such image, the whole root as one. */
static bool commit_written(const Written *written, const char *name, const CommitOptions *options,
			   int *ret_exit_code, GError **error)
{
	g_autoptr(Store) store = store_open(NULL, true, error);
	g_autoptr(StoreImage) base = find_base(written->spec);
	bool on_top = base && written->overlaid && written->spec->root.kind == ROOT_LAYERS;
	auto_fd archive = store ? open_archive(store, error) : -1;
	g_auto(Still) still = STILL_NONE;

	if (archive < 0)
		return false;
	if (!on_top)
		log_info("commit: all files become one layer");
	if (g_strcmp0(options->pause, "false") != 0 &&
	    !still_begin(written->state_root, written->entry, &still, error))
		return false;
	if (!(on_top ? written_pack_layer : written_pack_root)(written, archive, ret_exit_code,
							       error))
		return false;
	still_end(&still);
	return *ret_exit_code != 0 || make_image(written->spec, base, on_top, archive, name,
						 options, ret_exit_code, error);
}

/* A bad name is found before any work. */
static bool check_name(const char *name, GError **error)
{
	g_autoptr(Reference) reference = reference_parse(name, error);

	if (!reference)
		return false;
	return (reference->transport == TRANSPORT_DOCKER && !reference->digest) ||
	       error_set(error, RLC_ERROR_USAGE, "name the image '%s': it is no NAME[:TAG]", name);
}

static bool commit(const char *container, const char *name, const CommitOptions *options,
		   int *ret_exit_code, GError **error)
{
	g_autofree char *root = NULL;
	g_autoptr(StateEntry) entry = NULL;
	g_autoptr(Spec) spec = NULL;
	g_auto(Written) written = {.fd = -1};

	if (!check_name(name, error))
		return false;
	if (options->pause && strcmp(options->pause, "true") != 0 &&
	    strcmp(options->pause, "false") != 0)
		return error_set(error, RLC_ERROR_USAGE,
				 "parse --pause '%s': neither true nor false", options->pause);
	entry = containers_get(container, &root, error);
	spec = entry ? state_load_spec(root, entry->id, error) : NULL;
	return spec && written_find(root, entry, spec, &written, error) &&
	       commit_written(&written, name, options, ret_exit_code, error);
}

int cmd_commit(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "commit",
		.arguments = "CONTAINER NAME",
		.summary = "Make an image of what a container wrote, on top of its own image.",
		.text = "A CHANGE is CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, STOPSIGNAL, "
			"USER, "
			"VOLUME or\nWORKDIR with what follows it in a Dockerfile.\n",
		.min = 2,
		.max = 2,
	};
	CommitOptions options = {0};
	const GOptionEntry entries[] = {
		{"message", 'm', 0, G_OPTION_ARG_STRING, &options.message,
		 "a comment for the image's history", "TEXT"},
		{"author", 'a', 0, G_OPTION_ARG_STRING, &options.author, "who made it", "TEXT"},
		{"change", 'c', 0, G_OPTION_ARG_STRING_ARRAY, &options.changes,
		 "what the image is to wish otherwise", "CHANGE"},
		{"pause", 'p', 0, G_OPTION_ARG_STRING, &options.pause,
		 "true (default): a container that runs stands still meanwhile", "BOOL"},
		{NULL},
	};
	g_autoptr(GError) error = NULL;
	int code = 0;

	if (!options_parse(&argc, &argv, entries, &usage, &error) ||
	    !commit(argv[1], argv[2], &options, &code, &error))
		code = command_fail(error);
	g_free(options.message);
	g_free(options.author);
	g_free(options.pause);
	g_strfreev(options.changes);
	return code;
}
