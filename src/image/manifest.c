/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/manifest.h"

#include <jansson.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/error.h"
#include "image/digest.h"

#define VARIANT_MAX 1000
#define REF_NAME    "org.opencontainers.image.ref.name"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

void descriptor_clear(Descriptor *descriptor)
{
	g_clear_pointer(&descriptor->media_type, g_free);
	g_clear_pointer(&descriptor->digest, g_free);
}

void descriptor_free(Descriptor *descriptor)
{
	descriptor_clear(descriptor);
	g_free(descriptor);
}

Descriptor *descriptor_new(const char *media_type, const char *digest, uint64_t size)
{
	Descriptor *descriptor = g_new0(Descriptor, 1);

	descriptor->media_type = g_strdup(media_type);
	descriptor->digest = g_strdup(digest);
	descriptor->size = size;
	return descriptor;
}

void platform_clear(Platform *platform)
{
	g_clear_pointer(&platform->os, g_free);
	g_clear_pointer(&platform->architecture, g_free);
	g_clear_pointer(&platform->variant, g_free);
}

static void index_entry_free(IndexEntry *entry)
{
	descriptor_clear(&entry->descriptor);
	platform_clear(&entry->platform);
	g_free(entry->ref_name);
	g_free(entry);
}

void manifest_free(Manifest *manifest)
{
	if (!manifest)
		return;
	g_free(manifest->media_type);
	descriptor_clear(&manifest->config);
	g_clear_pointer(&manifest->entries, g_ptr_array_unref);
	g_clear_pointer(&manifest->layers, g_ptr_array_unref);
	g_free(manifest);
}

/* -------------------------------------------------------------------------------- reading JSON */

static bool refuse(GError **error, const char *what, const char *why)
{
	return error_set(error, RLC_ERROR_FAILED, "read %s: %s", what, why);
}

static json_t *parse_object(const char *text, size_t length, const char *what, GError **error)
{
	json_error_t where;
	json_t *root;

	if (length > MANIFEST_MAX) {
		refuse(error, what, "it is larger than 4 MiB");
		return NULL;
	}
	root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);
	if (!root) {
		error_set(error, RLC_ERROR_FAILED, "read %s: line %d, column %d: %s", what,
			  where.line, where.column, where.text);
		return NULL;
	}
	if (!json_is_object(root)) {
		json_decref(root);
		refuse(error, what, "it is no JSON object");
		return NULL;
	}
	return root;
}

static bool wrong_member(GError **error, const char *what, const char *key, const char *wanted)
{
	return error_set(error, RLC_ERROR_FAILED, "read %s: \"%s\" is not %s", what, key, wanted);
}

/* A member that is missing or null is left as it is. */
static bool get_text(json_t *object, const char *key, char **ret, const char *what, GError **error)
{
	json_t *value = json_object_get(object, key);

	if (!value || json_is_null(value))
		return true;
	if (!json_is_string(value))
		return wrong_member(error, what, key, "a string");
	g_free(*ret);
	*ret = g_strdup(json_string_value(value));
	return true;
}

static bool get_list(json_t *object, const char *key, GPtrArray *list, const char *what,
		     GError **error)
{
	json_t *value = json_object_get(object, key), *element;
	size_t i;

	if (!value || json_is_null(value))
		return true;
	if (!json_is_array(value))
		return wrong_member(error, what, key, "a list of strings");
	json_array_foreach(value, i, element)
	{
		if (!json_is_string(element))
			return wrong_member(error, what, key, "a list of strings");
		store_list_add(list, json_string_value(element));
	}
	return true;
}

static bool get_number(json_t *object, const char *key, int64_t *ret, const char *what,
		       GError **error)
{
	json_t *value = json_object_get(object, key);

	if (!value || json_is_null(value))
		return true;
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return wrong_member(error, what, key, "a number from 0 on");
	*ret = json_integer_value(value);
	return true;
}

/* An object as a list of its keys, or of KEY=VALUE where the values are strings that matter. */
static bool get_keys(json_t *object, const char *key, bool with_values, GPtrArray *list,
		     const char *what, GError **error)
{
	json_t *value = json_object_get(object, key), *element;
	const char *name;

	if (!value || json_is_null(value))
		return true;
	if (!json_is_object(value))
		return wrong_member(error, what, key, "an object");
	json_object_foreach(value, name, element)
	{
		g_autofree char *text = NULL;

		if (!with_values) {
			store_list_add(list, name);
			continue;
		}
		if (!json_is_string(element))
			return wrong_member(error, what, key, "an object of strings");
		text = g_strconcat(name, "=", json_string_value(element), NULL);
		store_list_add(list, text);
	}
	return true;
}

static bool get_object(json_t *object, const char *key, json_t **ret, const char *what,
		       GError **error)
{
	json_t *value = json_object_get(object, key);

	if (value && !json_is_null(value) && !json_is_object(value))
		return wrong_member(error, what, key, "an object");
	*ret = json_is_object(value) ? value : NULL;
	return true;
}

/* ------------------------------------------------------------------------------------ documents */

static bool read_descriptor(json_t *object, Descriptor *descriptor, const char *what,
			    GError **error)
{
	int64_t size = -1;

	if (!json_is_object(object))
		return refuse(error, what, "a descriptor is not an object");
	if (!get_text(object, "mediaType", &descriptor->media_type, what, error) ||
	    !get_text(object, "digest", &descriptor->digest, what, error) ||
	    !get_number(object, "size", &size, what, error))
		return false;
	if (!descriptor->media_type || !descriptor->digest || size < 0)
		return refuse(error, what, "a descriptor lacks mediaType, digest or size");
	if (!digest_is_valid(descriptor->digest))
		return error_set(error, RLC_ERROR_FAILED,
				 "read %s: '%s' is no sha256 digest: only that is taken", what,
				 descriptor->digest);
	descriptor->size = (uint64_t)size;
	return true;
}

static bool read_platform(json_t *object, IndexEntry *entry, const char *what, GError **error)
{
	json_t *platform = NULL, *annotations = NULL;

	if (!get_object(object, "platform", &platform, what, error) ||
	    !get_object(object, "annotations", &annotations, what, error))
		return false;
	return (!platform ||
		(get_text(platform, "os", &entry->platform.os, what, error) &&
		 get_text(platform, "architecture", &entry->platform.architecture, what, error) &&
		 get_text(platform, "variant", &entry->platform.variant, what, error))) &&
	       (!annotations || get_text(annotations, REF_NAME, &entry->ref_name, what, error));
}

static bool read_index(json_t *root, Manifest *manifest, const char *what, GError **error)
{
	json_t *list = json_object_get(root, "manifests"), *element;
	size_t i;

	if (!json_is_array(list))
		return wrong_member(error, what, "manifests", "a list");
	manifest->is_index = true;
	manifest->entries = g_ptr_array_new_with_free_func((GDestroyNotify)index_entry_free);
	json_array_foreach(list, i, element)
	{
		IndexEntry *entry = g_new0(IndexEntry, 1);

		g_ptr_array_add(manifest->entries, entry);
		if (!read_descriptor(element, &entry->descriptor, what, error) ||
		    !read_platform(element, entry, what, error))
			return false;
	}
	return true;
}

static bool is_layer_type(const char *type)
{
	static const char *const endings[] = {"", "+gzip", "+zstd", ".gzip", ".zstd"};
	const char *rest = NULL;

	if (g_str_has_prefix(type, MEDIA_OCI_LAYER))
		rest = type + strlen(MEDIA_OCI_LAYER);
	else if (g_str_has_prefix(type, MEDIA_DOCKER_LAYER))
		rest = type + strlen(MEDIA_DOCKER_LAYER);
	for (size_t i = 0; rest && i < G_N_ELEMENTS(endings); i++) {
		if (strcmp(rest, endings[i]) == 0)
			return true;
	}
	return false;
}

static bool read_layers(json_t *root, Manifest *manifest, const char *what, GError **error)
{
	json_t *list = json_object_get(root, "layers"), *element;
	size_t i;

	if (!json_is_array(list))
		return wrong_member(error, what, "layers", "a list");
	if (json_array_size(list) > MANIFEST_LAYERS_MAX)
		return refuse(error, what, "it has more than 500 layers");
	manifest->layers = g_ptr_array_new_with_free_func((GDestroyNotify)descriptor_free);
	json_array_foreach(list, i, element)
	{
		Descriptor *layer = g_new0(Descriptor, 1);

		g_ptr_array_add(manifest->layers, layer);
		if (!read_descriptor(element, layer, what, error))
			return false;
		if (!is_layer_type(layer->media_type))
			return error_set(error, RLC_ERROR_UNSUPPORTED,
					 "read %s: a layer of type '%s' cannot be unpacked", what,
					 layer->media_type);
	}
	return true;
}

static bool read_manifest(json_t *root, Manifest *manifest, const char *what, GError **error)
{
	const char *type;

	if (!read_descriptor(json_object_get(root, "config"), &manifest->config, what, error))
		return false;
	type = manifest->config.media_type;
	if (strcmp(type, MEDIA_OCI_CONFIG) != 0 && strcmp(type, MEDIA_DOCKER_CONFIG) != 0)
		return error_set(error, RLC_ERROR_UNSUPPORTED,
				 "read %s: it is no image: its configuration is of type '%s'", what,
				 type);
	return read_layers(root, manifest, what, error);
}

static bool is_index_type(const char *type)
{
	return strcmp(type, MEDIA_OCI_INDEX) == 0 || strcmp(type, MEDIA_DOCKER_LIST) == 0;
}

static bool is_manifest_type(const char *type)
{
	return strcmp(type, MEDIA_OCI_MANIFEST) == 0 || strcmp(type, MEDIA_DOCKER_MANIFEST) == 0;
}

/*
 * What is it? The document, its own mediaType and the source's must not contradict one another:
 * else two programs would see two images under one digest.
 */
static bool check_type(json_t *root, Manifest *manifest, const char *said, const char *what,
		       GError **error)
{
	bool has_index = json_object_get(root, "manifests") != NULL;
	bool has_layers = json_object_get(root, "layers") || json_object_get(root, "config");

	if (!get_text(root, "mediaType", &manifest->media_type, what, error))
		return false;
	if (json_object_get(root, "fsLayers") || json_object_get(root, "signatures") ||
	    json_integer_value(json_object_get(root, "schemaVersion")) != 2)
		return error_set(error, RLC_ERROR_UNSUPPORTED,
				 "read %s: its schemaVersion is not 2; older manifests prove "
				 "nothing about their layers",
				 what);
	if (said && manifest->media_type && strcmp(said, manifest->media_type) != 0)
		return error_set(error, RLC_ERROR_FAILED,
				 "read %s: it was sent as '%s' but calls itself '%s'", what, said,
				 manifest->media_type);
	if (!manifest->media_type)
		manifest->media_type = g_strdup(said	    ? said
						: has_index ? MEDIA_OCI_INDEX
							    : MEDIA_OCI_MANIFEST);
	if (has_index && has_layers)
		return refuse(error, what, "it is an index and a manifest at once");
	if (is_index_type(manifest->media_type) ? has_layers : has_index)
		return refuse(error, what, "it does not hold what its mediaType says");
	if (!is_index_type(manifest->media_type) && !is_manifest_type(manifest->media_type))
		return error_set(error, RLC_ERROR_UNSUPPORTED, "read %s: '%s' is no image manifest",
				 what, manifest->media_type);
	return true;
}

Manifest *manifest_parse(const char *text, size_t length, const char *media_type, const char *what,
			 GError **error)
{
	g_autoptr(json_t) root = parse_object(text, length, what, error);
	g_autoptr(Manifest) manifest = g_new0(Manifest, 1);

	if (!root || !check_type(root, manifest, media_type, what, error))
		return NULL;
	if (!(is_index_type(manifest->media_type) ? read_index : read_manifest)(root, manifest,
										what, error))
		return NULL;
	return g_steal_pointer(&manifest);
}

/* ------------------------------------------------------------------------------------- platforms
 */

static const struct {
	const char *machine, *architecture, *variant;
} machines[] = {
	{"x86_64", "amd64", NULL},
	{"i686", "386", NULL},
	{"i386", "386", NULL},
	{"aarch64", "arm64", "v8"},
	{"armv7l", "arm", "v7"},
	{"armv6l", "arm", "v6"},
	{"armv8l", "arm", "v8"},
	{"ppc64le", "ppc64le", NULL},
	{"riscv64", "riscv64", NULL},
	{"s390x", "s390x", NULL},
	{"loongarch64", "loong64", NULL},
};

static bool platform_of_machine(Platform *platform, GError **error)
{
	struct utsname uts;

	uname(&uts);
	for (size_t i = 0; i < G_N_ELEMENTS(machines); i++) {
		if (strcmp(uts.machine, machines[i].machine) == 0) {
			platform->os = g_strdup("linux");
			platform->architecture = g_strdup(machines[i].architecture);
			platform->variant = g_strdup(machines[i].variant);
			return true;
		}
	}
	return error_set(error, RLC_ERROR_UNSUPPORTED,
			 "name this machine's platform: '%s' is unknown; give --platform",
			 uts.machine);
}

bool platform_parse(const char *text, Platform *ret_platform, GError **error)
{
	g_auto(GStrv) words = text ? g_strsplit(text, "/", -1) : NULL;
	guint count = words ? g_strv_length(words) : 0;

	if (!text)
		return platform_of_machine(ret_platform, error);
	for (guint i = 0; i < count; i++) {
		if (!g_ascii_isalnum(*words[i]) ||
		    strspn(words[i], "abcdefghijklmnopqrstuvwxyz0123456789._-") != strlen(words[i]))
			count = 0;
	}
	if (count < 2 || count > 3)
		return error_set(error, RLC_ERROR_USAGE,
				 "read platform '%s': it is OS/ARCHITECTURE[/VARIANT], as "
				 "linux/arm64",
				 text);
	*ret_platform = (Platform){g_strdup(words[0]), g_strdup(words[1]),
				   count == 3 ? g_strdup(words[2]) : NULL};
	return true;
}

char *platform_text(const Platform *platform)
{
	return g_strjoin("/", platform->os ? platform->os : "unknown",
			 platform->architecture ? platform->architecture : "unknown",
			 platform->variant, NULL);
}

static bool is_machine(const Platform *have, const Platform *wanted)
{
	return g_strcmp0(have->os, wanted->os) == 0 &&
	       g_strcmp0(have->architecture, wanted->architecture) == 0;
}

/* Of "v7" 7. One that is not named is the least there is, but of "arm" the usual one. */
static int variant_level(const Platform *platform)
{
	if (!platform->variant)
		return g_strcmp0(platform->architecture, "arm") == 0 ? 7 : 0;
	return *platform->variant == 'v'
		       ? (int)MIN(g_ascii_strtoull(platform->variant + 1, NULL, 10), VARIANT_MAX)
		       : 0;
}

/*
 * How well a variant fits: best the one asked for, then the highest of those below, which such a
 * processor runs too.  What is above may run if it is the only one.
 */
static int variant_rank(const Platform *have, const Platform *wanted)
{
	int level = variant_level(have);

	if (g_strcmp0(have->variant, wanted->variant) == 0)
		return VARIANT_MAX + 1;
	return level <= variant_level(wanted) ? level : -level;
}

static const IndexEntry *find_platform(const Manifest *index, const Platform *platform)
{
	const IndexEntry *best = NULL;

	for (guint i = 0; i < index->entries->len; i++) {
		const IndexEntry *entry = g_ptr_array_index(index->entries, i);

		if (is_machine(&entry->platform, platform) &&
		    (!best || variant_rank(&entry->platform, platform) >
				      variant_rank(&best->platform, platform)))
			best = entry;
	}
	return best;
}

const IndexEntry *manifest_choose(const Manifest *index, const Platform *platform, const char *what,
				  GError **error)
{
	g_autofree char *wanted = platform_text(platform);
	g_autoptr(GString) known = g_string_new(NULL);
	const IndexEntry *found = find_platform(index, platform);

	if (found)
		return found;
	for (guint i = 0; i < index->entries->len; i++) {
		const IndexEntry *entry = g_ptr_array_index(index->entries, i);
		g_autofree char *text = platform_text(&entry->platform);

		if (g_strcmp0(entry->platform.os, "unknown") != 0)
			g_string_append_printf(known, "%s%s", known->len ? ", " : "", text);
	}
	error_set(error, RLC_ERROR_NOT_FOUND, "read %s: no image for %s; there are: %s", what,
		  wanted, known->len ? known->str : "none");
	return NULL;
}

/* --------------------------------------------------------------------------------- configuration
 */

static bool read_diff_ids(json_t *root, guint layers, StoreImage *image, const char *what,
			  GError **error)
{
	json_t *rootfs = NULL;

	if (!get_object(root, "rootfs", &rootfs, what, error))
		return false;
	if (!rootfs)
		return refuse(error, what, "it has no \"rootfs\"");
	if (!get_list(rootfs, "diff_ids", image->layers, what, error))
		return false;
	if (image->layers->len != layers)
		return error_set(error, RLC_ERROR_FAILED,
				 "read %s: it speaks of %u layers, the manifest of %u", what,
				 image->layers->len, layers);
	for (guint i = 0; i < layers; i++) {
		if (!digest_is_valid(g_ptr_array_index(image->layers, i)))
			return refuse(error, what, "a diff id is no sha256 digest");
	}
	return true;
}

/* Only NAME=VALUE: a bare NAME must never mean a variable of the host. */
static bool read_env(json_t *config, StoreImage *image, const char *what, GError **error)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);

	if (!get_list(config, "Env", all, what, error))
		return false;
	for (guint i = 0; i < all->len; i++) {
		const char *text = g_ptr_array_index(all, i);

		if (*text != '=' && strchr(text, '='))
			store_list_add(image->env, text);
	}
	return true;
}

static bool read_healthcheck(json_t *config, StoreImage *image, const char *what, GError **error)
{
	json_t *health = NULL;

	if (!get_object(config, "Healthcheck", &health, what, error))
		return false;
	return !health ||
	       (get_list(health, "Test", image->healthcheck, what, error) &&
		get_number(health, "Interval", &image->health_interval, what, error) &&
		get_number(health, "Timeout", &image->health_timeout, what, error) &&
		get_number(health, "StartPeriod", &image->health_start_period, what, error) &&
		get_number(health, "StartInterval", &image->health_start_interval, what, error) &&
		get_number(health, "Retries", &image->health_retries, what, error));
}

static bool read_process(json_t *config, StoreImage *image, const char *what, GError **error)
{
	return get_list(config, "Entrypoint", image->entrypoint, what, error) &&
	       get_list(config, "Cmd", image->cmd, what, error) &&
	       read_env(config, image, what, error) &&
	       get_text(config, "User", &image->user, what, error) &&
	       get_text(config, "WorkingDir", &image->workdir, what, error) &&
	       get_text(config, "StopSignal", &image->stop_signal, what, error) &&
	       get_keys(config, "ExposedPorts", false, image->ports, what, error) &&
	       get_keys(config, "Volumes", false, image->volumes, what, error) &&
	       get_keys(config, "Labels", true, image->labels, what, error) &&
	       read_healthcheck(config, image, what, error);
}

bool manifest_read_config(const char *text, size_t length, guint layers, StoreImage *image,
			  const char *what, GError **error)
{
	g_autoptr(json_t) root = parse_object(text, length, what, error);
	g_autoptr(GDateTime) created = NULL;
	g_autofree char *date = NULL;
	json_t *config = NULL;

	if (!root || !get_object(root, "config", &config, what, error) ||
	    !get_text(root, "os", &image->os, what, error) ||
	    !get_text(root, "architecture", &image->architecture, what, error) ||
	    !get_text(root, "variant", &image->variant, what, error) ||
	    !get_text(root, "created", &date, what, error) ||
	    !read_diff_ids(root, layers, image, what, error))
		return false;
	created = date ? g_date_time_new_from_iso8601(date, NULL) : NULL;
	image->created = created ? g_date_time_to_unix(created) : 0;
	return !config || read_process(config, image, what, error);
}

/* --------------------------------------------------------------------------------------- writing
 */

static char *dump(json_t *root)
{
	char *text = json_dumps(root, JSON_COMPACT);
	char *copy = g_strdup(text);

	free(text);
	return copy;
}

static json_t *text_or_null(const char *text)
{
	return text && *text ? json_string(text) : NULL;
}

static void set_list(json_t *object, const char *key, const GPtrArray *list)
{
	json_t *array = json_array();

	for (guint i = 0; i < list->len; i++)
		json_array_append_new(array, json_string(g_ptr_array_index(list, i)));
	if (list->len)
		json_object_set_new(object, key, array);
	else
		json_decref(array);
}

/* "NAME=VALUE" becomes a member with a string, "NAME" one with an empty object. */
static void set_keys(json_t *object, const char *key, const GPtrArray *list, bool with_values)
{
	json_t *map = json_object();

	for (guint i = 0; i < list->len; i++) {
		const char *text = g_ptr_array_index(list, i);
		const char *equals = with_values ? strchr(text, '=') : NULL;
		g_autofree char *name =
			equals ? g_strndup(text, (gsize)(equals - text)) : g_strdup(text);

		json_object_set_new(map, name, equals ? json_string(equals + 1) : json_object());
	}
	if (list->len)
		json_object_set_new(object, key, map);
	else
		json_decref(map);
}

static void set_number(json_t *object, const char *key, int64_t number)
{
	if (number != 0)
		json_object_set_new(object, key, json_integer(number));
}

static json_t *write_healthcheck(const StoreImage *like)
{
	json_t *health = json_object();

	set_list(health, "Test", like->healthcheck);
	set_number(health, "Interval", like->health_interval);
	set_number(health, "Timeout", like->health_timeout);
	set_number(health, "StartPeriod", like->health_start_period);
	set_number(health, "StartInterval", like->health_start_interval);
	set_number(health, "Retries", like->health_retries);
	return health;
}

static json_t *write_process(const StoreImage *like)
{
	json_t *config = json_object();

	if (!like)
		return config;
	set_list(config, "Entrypoint", like->entrypoint);
	set_list(config, "Cmd", like->cmd);
	set_list(config, "Env", like->env);
	set_keys(config, "ExposedPorts", like->ports, false);
	set_keys(config, "Volumes", like->volumes, false);
	set_keys(config, "Labels", like->labels, true);
	json_object_set_new(config, "User", text_or_null(like->user));
	json_object_set_new(config, "WorkingDir", text_or_null(like->workdir));
	json_object_set_new(config, "StopSignal", text_or_null(like->stop_signal));
	if (like->healthcheck->len)
		json_object_set_new(config, "Healthcheck", write_healthcheck(like));
	return config;
}

static guint count_layers(const json_t *entries)
{
	guint count = 0;
	const json_t *entry;
	size_t i;

	json_array_foreach(entries, i, entry)
	{
		if (!json_is_true(json_object_get(entry, "empty_layer")))
			count++;
	}
	return count;
}

/* Of the layers below: their own, if it speaks of as many as there are; else what is known. */
static json_t *write_base_history(const char *base, guint layers, const char *date)
{
	g_autoptr(json_t) root = base ? json_loads(base, JSON_REJECT_DUPLICATES, NULL) : NULL;
	json_t *entries = json_object_get(root, "history");

	if (json_is_array(entries) && count_layers(entries) == layers)
		return json_deep_copy(entries);
	entries = json_array();
	for (guint i = 0; i < layers; i++)
		json_array_append_new(entries, json_pack("{s:s}", "created", date));
	return entries;
}

static json_t *write_history(const ManifestHistory *history, guint layers, const char *date)
{
	json_t *entries = write_base_history(history->base, layers > 0 ? layers - 1 : 0, date);
	json_t *entry = json_pack("{s:s, s:s}", "created", date, "created_by", history->created_by);

	json_object_set_new(entry, "author", text_or_null(history->author));
	json_object_set_new(entry, "comment", text_or_null(history->comment));
	json_array_append_new(entries, entry);
	return entries;
}

char *manifest_write_config(const Platform *platform, GPtrArray *diff_ids, const StoreImage *like,
			    const ManifestHistory *history)
{
	g_autoptr(json_t) root = json_object();
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autofree char *date = g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");
	json_t *rootfs = json_object();

	json_object_set_new(root, "created", json_string(date));
	json_object_set_new(root, "author", text_or_null(history->author));
	json_object_set_new(root, "architecture", json_string(platform->architecture));
	json_object_set_new(root, "variant", text_or_null(platform->variant));
	json_object_set_new(root, "os", json_string(platform->os));
	json_object_set_new(root, "config", write_process(like));
	json_object_set_new(rootfs, "type", json_string("layers"));
	json_object_set_new(rootfs, "diff_ids", json_array());
	set_list(rootfs, "diff_ids", diff_ids);
	json_object_set_new(root, "rootfs", rootfs);
	json_object_set_new(root, "history", write_history(history, diff_ids->len, date));
	return dump(root);
}

static json_t *write_descriptor(const Descriptor *descriptor)
{
	return json_pack("{s:s, s:s, s:I}", "mediaType", descriptor->media_type, "digest",
			 descriptor->digest, "size", (json_int_t)descriptor->size);
}

char *manifest_write(const Descriptor *config, GPtrArray *layers)
{
	g_autoptr(json_t) root = json_object();
	json_t *list = json_array();

	json_object_set_new(root, "schemaVersion", json_integer(2));
	json_object_set_new(root, "mediaType", json_string(MEDIA_OCI_MANIFEST));
	json_object_set_new(root, "config", write_descriptor(config));
	for (guint i = 0; i < layers->len; i++)
		json_array_append_new(list, write_descriptor(g_ptr_array_index(layers, i)));
	json_object_set_new(root, "layers", list);
	return dump(root);
}
