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
 *     rlc-image … commit [--like NAME] DIR NAME
 *     rlc-image … prune
 *
 * rlc runs it inside the caller's id map, with private mounts, so that owners come out right.  What
 * was made is printed on standard output: ids for pull, import and commit, names for load, digests
 * of what went for prune.  Options may stand before or after the verb.
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

#include "base/error.h"
#include "base/hint.h"
#include "base/fd.h"
#include "base/log.h"
#include "image/digest.h"
#include "image/manifest.h"
#include "image/reference.h"
#include "image/store.h"
#include "rlc-image/archive.h"
#include "rlc-image/blob.h"
#include "rlc-image/implied.h"
#include "rlc-image/layout.h"
#include "rlc-image/pull.h"
#include "rlc-image/registry.h"
#include "rlc-image/save.h"
#include "rlc-image/sweep.h"

#define EXIT_RLC_FAILED 125

typedef struct {
	char *store, *platform, *authfile, *creds, *name, *like, *format, *tls_verify;
	gboolean quiet;
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
		text = g_strdup(source->name);
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
	g_autoptr(Source) source = registry_open(reference, &options, error);

	return source && pull_source(call, reference, source, ret, error);
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

static int open_input(const char *path, GError **error)
{
	int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
					: open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		error_errno(error, errno, "open '%s'", path);
	return fd;
}

static bool load_one(const Call *call, int dir, bool docker, const char *path, const char *inner,
		     GError **error)
{
	int copy = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	g_autoptr(Source) source = docker ? layout_open_docker(copy, path, inner, error)
					  : layout_open_oci(copy, path, inner, error);
	Reference reference = {.path = (char *)path};
	g_autoptr(StoreImage) image = NULL;

	if (!source || !pull_source(call, &reference, source, &image, error))
		return false;
	puts(image->name);
	return true;
}

static bool verb_load(Call *call, GError **error)
{
	const char *path = call->arguments[0];
	g_auto(ArchiveDir) dir = {0};
	auto_fd input = open_input(path, error);
	auto_fd fd = input >= 0 ? archive_unpack(call->store, input, path, &dir, error) : -1;
	bool docker = fd >= 0 && archive_is_docker(fd);
	g_autoptr(GPtrArray) names = fd >= 0 ? layout_names(fd, path, docker, error) : NULL;

	if (!names)
		return false;
	if (names->len == 0)
		return load_one(call, fd, docker, path, NULL, error);
	for (guint i = 0; i < names->len; i++) {
		if (!load_one(call, fd, docker, path, g_ptr_array_index(names, i), error))
			return false;
	}
	return true;
}

/* ------------------------------------------------------------------------------ import, commit */

static bool name_image(const char *text, char **ret, GError **error)
{
	g_autoptr(Reference) reference = reference_parse(text, error);

	if (!reference)
		return false;
	if (reference->transport != TRANSPORT_DOCKER || reference->digest)
		return error_set(error, RLC_ERROR_USAGE, "name the image '%s': it is no NAME[:TAG]",
				 text);
	*ret = reference_name(reference);
	return true;
}

/* Documents and a name for layers that are in the store. */
static bool add_image(const Call *call, const char *name, GPtrArray *layers, GPtrArray *diff_ids,
		      const StoreImage *like, const char *created_by, GError **error)
{
	g_autofree char *text = manifest_write_config(&call->platform, diff_ids, like, created_by);
	g_autofree char *config = blob_write(call->store, text, strlen(text), error);
	Descriptor descriptor = {(char *)MEDIA_OCI_CONFIG, config, strlen(text)};
	g_autofree char *document = config ? manifest_write(&descriptor, layers) : NULL;
	g_autoptr(StoreImage) image = store_image_new();

	if (!document)
		return false;
	image->name = g_strdup(name);
	image->config = g_strdup(config);
	image->manifest = blob_write(call->store, document, strlen(document), error);
	image->index = g_strdup(image->manifest);
	image->pulled = time(NULL);
	image->size = strlen(text) + strlen(document);
	for (guint i = 0; i < layers->len; i++)
		image->size += ((const Descriptor *)g_ptr_array_index(layers, i))->size;
	if (!image->manifest ||
	    !manifest_read_config(text, strlen(text), layers->len, image, "configuration", error) ||
	    !implied_adopt(call->store, image, error) || !store_put(call->store, image, error) ||
	    !sweep_write_index(call->store, error))
		return false;
	puts(store_image_id(image));
	return true;
}

static bool add_layer(const Call *call, int input, const char *what, GPtrArray *layers,
		      GPtrArray *diff_ids, GError **error)
{
	g_autofree char *diff_id = NULL;
	Descriptor layer = {0};

	if (!archive_add_layer(call->store, input, what, &layer, &diff_id, error))
		return false;
	g_ptr_array_add(layers, descriptor_new(layer.media_type, layer.digest, layer.size));
	descriptor_clear(&layer);
	store_list_add(diff_ids, diff_id);
	return true;
}

static bool verb_import(Call *call, GError **error)
{
	g_autoptr(GPtrArray) layers =
		g_ptr_array_new_with_free_func((GDestroyNotify)descriptor_free);
	g_autoptr(GPtrArray) diff_ids = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *name = NULL;
	auto_fd input = -1, lock = -1;

	if (!name_image(call->arguments[1], &name, error))
		return false;
	input = open_input(call->arguments[0], error);
	lock = input >= 0 ? store_lock(call->store, false, error) : -1;
	return lock >= 0 && add_layer(call, input, call->arguments[0], layers, diff_ids, error) &&
	       add_image(call, name, layers, diff_ids, NULL, "rlc import", error);
}

/* The layers of the image below. */
static bool take_layers(const Call *call, const StoreImage *like, GPtrArray *layers,
			GPtrArray *diff_ids, GError **error)
{
	g_autofree char *text = blob_read(call->store, like->manifest, error);
	g_autoptr(Manifest) manifest =
		text ? manifest_parse(text, strlen(text), NULL, like->name, error) : NULL;

	if (!manifest)
		return false;
	for (guint i = 0; i < manifest->layers->len; i++) {
		const Descriptor *layer = g_ptr_array_index(manifest->layers, i);
		const char *type = layer->media_type;

		/* Docker's words for the same in OCI's */
		if (g_str_has_prefix(type, MEDIA_DOCKER_LAYER))
			type = g_str_has_suffix(type, "gzip")	? MEDIA_OCI_LAYER "+gzip"
			       : g_str_has_suffix(type, "zstd") ? MEDIA_OCI_LAYER "+zstd"
								: MEDIA_OCI_LAYER;
		g_ptr_array_add(layers, descriptor_new(type, layer->digest, layer->size));
		store_list_add(diff_ids, g_ptr_array_index(like->layers, i));
	}
	return true;
}

/* The upper directory as a layer in a file without a name. */
static int pack_upper(const Call *call, const char *path, GError **error)
{
	auto_fd dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd plain = openat(call->store->dir, "tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

	if (dir < 0 || plain < 0) {
		error_errno(error, errno, "open '%s'", dir < 0 ? path : call->store->path);
		return -1;
	}
	if (!save_upper(dir, plain, path, error) || lseek(plain, 0, SEEK_SET) < 0)
		return -1;
	return fd_steal(&plain);
}

static bool verb_commit(Call *call, GError **error)
{
	g_autoptr(GPtrArray) layers =
		g_ptr_array_new_with_free_func((GDestroyNotify)descriptor_free);
	g_autoptr(GPtrArray) diff_ids = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(StoreImage) like = NULL;
	g_autofree char *name = NULL;
	auto_fd plain = -1, lock = store_lock(call->store, false, error);

	if (lock < 0 || !name_image(call->arguments[1], &name, error))
		return false;
	if (call->options.like) {
		like = store_find(call->store, call->options.like, error);
		if (!like || !take_layers(call, like, layers, diff_ids, error))
			return false;
	}
	plain = pack_upper(call, call->arguments[0], error);
	return plain >= 0 && add_layer(call, plain, call->arguments[0], layers, diff_ids, error) &&
	       add_image(call, name, layers, diff_ids, like, "rlc commit", error);
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
	return output >= 0 && save_archive(call->store, images, format, output, path, error);
}

static bool verb_export(Call *call, GError **error)
{
	g_autoptr(StoreImage) image = store_find(call->store, call->arguments[1], error);
	auto_fd output = image ? open_output(call->arguments[0], error) : -1;

	return output >= 0 && save_root(call->store, image, output, call->arguments[0], error);
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
	int min, max; /* arguments; max -1: any number */
	bool (*run)(Call *call, GError **error);
} verbs[] = {
	{"pull", 1, 1, verb_pull},   {"load", 1, 1, verb_load},	    {"import", 2, 2, verb_import},
	{"save", 2, -1, verb_save},  {"export", 2, 2, verb_export}, {"commit", 2, 2, verb_commit},
	{"prune", 0, 0, verb_prune},
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
		call->store = store_open(call->options.store, true, error);
		return call->store && verbs[i].run(call, error);
	}
	return error_set(
		error, RLC_ERROR_USAGE,
		"run rlc-image: it wants pull, load, import, save, export, commit or prune");
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
		{"like", 0, 0, G_OPTION_ARG_STRING, &options->like, "", NULL},
		{"format", 0, 0, G_OPTION_ARG_STRING, &options->format, "", NULL},
		{0},
	};
	GOptionContext *context = g_option_context_new(NULL);
	g_autoptr(GError) wrong = NULL;
	bool ok;

	g_option_context_add_main_entries(context, entries, NULL);
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
	g_free(options->like);
	g_free(options->format);
	g_free(options->tls_verify);
}

int main(int argc, char **argv)
{
	const char *level = g_getenv("RLC_LOG_LEVEL");
	g_autoptr(GError) error = NULL;
	LogLevel parsed;
	Call call = {0};
	bool ok;

	if (level && log_level_parse(level, &parsed))
		log_set_level(parsed);
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
