/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/store.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "image/digest.h"
#include "image/reference.h"

#define MERGED_LAYERS_MIN 12 /* fewer cost an overlay little */
#define IMAGE_FILE_MAX	  (8 << 20)
#define ID_PREFIX_MIN	  3

/* The first and the last record of an image's file */
#define HEAD "rlc-image=1"
#define TAIL "end="

typedef enum {
	FIELD_TEXT,
	FIELD_NUMBER,
	FIELD_LIST
} FieldKind;

static const struct {
	const char *key;
	FieldKind kind;
	size_t offset;
} fields[] = {
	{"index", FIELD_TEXT, offsetof(StoreImage, index)},
	{"manifest", FIELD_TEXT, offsetof(StoreImage, manifest)},
	{"config", FIELD_TEXT, offsetof(StoreImage, config)},
	{"os", FIELD_TEXT, offsetof(StoreImage, os)},
	{"architecture", FIELD_TEXT, offsetof(StoreImage, architecture)},
	{"variant", FIELD_TEXT, offsetof(StoreImage, variant)},
	{"created", FIELD_NUMBER, offsetof(StoreImage, created)},
	{"pulled", FIELD_NUMBER, offsetof(StoreImage, pulled)},
	{"size", FIELD_NUMBER, offsetof(StoreImage, size)},
	{"layer", FIELD_LIST, offsetof(StoreImage, layers)},
	{"tree", FIELD_LIST, offsetof(StoreImage, trees)},
	{"entrypoint", FIELD_LIST, offsetof(StoreImage, entrypoint)},
	{"cmd", FIELD_LIST, offsetof(StoreImage, cmd)},
	{"env", FIELD_LIST, offsetof(StoreImage, env)},
	{"port", FIELD_LIST, offsetof(StoreImage, ports)},
	{"volume", FIELD_LIST, offsetof(StoreImage, volumes)},
	{"label", FIELD_LIST, offsetof(StoreImage, labels)},
	{"user", FIELD_TEXT, offsetof(StoreImage, user)},
	{"workdir", FIELD_TEXT, offsetof(StoreImage, workdir)},
	{"stop-signal", FIELD_TEXT, offsetof(StoreImage, stop_signal)},
	{"healthcheck", FIELD_LIST, offsetof(StoreImage, healthcheck)},
	{"health-interval", FIELD_NUMBER, offsetof(StoreImage, health_interval)},
	{"health-timeout", FIELD_NUMBER, offsetof(StoreImage, health_timeout)},
	{"health-start-period", FIELD_NUMBER, offsetof(StoreImage, health_start_period)},
	{"health-start-interval", FIELD_NUMBER, offsetof(StoreImage, health_start_interval)},
	{"health-retries", FIELD_NUMBER, offsetof(StoreImage, health_retries)},
};

G_STATIC_ASSERT(sizeof(int64_t) == sizeof(((StoreImage *)0)->size));

static char **field_text(const StoreImage *image, size_t field)
{
	return (char **)((char *)image + fields[field].offset);
}

static int64_t *field_number(const StoreImage *image, size_t field)
{
	return (int64_t *)((char *)image + fields[field].offset);
}

static GPtrArray **field_list(const StoreImage *image, size_t field)
{
	return (GPtrArray **)((char *)image + fields[field].offset);
}

StoreImage *store_image_new(void)
{
	StoreImage *image = g_new0(StoreImage, 1);

	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		if (fields[i].kind == FIELD_LIST) {
			GPtrArray *list = g_ptr_array_new_with_free_func(g_free);

			g_ptr_array_add(list, NULL);
			g_ptr_array_set_size(list, 0);
			*field_list(image, i) = list;
		}
	}
	return image;
}

void store_image_free(StoreImage *image)
{
	if (!image)
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		if (fields[i].kind == FIELD_TEXT)
			g_free(*field_text(image, i));
		else if (fields[i].kind == FIELD_LIST)
			g_ptr_array_unref(*field_list(image, i));
	}
	g_free(image->name);
	g_free(image);
}

void store_list_add(GPtrArray *list, const char *text)
{
	g_ptr_array_add(list, g_strdup(text));
	g_ptr_array_add(list, NULL);
	list->len--;
}

const char *store_image_id(const StoreImage *image)
{
	return digest_hex(image->config);
}

const char *store_image_tree(const StoreImage *image, guint i)
{
	return g_ptr_array_index(image->trees->len ? image->trees : image->layers, i);
}

/* Of the first layer its diff id; of each that follows, the digest of the chain so far and its own.
 */
char *store_image_chain_of(const StoreImage *image, guint count)
{
	char *chain = g_strdup(g_ptr_array_index(image->layers, 0));

	for (guint i = 1; i < count; i++) {
		g_autofree char *pair = g_strdup_printf(
			"%s %s", chain, (const char *)g_ptr_array_index(image->layers, i));

		g_free(chain);
		chain = digest_of(pair, strlen(pair));
	}
	return chain;
}

char *store_image_chain(const StoreImage *image)
{
	return image->layers->len < MERGED_LAYERS_MIN
		       ? NULL
		       : store_image_chain_of(image, image->layers->len);
}

/* ------------------------------------------------------------------------ the form of names/ */

static void write_record(GByteArray *bytes, const char *key, const char *value)
{
	g_byte_array_append(bytes, (const guint8 *)key, (guint)strlen(key));
	g_byte_array_append(bytes, (const guint8 *)"=", 1);
	g_byte_array_append(bytes, (const guint8 *)value, (guint)strlen(value) + 1);
}

static void write_field(GByteArray *bytes, const StoreImage *image, size_t field)
{
	const char *key = fields[field].key;
	char number[32];

	switch (fields[field].kind) {
	case FIELD_TEXT:
		if (*field_text(image, field))
			write_record(bytes, key, *field_text(image, field));
		break;
	case FIELD_NUMBER:
		g_snprintf(number, sizeof number, "%" G_GINT64_FORMAT, *field_number(image, field));
		write_record(bytes, key, number);
		break;
	case FIELD_LIST:
		for (guint i = 0; i < (*field_list(image, field))->len; i++)
			write_record(bytes, key, g_ptr_array_index(*field_list(image, field), i));
		break;
	}
}

GBytes *store_image_serialize(const StoreImage *image)
{
	GByteArray *bytes = g_byte_array_new();

	g_byte_array_append(bytes, (const guint8 *)HEAD, sizeof HEAD);
	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
		write_field(bytes, image, i);
	g_byte_array_append(bytes, (const guint8 *)TAIL, sizeof TAIL);
	return g_byte_array_free_to_bytes(bytes);
}

/* Records of keys that a later version may have added are passed over. */
static bool read_record(StoreImage *image, const char *record)
{
	const char *value = strchr(record, '=');
	char *end;

	if (!value)
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		if (strncmp(fields[i].key, record, (size_t)(value - record)) != 0 ||
		    fields[i].key[value - record])
			continue;
		switch (fields[i].kind) {
		case FIELD_TEXT:
			g_free(*field_text(image, i));
			*field_text(image, i) = g_strdup(value + 1);
			return true;
		case FIELD_NUMBER:
			*field_number(image, i) = g_ascii_strtoll(value + 1, &end, 10);
			return end != value + 1 && !*end;
		case FIELD_LIST:
			store_list_add(*field_list(image, i), value + 1);
			return true;
		}
	}
	return true;
}

static bool image_is_whole(const StoreImage *image)
{
	if (!image->manifest || !digest_is_valid(image->manifest) || !image->config ||
	    !digest_is_valid(image->config) || !image->index || !digest_is_valid(image->index))
		return false;
	for (guint i = 0; i < image->layers->len; i++) {
		if (!digest_is_valid(g_ptr_array_index(image->layers, i)))
			return false;
	}
	for (guint i = 0; i < image->trees->len; i++) {
		if (!digest_is_valid(g_ptr_array_index(image->trees, i)))
			return false;
	}
	return image->trees->len == 0 || image->trees->len == image->layers->len;
}

StoreImage *store_image_parse(const char *name, const void *data, size_t length, GError **error)
{
	g_autoptr(StoreImage) image = store_image_new();
	const char *at = data, *end = at + length;

	if (length < sizeof HEAD + sizeof TAIL || memcmp(at, HEAD, sizeof HEAD) != 0 ||
	    memcmp(end - sizeof TAIL, TAIL, sizeof TAIL) != 0) {
		error_set(error, RLC_ERROR_FAILED, "read image '%s' of the store: it is damaged",
			  name);
		return NULL;
	}
	image->name = g_strdup(name);
	/* the last byte is a NUL, so every record ends within the data */
	for (at += sizeof HEAD; at < end - sizeof TAIL; at += strlen(at) + 1) {
		if (!read_record(image, at)) {
			error_set(error, RLC_ERROR_FAILED, "read image '%s' of the store: '%s'",
				  name, at);
			return NULL;
		}
	}
	if (!image_is_whole(image)) {
		error_set(error, RLC_ERROR_FAILED, "read image '%s' of the store: no valid digest",
			  name);
		return NULL;
	}
	return g_steal_pointer(&image);
}

/* --------------------------------------------------------------------------------- the store */

char *store_default_path(void)
{
	const char *path = g_getenv("RLC_STORE");
	const char *data = g_getenv("XDG_DATA_HOME");

	if (path && *path)
		return g_canonicalize_filename(path, NULL);
	if (geteuid() == 0)
		return g_strdup("/var/lib/rlc");
	if (data && *data == '/')
		return g_build_filename(data, "rlc", NULL);
	return g_build_filename(g_get_home_dir(), ".local", "share", "rlc", NULL);
}

void store_free(Store *store)
{
	if (!store)
		return;
	fd_close(&store->dir);
	g_free(store->path);
	g_free(store);
}

static bool store_check(const Store *store, GError **error)
{
	struct stat st;

	if (fstat(store->dir, &st) < 0)
		return error_errno(error, errno, "stat '%s'", store->path);
	if (st.st_uid != geteuid())
		return error_set(error, RLC_ERROR_UNSUPPORTED,
				 "open the store '%s': it belongs to uid %u, not to you",
				 store->path, st.st_uid);
	if (st.st_mode & 077)
		return error_set(error, RLC_ERROR_UNSUPPORTED,
				 "open the store '%s': it is open to others (mode %04o); chmod "
				 "0700 it if nobody else wrote there",
				 store->path, st.st_mode & 07777);
	return true;
}

static bool store_make_dirs(const Store *store, GError **error)
{
	static const char *const dirs[] = {"blobs", "blobs/sha256", "names", "layers", "tmp"};

	for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++) {
		if (mkdirat(store->dir, dirs[i], 0700) < 0 && errno != EEXIST)
			return error_errno(error, errno, "make '%s/%s'", store->path, dirs[i]);
	}
	return true;
}

bool store_is_on_overlay(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == OVERLAYFS_SUPER_MAGIC;
}

/* What can be told of any file system is said, else what a store has to be. */
static Store *refuse_store(const Store *store, GError **error)
{
	if (!hint_add_common(error))
		hint_add(error, HINT_STORE_DIR, store->path);
	return NULL;
}

/*
 * Where others may write, a link can be another user's, and lead to a directory of ours that is no
 * store.  One of our own, or of root's, is followed: it is read by its descriptor, so that nobody
 * puts another in its place meanwhile.
 */
static bool store_follow(Store *store, GError **error)
{
	auto_fd link = open(store->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	g_autofree char *parent = g_path_get_dirname(store->path), *path = NULL;
	char target[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (link < 0 || fstat(link, &st) < 0 || !S_ISLNK(st.st_mode))
		return true; /* who opens it without following will see */
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return error_set(error, RLC_ERROR_UNSUPPORTED,
				 "open the store '%s': it is a link of uid %u, neither root's nor "
				 "yours",
				 store->path, st.st_uid);
	n = readlinkat(link, "", target, sizeof target - 1);
	if (n < 0)
		return error_errno(error, errno, "read the link '%s'", store->path);
	target[n] = '\0';
	path = g_canonicalize_filename(target, parent);
	g_free(store->path);
	store->path = realpath(path, NULL);
	if (!store->path)
		store->path = g_steal_pointer(&path);
	return true;
}

Store *store_open(const char *path, bool create, GError **error)
{
	g_autoptr(Store) store = g_new0(Store, 1);

	store->path = path ? g_canonicalize_filename(path, NULL) : store_default_path();
	store->dir = -1;
	if (!store_follow(store, error))
		return refuse_store(store, error);
	if (create && g_mkdir_with_parents(store->path, 0700) < 0) {
		error_errno(error, errno, "make the store '%s'", store->path);
		return refuse_store(store, error);
	}
	store->dir = open(store->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (store->dir < 0 && errno == ENOENT && !create) {
		error_set(error, RLC_ERROR_NOT_FOUND,
			  "open the store '%s': it does not exist yet, for no image was fetched or "
			  "imported",
			  store->path);
		return NULL;
	}
	if (store->dir < 0) {
		error_errno(error, errno, "open the store '%s'", store->path);
		return refuse_store(store, error);
	}
	if (store_check(store, error) && (!create || store_make_dirs(store, error)))
		return g_steal_pointer(&store);
	return refuse_store(store, error);
}

int store_lock(const Store *store, bool exclusive, GError **error)
{
	/* for reading, so that a store on a read-only file system can be read */
	int flags = (exclusive ? O_RDWR : O_RDONLY) | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
	int operation = exclusive ? LOCK_EX : LOCK_SH;
	auto_fd lock = openat(store->dir, "lock", flags, 0600);

	if (lock < 0) {
		error_errno(error, errno, "open '%s/lock'", store->path);
		return -1;
	}
	if (flock(lock, operation | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			log_warn("the store '%s' is in use: waiting", store->path);
		if (TEMP_FAILURE_RETRY(flock(lock, operation)) < 0) {
			error_errno(error, errno, "lock '%s/lock'", store->path);
			return -1;
		}
	}
	return fd_steal(&lock);
}

int store_hold_layer(const Store *store, const char *diff_id, GError **error)
{
	g_autofree char *path = g_strdup_printf("layers/%s", digest_hex(diff_id));
	auto_fd layer = openat(store->dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (layer >= 0 && TEMP_FAILURE_RETRY(flock(layer, LOCK_SH)) < 0) {
		error_errno(error, errno, "hold layer '%s'", diff_id);
		return -1;
	}
	/* removed between open and lock */
	if (layer < 0 || fstatat(store->dir, path, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT)
			error_set(error, RLC_ERROR_NOT_FOUND,
				  "open layer '%s': it is not in the store", diff_id);
		else
			error_errno(error, errno, "open layer '%s'", diff_id);
		return -1;
	}
	return fd_steal(&layer);
}

/* --------------------------------------------------------------------------------- the names */

static char *name_to_path(const char *name)
{
	g_autofree char *file = g_strdup(name);

	return g_strconcat("names/", g_strdelimit(file, "/", '%'), NULL);
}

static StoreImage *load_name(const Store *store, const char *name, GError **error)
{
	g_autofree char *path = name_to_path(name);
	g_autofree char *data = NULL;
	auto_fd fd = openat(store->dir, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0) {
		if (errno == ENOENT)
			error_set(error, RLC_ERROR_NOT_FOUND,
				  "find image '%s': it is not in the store", name);
		else
			error_errno(error, errno, "open '%s/%s'", store->path, path);
		return NULL;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > IMAGE_FILE_MAX) {
		error_set(error, RLC_ERROR_FAILED, "read image '%s' of the store: it is damaged",
			  name);
		return NULL;
	}
	data = g_malloc((gsize)st.st_size + 1);
	n = TEMP_FAILURE_RETRY(read(fd, data, (size_t)st.st_size));
	if (n < 0) {
		error_errno(error, errno, "read '%s/%s'", store->path, path);
		return NULL;
	}
	return store_image_parse(name, data, (size_t)n, error);
}

static int compare_names(gconstpointer a, gconstpointer b)
{
	const StoreImage *const *left = a, *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

/* A name that cannot be read is passed over with a warning: the others are still good. */
static void add_named(const Store *store, const char *file, GPtrArray *images)
{
	g_autoptr(GError) damaged = NULL;
	g_autofree char *name = g_strdup(file);
	StoreImage *image = load_name(store, g_strdelimit(name, "%", '/'), &damaged);

	if (image)
		g_ptr_array_add(images, image);
	else if (!g_error_matches(damaged, RLC_ERROR, RLC_ERROR_NOT_FOUND))
		log_warn("%s", damaged->message);
}

GPtrArray *store_images(const Store *store, GError **error)
{
	g_autoptr(GPtrArray) images =
		g_ptr_array_new_with_free_func((GDestroyNotify)store_image_free);
	auto_fd names = openat(store->dir, "names", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = names >= 0 ? fd_list(names) : NULL;
	struct dirent *entry;

	if (!dir) {
		if (errno == ENOENT)
			return g_steal_pointer(&images);
		error_errno(error, errno, "list '%s/names'", store->path);
		return NULL;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			add_named(store, entry->d_name, images);
	}
	closedir(dir);
	g_ptr_array_sort(images, compare_names);
	return g_steal_pointer(&images);
}

static bool is_id_prefix(const char *text, const char **ret_digits)
{
	const char *digits = g_str_has_prefix(text, "sha256:") ? digest_hex(text) : text;
	size_t length = strlen(digits);

	*ret_digits = digits;
	return length >= ID_PREFIX_MIN && length <= DIGEST_HEX &&
	       strspn(digits, "0123456789abcdef") == length;
}

/* Does the reference name@digest mean this image, whatever name it came by? */
static bool has_digest(const StoreImage *image, const Reference *reference)
{
	g_autofree char *repository =
		g_strconcat(reference->host, "/", reference->repository, NULL);
	size_t length = strlen(repository);

	return reference->digest && strncmp(image->name, repository, length) == 0 &&
	       (image->name[length] == ':' || image->name[length] == '@') &&
	       (strcmp(image->manifest, reference->digest) == 0 ||
		strcmp(image->index, reference->digest) == 0);
}

/* Takes the image out of the list. */
static StoreImage *steal_image(GPtrArray *images, guint i)
{
	return g_ptr_array_steal_index(images, i);
}

static StoreImage *find_by_digest(const Store *store, const Reference *reference)
{
	g_autoptr(GPtrArray) images = store_images(store, NULL);

	for (guint i = 0; images && i < images->len; i++) {
		if (has_digest(g_ptr_array_index(images, i), reference))
			return steal_image(images, i);
	}
	return NULL;
}

/* NULL without an error: there is none. */
static StoreImage *find_by_id(const Store *store, const char *digits, GError **error)
{
	g_autoptr(GPtrArray) images = store_images(store, error);
	int found = -1;

	for (guint i = 0; images && i < images->len; i++) {
		const StoreImage *image = g_ptr_array_index(images, i);
		const StoreImage *other = found < 0 ? image : g_ptr_array_index(images, found);

		if (!g_str_has_prefix(store_image_id(image), digits))
			continue;
		if (strcmp(other->config, image->config) != 0) {
			error_set(error, RLC_ERROR_USAGE,
				  "find image '%s': the ids of several begin so", digits);
			return NULL;
		}
		found = (int)i;
	}
	return found < 0 ? NULL : steal_image(images, (guint)found);
}

StoreImage *store_find(const Store *store, const char *text, GError **error)
{
	g_autoptr(GError) wrong = NULL, missing = NULL, other = NULL;
	g_autoptr(Reference) reference = reference_parse(text, &wrong);
	StoreImage *image = NULL;
	const char *digits;

	if (reference && reference->transport == TRANSPORT_DOCKER) {
		g_autofree char *name = reference_name(reference);

		image = load_name(store, name, &missing);
		if (!image && !g_error_matches(missing, RLC_ERROR, RLC_ERROR_NOT_FOUND)) {
			g_propagate_error(error, g_steal_pointer(&missing));
			return NULL;
		}
		if (!image && reference->digest)
			image = find_by_digest(store, reference);
	}
	if (!image && is_id_prefix(text, &digits))
		image = find_by_id(store, digits, &other);
	if (image)
		return image;
	if (other)
		g_propagate_error(error, g_steal_pointer(&other));
	else if (wrong)
		g_propagate_error(error, g_steal_pointer(&wrong));
	else
		error_set(error, RLC_ERROR_NOT_FOUND, "find image '%s': it is not in the store%s",
			  text,
			  reference && reference->transport == TRANSPORT_BUILTIN
				  ? ", for it is a part of rlc"
				  : "; 'rlc images' lists what is");
	return NULL;
}

/* Write, fsync, rename, fsync: the name means the old image or the new one, whatever happens. */
bool store_put(const Store *store, const StoreImage *image, GError **error)
{
	g_autofree char *path = name_to_path(image->name);
	g_autofree char *tmp = g_strdup_printf("tmp/name.%d", getpid());
	g_autoptr(GBytes) bytes = store_image_serialize(image);
	auto_fd fd = openat(store->dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
			    0600);
	auto_fd names = openat(store->dir, "names", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || names < 0 ||
	    !fd_write_all(fd, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes)) ||
	    fsync(fd) < 0 || renameat(store->dir, tmp, store->dir, path) < 0 || fsync(names) < 0) {
		error_errno(error, errno, "write '%s/%s'", store->path, path);
		unlinkat(store->dir, tmp, 0);
		return false;
	}
	return true;
}

bool store_remove_name(const Store *store, const char *name, GError **error)
{
	g_autofree char *path = name_to_path(name);

	if (unlinkat(store->dir, path, 0) == 0)
		return true;
	if (errno == ENOENT)
		return error_set(error, RLC_ERROR_NOT_FOUND,
				 "remove image '%s': it is not in the store", name);
	return error_errno(error, errno, "remove '%s/%s'", store->path, path);
}
