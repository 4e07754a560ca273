/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rlc-image: images from registries and archives into the store, and back.
 *
 *     rlc-image [--store DIR] [--quiet] pull [--platform P] [--tls-verify=BOOL] [--authfile FILE]
 *                                            [--creds USER:PASSWORD] [--name NAME] SOURCE
 *     rlc-image … load FILE|-
 *     rlc-image … import [--platform P] FILE|- NAME
 *     rlc-image … save [--format docker-archive|oci-archive|oci-dir] FILE|- NAME…
 *     rlc-image … export FILE|- NAME
 *     rlc-image … commit [--base IMAGE] [--like IMAGE] [--change TEXT]… [--author TEXT]
 *                        [--message TEXT] FILE|- NAME
 *     rlc-image … changes [--lower DIR]… [--other-owners] DIR
 *     rlc-image … pack [--layer] [--lower DIR]… DIR
 *     rlc-image … prune
 *
 * rlc runs it inside the caller's id map, with private mounts, so that owners come out right.  What
 * was made is printed on standard output: ids for pull, import and commit, names for load, digests
 * of what went for prune, for pack the tar file itself.  Options may stand before or after the
 * verb.
 */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arguments.h"
#include "base/error.h"
#include "base/hint.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/log_json.h"
#include "image/digest.h"
#include "image/manifest.h"
#include "image/reference.h"
#include "image/store.h"
#include "rlc-image/archive.h"
#include "rlc-image/blob.h"
#include "rlc-image/layout.h"
#include "rlc-image/make.h"
#include "rlc-image/pull.h"
#include "rlc-image/registry.h"
#include "rlc-image/save.h"
#include "rlc-image/sweep.h"
#include "rlc-image/trees.h"

#define EXIT_RLC_FAILED 125

typedef struct {
	char *store, *platform, *authfile, *creds, *name, *format, *tls_verify;
	char *base, *like, *author, *message; /* commit */
	char **changes, **lowers;
	gboolean quiet, layer, other_owners;
} Options;

typedef struct {
	Options options;
	Store *store;
	Platform platform;
	char **arguments; /* after the verb */
	int count;
} Call;

/* ----------------------------------------------------------------------------------------- pull */

/* "localhost/" and the file's name, for what has no name, or a tag alone (may be NULL), in there.
 */
static char *name_of_file(const char *path, const char *tag)
{
	g_autofree char *base = g_path_get_basename(path);
	g_autofree char *name = NULL;

	base[strcspn(base, ".")] = '\0';
	name = strcmp(base, "-") == 0 || !*base ? g_strdup("image") : g_ascii_strdown(base, -1);
	return g_strconcat("localhost/", name, tag ? ":" : NULL, tag, NULL);
}

/* The name that an image gets: the one asked for, or what it is called where it comes from. */
static char *choose_name(const Call *call, const Reference *reference, const Source *source,
			 GError **error)
{
	g_autofree char *text = NULL;
	g_autoptr(Reference) named = NULL;

	if (call->options.name)
		text = g_strdup(call->options.name);
	else if (source->name && (!reference->path || strpbrk(source->name, "/:")))
		text = g_strconcat("docker://", source->name, NULL); /* "dir:1" is no directory */
	else
		text = name_of_file(reference->path, source->name);
	named = reference_parse(text, error);
	if (named && named->transport != TRANSPORT_DOCKER) {
		error_set(error, RLC_ERROR_USAGE, "name the image '%s': it is no NAME[:TAG]", text);
		return NULL;
	}
	return named ? reference_name(named) : NULL;
}

static bool pull_source(const Call *call, const Reference *reference, Source *source,
			StoreImage **ret, GError **error)
{
	PullOptions options = {&call->platform, call->options.quiet};
	g_autofree char *name = choose_name(call, reference, source, error);

	return name && pull_image(call->store, source, name, &options, ret, error);
}

static bool pull_archive(const Call *call, const Reference *reference, StoreImage **ret,
			 GError **error)
{
	g_auto(ArchiveDir) dir = {0};
	g_autoptr(Source) source = archive_open(call->store, reference, &dir, error);

	return source && pull_source(call, reference, source, ret, error);
}

static bool pull_registry(const Call *call, const Reference *reference, StoreImage **ret,
			  GError **error)
{
	RegistryOptions options = {
		.auth_file = call->options.authfile,
		.credentials = call->options.creds,
		.insecure = g_strcmp0(call->options.tls_verify, "false") == 0,
	};
	const char *verify = call->options.tls_verify;
	g_autoptr(Source) source = NULL;

	if (verify && !options.insecure && strcmp(verify, "true") != 0)
		return error_set(error, RLC_ERROR_USAGE,
				 "parse --tls-verify '%s': neither true nor false", verify);
	source = registry_open(reference, &options, error);
	if (source && pull_source(call, reference, source, ret, error))
		return true;
	error_prefix(error, "fetch image '%s': ", call->arguments[0]);
	return false;
}

static bool verb_pull(Call *call, GError **error)
{
	g_autoptr(Reference) reference = reference_parse(call->arguments[0], error);
	g_autoptr(StoreImage) image = NULL;

	if (!reference)
		return false;
	if (!(reference->transport == TRANSPORT_DOCKER ? pull_registry : pull_archive)(
		    call, reference, &image, error))
		return false;
	puts(store_image_id(image));
	return true;
}

/* ----------------------------------------------------------------------------------------- load */

static bool load_one(const Call *call, int dir, bool docker, const char *shown, const char *inner,
		     GError **error)
{
	int copy = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	g_autoptr(Source) source = docker ? layout_open_docker(copy, shown, inner, error)
					  : layout_open_oci(copy, shown, inner, error);
	Reference reference = {.path = call->arguments[0]};
	g_autoptr(StoreImage) image = NULL;

	if (!source || !pull_source(call, &reference, source, &image, error))
		return false;
	puts(image->name);
	return true;
}

static bool verb_load(Call *call, GError **error)
{
	const char *path = call->arguments[0];
	g_autofree char *shown = archive_shown(path, STDIN_FILENO);
	g_auto(ArchiveDir) dir = {0};
	auto_fd input = archive_open_input(path, error);
	auto_fd fd = input >= 0 ? archive_unpack(call->store, input, shown, &dir, error) : -1;
	bool docker = fd >= 0 && archive_has(fd, "manifest.json");
	g_autoptr(GPtrArray) names = NULL;

	if (fd < 0)
		return false;
	if (!docker && !archive_has(fd, "index.json"))
		return error_set(error, RLC_ERROR_USAGE,
				 "read '%s': it is no archive of images, for it has neither "
				 "manifest.json nor index.json; 'rlc import' takes a root file "
				 "system",
				 shown);
	names = layout_names(fd, shown, docker, error);
	if (!names)
		return false;
	if (names->len == 0)
		return load_one(call, fd, docker, shown, NULL, error);
	for (guint i = 0; i < names->len; i++) {
		if (!load_one(call, fd, docker, shown, g_ptr_array_index(names, i), error))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------------------------ import, commit */

static bool verb_import(Call *call, GError **error)
{
	MakeOptions make = {.platform = &call->platform, .created_by = "rlc import"};

	return make_image(call->store, call->arguments[0], call->arguments[1], &make, error);
}

static bool verb_commit(Call *call, GError **error)
{
	const Options *options = &call->options;
	MakeOptions make = {
		.platform = &call->platform,
		.base = options->base,
		.like = options->like,
		.changes = options->changes,
		.created_by = "rlc commit",
		.author = options->author,
		.comment = options->message,
	};

	return make_image(call->store, call->arguments[0], call->arguments[1], &make, error);
}

/* ------------------------------------------------------------- what a container wrote, and has */

static bool verb_changes(Call *call, GError **error)
{
	return trees_print_changes(call->arguments[0], call->options.lowers,
				   !call->options.other_owners, error);
}

static bool verb_pack(Call *call, GError **error)
{
	return trees_pack(call->arguments[0], call->options.lowers,
			  call->options.layer ? TREE_LAYER : TREE_ROOT, error);
}

/* -------------------------------------------------------------------------------- save, export */

static int open_output(const char *path, GError **error)
{
	int fd = strcmp(path, "-") == 0
			 ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
			 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		error_errno(error, errno, "open '%s'", path);
	return fd;
}

static GPtrArray *find_images(const Call *call, GError **error)
{
	g_autoptr(GPtrArray) images =
		g_ptr_array_new_with_free_func((GDestroyNotify)store_image_free);

	for (char **name = call->arguments + 1; *name; name++) {
		StoreImage *image = store_find(call->store, *name, error);

		if (!image)
			return NULL;
		g_ptr_array_add(images, image);
	}
	return g_steal_pointer(&images);
}

static bool verb_save(Call *call, GError **error)
{
	const char *word = call->options.format ? call->options.format : "docker-archive";
	g_autoptr(GPtrArray) images = find_images(call, error);
	const char *path = call->arguments[0];
	g_autofree char *shown = archive_shown(path, STDOUT_FILENO);
	SaveFormat format;
	auto_fd output = -1;

	if (!images)
		return false;
	if (!save_format_parse(word, &format))
		return error_set(error, RLC_ERROR_USAGE,
				 "save as '%s': it is docker-archive, oci-archive or oci-dir",
				 word);
	if (format == SAVE_OCI_DIR)
		return save_directory(call->store, images, path, error);
	output = open_output(path, error);
	return output >= 0 && save_archive(call->store, images, format, output, shown, error);
}

static bool verb_export(Call *call, GError **error)
{
	g_autoptr(StoreImage) image = store_find(call->store, call->arguments[1], error);
	auto_fd output = image ? open_output(call->arguments[0], error) : -1;
	g_autofree char *shown = archive_shown(call->arguments[0], STDOUT_FILENO);

	return output >= 0 && save_root(call->store, image, output, shown, error);
}

static bool verb_prune(Call *call, GError **error)
{
	g_autoptr(GPtrArray) removed = NULL;

	if (!sweep_store(call->store, &removed, error))
		return false;
	for (guint i = 0; i < removed->len; i++)
		puts(g_ptr_array_index(removed, i));
	return true;
}

/* ---------------------------------------------------------------------------------------- main */

static const struct {
	const char *name;
	int min, max;	/* arguments; max -1: any number */
	bool storeless; /* it runs in a container's id map, where the store may be closed */
	bool (*run)(Call *call, GError **error);
} verbs[] = {
	{"pull", 1, 1, false, verb_pull},     {"load", 1, 1, false, verb_load},
	{"import", 2, 2, false, verb_import}, {"save", 2, -1, false, verb_save},
	{"export", 2, 2, false, verb_export}, {"commit", 2, 2, false, verb_commit},
	{"prune", 0, 0, false, verb_prune},   {"changes", 1, 1, true, verb_changes},
	{"pack", 1, 1, true, verb_pack},
};

static bool run_verb(Call *call, int argc, char **argv, GError **error)
{
	for (size_t i = 0; argc > 1 && i < G_N_ELEMENTS(verbs); i++) {
		if (strcmp(verbs[i].name, argv[1]) != 0)
			continue;
		call->arguments = argv + 2;
		call->count = argc - 2;
		if (call->count < verbs[i].min || (verbs[i].max >= 0 && call->count > verbs[i].max))
			return error_set(error, RLC_ERROR_USAGE,
					 "run '%s': it takes %d arguments, not %d", argv[1],
					 verbs[i].min, call->count);
		if (!platform_parse(call->options.platform, &call->platform, error))
			return false;
		if (!verbs[i].storeless)
			call->store = store_open(call->options.store, true, error);
		return (verbs[i].storeless || call->store) && verbs[i].run(call, error);
	}
	return error_set(
		error, RLC_ERROR_USAGE,
		"run rlc-image: it wants pull, load, import, save, export, commit, changes, "
		"pack or prune");
}

static bool parse_options(Options *options, int *argc, char ***argv, GError **error)
{
	const GOptionEntry entries[] = {
		{"store", 0, 0, G_OPTION_ARG_FILENAME, &options->store, "", NULL},
		{"quiet", 'q', 0, G_OPTION_ARG_NONE, &options->quiet, "", NULL},
		{"platform", 0, 0, G_OPTION_ARG_STRING, &options->platform, "", NULL},
		{"authfile", 0, 0, G_OPTION_ARG_FILENAME, &options->authfile, "", NULL},
		{"creds", 0, 0, G_OPTION_ARG_STRING, &options->creds, "", NULL},
		{"tls-verify", 0, 0, G_OPTION_ARG_STRING, &options->tls_verify, "", NULL},
		{"name", 0, 0, G_OPTION_ARG_STRING, &options->name, "", NULL},
		{"base", 0, 0, G_OPTION_ARG_STRING, &options->base, "", NULL},
		{"like", 0, 0, G_OPTION_ARG_STRING, &options->like, "", NULL},
		{"author", 0, 0, G_OPTION_ARG_STRING, &options->author, "", NULL},
		{"message", 0, 0, G_OPTION_ARG_STRING, &options->message, "", NULL},
		{"change", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->changes, "", NULL},
		{"lower", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->lowers, "", NULL},
		{"layer", 0, 0, G_OPTION_ARG_NONE, &options->layer, "", NULL},
		{"other-owners", 0, 0, G_OPTION_ARG_NONE, &options->other_owners, "", NULL},
		{"format", 0, 0, G_OPTION_ARG_STRING, &options->format, "", NULL},
		{0},
	};
	GOptionContext *context = g_option_context_new(NULL);
	g_autoptr(GError) wrong = NULL;
	bool ok;

	arguments_add(context, entries);
	ok = g_option_context_parse(context, argc, argv, &wrong);
	g_option_context_free(context);
	return ok || error_set(error, RLC_ERROR_USAGE, "read options: %s", wrong->message);
}

static void call_clear(Call *call)
{
	Options *options = &call->options;

	store_free(call->store);
	platform_clear(&call->platform);
	g_free(options->store);
	g_free(options->platform);
	g_free(options->authfile);
	g_free(options->creds);
	g_free(options->name);
	g_free(options->base);
	g_free(options->like);
	g_free(options->author);
	g_free(options->message);
	g_strfreev(options->changes);
	g_strfreev(options->lowers);
	g_free(options->format);
	g_free(options->tls_verify);
}

int main(int argc, char **argv)
{
	const char *level = g_getenv("RLC_LOG_LEVEL"), *format = g_getenv("RLC_LOG_FORMAT");
	g_autoptr(GError) error = NULL;
	LogLevel parsed;
	Call call = {0};
	bool ok;

	if (level && log_level_parse(level, &parsed))
		log_set_level(parsed);
	if (format)
		log_json_choose(format);
	signal(SIGPIPE, SIG_IGN);
	/* names are bytes; libarchive converts those of pax headers to the locale's */
	setlocale(LC_CTYPE, "C.UTF-8");
	umask(022);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	ok = parse_options(&call.options, &argc, &argv, &error) &&
	     run_verb(&call, argc, argv, &error);
	if (!ok) {
		hint_add_common(&error);
		log_error("%s", error->message);
	}
	call_clear(&call);
	curl_global_cleanup();
	return fflush(stdout) == 0 && ok ? 0 : EXIT_RLC_FAILED;
}
