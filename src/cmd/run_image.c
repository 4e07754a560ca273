/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/run_image.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "cmd/image_program.h"
#include "cmd/run_values.h"
#include "feature/net_publish.h"
#include "feature/user.h"
#include "feature/volume.h"
#include "image/digest.h"
#include "image/reference.h"

/* -------------------------------------------------------------------- what the image wishes */

static void add_args(Spec *spec, const GPtrArray *args)
{
	for (guint i = 0; i < args->len; i++)
		spec_add_arg(spec, g_ptr_array_index(args, i));
}

/* --entrypoint, given even as "", takes the image's Cmd away too: it was meant for the other one.
 */
static bool apply_args(RunOptions *options, const StoreImage *image, GError **error)
{
	Spec *spec = options->spec;

	if (options->entrypoint && *options->entrypoint)
		spec_add_arg(spec, options->entrypoint);
	else if (image && !options->entrypoint)
		add_args(spec, image->entrypoint);
	add_args(spec, options->command);
	if (image && !options->entrypoint && options->command->len == 0)
		add_args(spec, image->cmd);
	if (spec->process.args->len > 1)
		return true;
	if (image)
		return error_set(error, RLC_ERROR_USAGE,
				 "it names no command to run; give one behind its name");
	spec_add_arg(spec, "/bin/sh");
	return true;
}

static void apply_env(RunOptions *options, const StoreImage *image)
{
	Spec *spec = options->spec;

	if (spec->process.terminal)
		spec_set_env(spec, "TERM=xterm");
	for (guint i = 0; image && i < image->env->len; i++)
		spec_set_env(spec, g_ptr_array_index(image->env, i));
	for (guint i = 0; i < options->env->len; i++)
		spec_set_env(spec, g_ptr_array_index(options->env, i));
}

/* Who keeps his own id means to be himself inside. */
static bool apply_user(Spec *spec, const StoreImage *image, GError **error)
{
	char **name = &spec->process.user.name;

	if (*name)
		return true;
	if (spec->rlc.userns == USERNS_KEEP_ID) {
		*name = g_strdup_printf("%u:%u", getuid(), getgid());
		return true;
	}
	if (!image || !image->user || !*image->user) {
		*name = g_strdup("0");
		return true;
	}
	if (!user_check(image->user, error)) {
		error_prefix(error, "its User '%s': ", image->user);
		return false;
	}
	*name = g_strdup(image->user);
	return true;
}

static void apply_workdir(RunOptions *options, const StoreImage *image)
{
	char **cwd = &options->spec->process.cwd;

	if (!image || !image->workdir || !*image->workdir || options->workdir_given)
		return;
	g_free(*cwd);
	*cwd = g_canonicalize_filename(image->workdir, "/");
}

static bool apply_stop_signal(SpecRlc *rlc, const StoreImage *image, GError **error)
{
	if (!image || !image->stop_signal || !*image->stop_signal || rlc->stop_signal != 0)
		return true;
	if (run_value_signal(image->stop_signal, &rlc->stop_signal, error))
		return true;
	error_prefix(error, "its StopSignal '%s': ", image->stop_signal);
	return false;
}

/* The words of Test: "NONE", or "CMD" and a command, or "CMD-SHELL" and a line. */
static bool read_test(const GPtrArray *test, SpecHealth *health)
{
	const char *first = g_ptr_array_index(test, 0);

	if (strcmp(first, "NONE") == 0)
		health->kind = HEALTH_NONE;
	else if (strcmp(first, "CMD") == 0 && test->len > 1)
		health->kind = HEALTH_COMMAND;
	else if (strcmp(first, "CMD-SHELL") == 0 && test->len == 2)
		health->kind = HEALTH_SHELL;
	else
		return false;
	g_ptr_array_set_size(health->test, 0);
	for (guint i = 1; health->kind != HEALTH_NONE && i < test->len; i++)
		g_ptr_array_add(health->test, g_strdup(g_ptr_array_index(test, i)));
	g_ptr_array_add(health->test, NULL);
	return true;
}

static void apply_number(int64_t *number, int64_t image)
{
	if (*number == 0)
		*number = image;
}

/* A test of the flags takes the place of the image's; each time and the retries stand alone. */
static bool apply_health(SpecHealth *health, const StoreImage *image, GError **error)
{
	if (!image || health->kind == HEALTH_NONE)
		return true;
	if (health->kind == HEALTH_UNSET && image->healthcheck->len > 0 &&
	    !read_test(image->healthcheck, health))
		return error_set(error, RLC_ERROR_USAGE,
				 "its Healthcheck: Test is neither NONE, CMD nor CMD-SHELL with "
				 "what they need");
	apply_number(&health->interval, image->health_interval);
	apply_number(&health->timeout, image->health_timeout);
	apply_number(&health->start_period, image->health_start_period);
	apply_number(&health->start_interval, image->health_start_interval);
	if (health->retries == 0)
		health->retries = (uint32_t)MIN(image->health_retries, UINT32_MAX);
	return true;
}

/* Those of the flags win. */
static void apply_labels(GPtrArray *labels, const StoreImage *image)
{
	g_autoptr(GPtrArray) given = g_ptr_array_copy(labels, (GCopyFunc)(void *)g_strdup, NULL);

	for (guint i = 0; i < image->labels->len; i++)
		spec_set_pair(labels, g_ptr_array_index(image->labels, i));
	for (guint i = 0; i < given->len; i++)
		spec_set_pair(labels, g_ptr_array_index(given, i));
}

/* In front of what flags mount, which may lie in a volume; where one lies on it, it is meant. */
static void apply_volumes(Spec *spec, const StoreImage *image)
{
	for (guint i = image->volumes->len; i-- > 0;) {
		g_autofree char *path =
			g_canonicalize_filename(g_ptr_array_index(image->volumes, i), "/");

		if (!spec_mounts_on(spec, path))
			spec_add_volume(spec, path);
	}
}

static bool is_published(const GArray *all, const SpecPublish *wanted)
{
	for (guint i = 0; i < all->len; i++) {
		const SpecPublish *publish = &g_array_index(all, SpecPublish, i);

		if (publish->protocol == wanted->protocol && publish->port <= wanted->port &&
		    wanted->port + wanted->count <= publish->port + publish->count)
			return true;
	}
	return false;
}

/* The image names ports of its own; of the host's it has no say. */
static bool apply_ports(SpecNetwork *network, const StoreImage *image, GError **error)
{
	for (guint i = 0; i < image->ports->len; i++) {
		const char *port = g_ptr_array_index(image->ports, i);
		SpecPublish publish;

		if (strchr(port, ':'))
			return error_set(error, RLC_ERROR_USAGE, "its port '%s': not PORT/PROTOCOL",
					 port);
		if (!net_publish_parse(port, &publish, error)) {
			error_prefix(error, "its port '%s': ", port);
			return false;
		}
		if (!is_published(network->publish, &publish))
			g_array_append_val(network->publish, publish);
	}
	return true;
}

bool run_image_apply(RunOptions *options, const StoreImage *image, GError **error)
{
	bool publish = image && options->publish_all;

	if (!apply_args(options, image, error) || !apply_user(options->spec, image, error) ||
	    !apply_stop_signal(&options->spec->rlc, image, error) ||
	    !apply_health(&options->spec->rlc.health, image, error) ||
	    (publish && !apply_ports(&options->spec->rlc.network, image, error))) {
		error_prefix(error, "use image '%s': ", options->image);
		return false;
	}
	apply_env(options, image);
	apply_workdir(options, image);
	if (image) {
		apply_volumes(options->spec, image);
		apply_labels(options->spec->rlc.labels, image);
	}
	return true;
}

/* ------------------------------------------------------------------- from the store or afar */

static void hold_close(void *element)
{
	fd_close(element);
}

GArray *run_image_holds_new(void)
{
	GArray *holds = g_array_new(FALSE, FALSE, sizeof(int));

	g_array_set_clear_func(holds, hold_close);
	return holds;
}

/*
 * Add a layer below those that the root has.  One that is among them already (many images repeat an
 * empty one) adds nothing, and the kernel refuses a directory given twice.
 */
static bool take_layer(GPtrArray *layers, const Store *store, const char *layer, GArray *holds,
		       GError **error)
{
	g_autofree char *path =
		g_build_filename(store->path, "layers", digest_hex(layer), "diff", NULL);
	int hold;

	if (g_ptr_array_find_with_equal_func(layers, path, g_str_equal, NULL))
		return true;
	hold = store_hold_layer(store, layer, error);
	if (hold < 0)
		return false;
	g_array_append_val(holds, hold);
	g_ptr_array_add(layers, g_steal_pointer(&path));
	return true;
}

/* Topmost first, as an overlay has them; the store has them lowest first, and may have them merged.
 */
static GPtrArray *take_layers(const Store *store, const StoreImage *image, GArray *holds,
			      GError **error)
{
	g_autoptr(GPtrArray) layers = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *merged = store_image_chain(image);

	if (merged && take_layer(layers, store, merged, holds, NULL))
		return g_steal_pointer(&layers);
	for (guint i = image->layers->len; i-- > 0;) {
		if (!take_layer(layers, store, store_image_tree(image, i), holds, error))
			return NULL;
	}
	return g_steal_pointer(&layers);
}

/* Is the image for the platform asked for? A variant that was not asked for does not matter. */
static bool fits_platform(const StoreImage *image, const char *platform)
{
	g_auto(GStrv) asked = platform ? g_strsplit(platform, "/", 3) : NULL;

	if (!asked)
		return true;
	return g_strcmp0(image->os, asked[0]) == 0 &&
	       g_strcmp0(image->architecture, asked[1]) == 0 &&
	       (!asked[2] || g_strcmp0(image->variant, asked[2]) == 0);
}

/* NULL without *error: the store has no such image, or has it for another platform. */
static StoreImage *look_up(const char *name, const char *platform, Store **store, GError **error)
{
	g_autoptr(GError) missing = NULL;
	StoreImage *image = NULL;

	g_clear_pointer(store, store_free);
	*store = store_open(NULL, false, &missing);
	if (*store)
		image = store_find(*store, name, &missing);
	if (image && fits_platform(image, platform))
		return image;
	g_clear_pointer(&image, store_image_free);
	if (missing && !g_error_matches(missing, RLC_ERROR, RLC_ERROR_NOT_FOUND))
		g_propagate_error(error, g_steal_pointer(&missing));
	return NULL;
}

/*
 * NAME is not a registry's, so what it leads to is never in the store under that name.  One image
 * is built in, and run_options_parse() took it already.
 */
static bool look_elsewhere(const char *name, bool *ret_elsewhere, GError **error)
{
	g_autoptr(Reference) reference = reference_parse(name, NULL);

	*ret_elsewhere = reference && reference->transport != TRANSPORT_DOCKER;
	if (reference && reference->transport == TRANSPORT_BUILTIN)
		return error_set(error, RLC_ERROR_NOT_FOUND,
				 "find image '%s': builtin:busybox is all that is built in", name);
	return true;
}

/* rlc-image prints the id of what it fetched, by which the store finds it. */
static char *pull(const RunOptions *options, int *ret_exit_code, GError **error)
{
	const char *args[] = {"pull", NULL, NULL, NULL, NULL};
	char *id = NULL;
	guint n = 1;

	if (options->platform) {
		args[n++] = "--platform";
		args[n++] = options->platform;
	}
	args[n++] = options->image;
	if (!image_program_read(args, &id, ret_exit_code, error))
		return NULL;
	g_strchomp(id);
	return id;
}

static bool wants_pull(const RunOptions *options, const StoreImage *found)
{
	switch (options->pull) {
	case PULL_NEVER:
		return false;
	case PULL_ALWAYS:
	case PULL_NEWER:
		return true;
	case PULL_MISSING:
		break;
	}
	return !found;
}

static bool fail_missing(const RunOptions *options, GError **error)
{
	const char *platform = options->platform ? options->platform : "";

	return error_set(error, RLC_ERROR_NOT_FOUND,
			 "find image '%s'%s%s: it is not in the store; fetch it: rlc pull %s%s%s%s",
			 options->image, options->platform ? " for " : "", platform,
			 options->platform ? "--platform " : "", platform,
			 options->platform ? " " : "", options->image);
}

/* The image, fetched if need be; NULL with *error or with *ret_exit_code set. */
static StoreImage *find_or_pull(const RunOptions *options, Store **store, int *ret_exit_code,
				GError **error)
{
	g_autoptr(GError) failed = NULL;
	g_autoptr(StoreImage) found = NULL, fetched = NULL;
	g_autofree char *id = NULL;
	bool elsewhere;

	if (!look_elsewhere(options->image, &elsewhere, error))
		return NULL;
	if (!elsewhere) {
		found = look_up(options->image, options->platform, store, &failed);
		if (failed) {
			g_propagate_error(error, g_steal_pointer(&failed));
			return NULL;
		}
	}
	if (!wants_pull(options, found)) {
		if (!found)
			fail_missing(options, error);
		return g_steal_pointer(&found);
	}
	id = pull(options, ret_exit_code, error);
	if (id && *ret_exit_code == 0)
		fetched = look_up(id, NULL, store, error);
	if (fetched || options->pull != PULL_NEWER || !found)
		return g_steal_pointer(&fetched);
	g_clear_error(error);
	*ret_exit_code = 0;
	log_warn("image '%s' could not be looked up; what is in the store will do", options->image);
	return g_steal_pointer(&found);
}

/* What the mount shows is the Spec's, as the layers of its root are. */
static bool resolve_mount(const RunOptions *options, SpecMount *mount, GArray *holds,
			  int *ret_exit_code, GError **error)
{
	RunOptions wanted = {
		.image = mount->source, .pull = options->pull, .platform = options->platform};
	g_autoptr(Store) store = NULL;
	g_autoptr(StoreImage) image = find_or_pull(&wanted, &store, ret_exit_code, error);
	g_autoptr(GPtrArray) layers = image ? take_layers(store, image, holds, error) : NULL;

	if (!layers)
		return *ret_exit_code != 0;
	for (guint i = 0; i < layers->len; i++)
		g_ptr_array_add(mount->options, g_strconcat(VOLUME_LAYER, layers->pdata[i], NULL));
	return true;
}

static bool resolve_mounts(const RunOptions *options, GArray *holds, int *ret_exit_code,
			   GError **error)
{
	for (guint i = 0; i < options->spec->mounts->len && *ret_exit_code == 0; i++) {
		SpecMount *mount = &g_array_index(options->spec->mounts, SpecMount, i);

		if (strcmp(mount->type, "image") == 0 &&
		    !resolve_mount(options, mount, holds, ret_exit_code, error))
			return false;
	}
	return true;
}

bool run_image_prepare(RunOptions *options, GArray *holds, int *ret_exit_code, GError **error)
{
	Spec *spec = options->spec;
	g_autoptr(Store) store = NULL;
	g_autoptr(StoreImage) image = NULL;

	*ret_exit_code = 0;
	if (!resolve_mounts(options, holds, ret_exit_code, error))
		return false;
	if (!options->image || *ret_exit_code != 0)
		return true;
	image = find_or_pull(options, &store, ret_exit_code, error);
	if (!image)
		return *ret_exit_code != 0;
	spec->rlc.image = g_strdup(options->image);
	spec->rlc.image_id = g_strdup(store_image_id(image));
	spec->root.kind = ROOT_LAYERS;
	spec->root.layers = take_layers(store, image, holds, error);
	return spec->root.layers && run_image_apply(options, image, error);
}

/* The path of a layer's root is STORE/layers/HEX/diff; what the store is called today counts not.
 */
static bool hold_layer(const char *path, GArray *holds, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(path);
	g_autofree char *layers = g_path_get_dirname(directory);
	g_autofree char *place = g_path_get_dirname(layers);
	g_autofree char *hex = g_path_get_basename(directory);
	g_autoptr(Store) store = store_open(place, false, error);
	g_autofree char *layer = g_strconcat("sha256:", hex, NULL);
	int hold = store ? store_hold_layer(store, layer, error) : -1;

	if (hold < 0)
		return false;
	g_array_append_val(holds, hold);
	return true;
}

static bool hold_mount(const SpecMount *mount, GArray *holds, GError **error)
{
	for (guint i = 0; strcmp(mount->type, "image") == 0 && i < mount->options->len; i++) {
		const char *option = g_ptr_array_index(mount->options, i);

		if (g_str_has_prefix(option, VOLUME_LAYER) &&
		    !hold_layer(option + strlen(VOLUME_LAYER), holds, error))
			return false;
	}
	return true;
}

bool run_image_hold(const Spec *spec, GArray *holds, GError **error)
{
	const GPtrArray *layers = spec->root.layers;

	for (guint i = 0; spec->root.kind == ROOT_LAYERS && i < layers->len; i++) {
		if (!hold_layer(g_ptr_array_index(layers, i), holds, error))
			return false;
	}
	for (guint i = 0; i < spec->mounts->len; i++) {
		if (!hold_mount(&g_array_index(spec->mounts, SpecMount, i), holds, error))
			return false;
	}
	return true;
}
