/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlc run: the options about the root and what is mounted in it. */
#include "cmd/run_table.h"

#include <string.h>

#include "base/error.h"
#include "cmd/run_values.h"
#include "cmd/run_volumes.h"
#include "feature/volume.h"

/* What a mount is of: bits, for a word may fit several */
typedef enum {
	MOUNT_OF_BIND = 1,
	MOUNT_OF_TMPFS = 2,
	MOUNT_OF_VOLUME = 4,
	MOUNT_OF_IMAGE = 8,
	MOUNT_OF_FILES = MOUNT_OF_BIND | MOUNT_OF_VOLUME,
	MOUNT_OF_ANY = MOUNT_OF_FILES | MOUNT_OF_TMPFS | MOUNT_OF_IMAGE,
} MountKind;

static const struct {
	MountKind kind;
	const char *name;
} mount_kinds[] = {
	{MOUNT_OF_BIND, "bind"},
	{MOUNT_OF_TMPFS, "tmpfs"},
	{MOUNT_OF_VOLUME, "volume"},
	{MOUNT_OF_IMAGE, "image"},
};

/* The words that a flag may use; the words of one set exclude each other. */
static const struct {
	const char *word;
	int set;
	unsigned kinds; /* that it fits */
} mount_words[] = {
	{"ro", 1, MOUNT_OF_ANY},
	{"rw", 1, MOUNT_OF_ANY},
	{"bind", 2, MOUNT_OF_BIND},
	{"rbind", 2, MOUNT_OF_BIND},
	{"private", 3, MOUNT_OF_FILES},
	{"rprivate", 3, MOUNT_OF_FILES},
	{"shared", 3, MOUNT_OF_FILES},
	{"rshared", 3, MOUNT_OF_FILES},
	{"slave", 3, MOUNT_OF_FILES},
	{"rslave", 3, MOUNT_OF_FILES},
	{"noexec", 4, MOUNT_OF_ANY},
	{"exec", 4, MOUNT_OF_ANY},
	{"nosuid", 5, MOUNT_OF_ANY},
	{"suid", 5, MOUNT_OF_ANY},
	{"nodev", 6, MOUNT_OF_ANY},
	{"dev", 6, MOUNT_OF_ANY},
	{"noatime", 7, MOUNT_OF_ANY},
	{"relatime", 7, MOUNT_OF_ANY},
	{"nosymfollow", 8, MOUNT_OF_ANY},
	{"z", 9, MOUNT_OF_FILES},
	{"Z", 9, MOUNT_OF_FILES},
	{"copy", 10, MOUNT_OF_VOLUME},
	{"nocopy", 10, MOUNT_OF_VOLUME},
	{"tmpcopyup", 10, MOUNT_OF_TMPFS},
	{"notmpcopyup", 10, MOUNT_OF_TMPFS},
	{"U", 11, MOUNT_OF_FILES},
	{"idmap", 12, MOUNT_OF_FILES},
};

/* What tmpfs(5) takes behind "=". */
static const char *const tmpfs_keys[] = {"size", "mode", "uid", "gid", "nr_inodes", "nr_blocks"};

static int mount_word_find(const char *word)
{
	for (size_t i = 0; i < G_N_ELEMENTS(mount_words); i++) {
		if (strcmp(mount_words[i].word, word) == 0)
			return (int)i;
	}
	return -1;
}

static bool check_destination(const char *path, GError **error)
{
	if (*path != '/')
		return error_set(error, RLC_ERROR_USAGE,
				 "destination '%s' is not an absolute path of the container", path);
	return true;
}

static bool is_percentage(const char *text)
{
	size_t digits = strspn(text, G_CSET_DIGITS);

	return digits > 0 && strcmp(text + digits, "%") == 0;
}

/* Digits, and what may be behind them: the kernel knows 1m, but neither 1mb nor 1.5m. */
static bool is_kernels_size(const char *text)
{
	text += strspn(text, G_CSET_DIGITS);
	return !*text || (strchr("%kKmMgGtT", *text) && !text[1]);
}

/* "key=value" of a tmpfs, brought to the form that the kernel takes. */
static char *tmpfs_setting(const char *word, GError **error)
{
	const char *equals = strchr(word, '=');
	size_t length = equals ? (size_t)(equals - word) : 0;
	guint64 number;

	for (size_t i = 0; equals && i < G_N_ELEMENTS(tmpfs_keys); i++) {
		if (strncmp(word, tmpfs_keys[i], length) != 0 || tmpfs_keys[i][length])
			continue;
		if (strcmp(tmpfs_keys[i], "mode") == 0
			    ? g_ascii_string_to_unsigned(equals + 1, 8, 0, 07777, &number, NULL)
			    : (i == 0 && is_percentage(equals + 1)) ||
				      run_value_size(equals + 1, &number))
			return is_kernels_size(equals + 1)
				       ? g_strdup(word)
				       : g_strdup_printf("%s=%" G_GUINT64_FORMAT, tmpfs_keys[i],
							 number);
		error_set(error, RLC_ERROR_USAGE, "option '%s': '%s' is not a %s", word, equals + 1,
			  strcmp(tmpfs_keys[i], "mode") == 0 ? "mode in octal" : "number or size");
		return NULL;
	}
	error_set(error, RLC_ERROR_USAGE, "unknown option '%s'", word);
	return NULL;
}

/* For docker's virtual machines on other systems; they mean nothing on Linux. */
static bool is_consistency(const char *word)
{
	return strcmp(word, "consistent") == 0 || strcmp(word, "cached") == 0 ||
	       strcmp(word, "delegated") == 0;
}

/* Check one option of a mount and append it to options; *used has the sets seen so far. */
static bool add_mount_option(GPtrArray *options, MountKind kind, const char *word, unsigned *used,
			     GError **error)
{
	int i = mount_word_find(word);
	unsigned bit;
	char *setting;

	if (i < 0 && (kind & MOUNT_OF_FILES) && is_consistency(word))
		return true;
	if (i < 0 && g_str_has_prefix(word, "subpath=") && kind != MOUNT_OF_TMPFS &&
	    word[strlen("subpath=")]) {
		g_ptr_array_add(options, g_strdup(word));
		return true;
	}
	if (i < 0 && kind == MOUNT_OF_TMPFS) {
		setting = tmpfs_setting(word, error);
		if (setting)
			g_ptr_array_add(options, setting);
		return setting != NULL;
	}
	if (i < 0 || !(mount_words[i].kinds & kind))
		return error_set(error, RLC_ERROR_USAGE, "unknown option '%s'", word);
	bit = 1U << mount_words[i].set;
	if (*used & bit)
		return error_set(error, RLC_ERROR_USAGE,
				 "option '%s' repeats or contradicts one before it", word);
	*used |= bit;
	g_ptr_array_add(options, g_strdup(word));
	return true;
}

static bool add_mount_options(GPtrArray *options, MountKind kind, const char *list, unsigned *used,
			      GError **error)
{
	g_auto(GStrv) words = g_strsplit(list, ",", -1);

	for (char **word = words; *word; word++) {
		if (!add_mount_option(options, kind, *word, used, error))
			return false;
	}
	return true;
}

static const char *kind_name(MountKind kind)
{
	size_t i = 0;

	while (mount_kinds[i].kind != kind)
		i++;
	return mount_kinds[i].name;
}

/* Defaults for the sets that no option spoke for, then the mount itself. */
static void finish_mount(Spec *spec, MountKind kind, const char *source, const char *destination,
			 GPtrArray *options, unsigned used)
{
	static const char *const tmpfs_defaults[] = {"noexec", "nosuid", "nodev"};
	g_autofree char *list = NULL;

	for (size_t i = 0; kind == MOUNT_OF_TMPFS && i < G_N_ELEMENTS(tmpfs_defaults); i++) {
		if (!(used & 1U << mount_words[mount_word_find(tmpfs_defaults[i])].set))
			g_ptr_array_add(options, g_strdup(tmpfs_defaults[i]));
	}
	if (kind == MOUNT_OF_BIND && !(used & 1U << mount_words[mount_word_find("rbind")].set))
		g_ptr_array_add(options, g_strdup("rbind"));
	g_ptr_array_add(options, NULL);
	list = g_strjoinv(",", (char **)options->pdata);
	spec_add_mount(spec, kind_name(kind), source, destination, list);
}

static bool set_rootfs(RunParse *parse, const char *value, GError **error)
{
	SpecRoot *root = &parse->spec->root;
	bool overlay = g_str_has_suffix(value, ":O");

	run_value_replace(&root->path, value);
	if (overlay)
		root->path[strlen(value) - 2] = '\0';
	root->kind = overlay ? ROOT_OVERLAY : ROOT_DIRECTORY;
	if (!*root->path)
		return error_set(error, RLC_ERROR_USAGE, "the directory is empty");
	return true;
}

static bool set_scratch(RunParse *parse, const char *value, GError **error)
{
	if (!*value)
		return error_set(error, RLC_ERROR_USAGE, "the directory's name is empty");
	parse->spec->rlc.scratch = g_strdup(value);
	return true;
}

static bool set_read_only(RunParse *parse, const char *value, GError **error)
{
	(void)error;
	parse->spec->root.readonly = value != NULL;
	return true;
}

/* A source with a slash in it is a path, as "." and ".." are; any other is a volume's name. */
static bool is_path(const char *source)
{
	return strchr(source, '/') || strcmp(source, ".") == 0 || strcmp(source, "..") == 0;
}

static bool set_volume(RunParse *parse, const char *value, GError **error)
{
	g_autoptr(GPtrArray) options = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) parts = g_strsplit(value, ":", 4);
	guint n = g_strv_length(parts);
	const char *source = n > 1 ? parts[0] : NULL, *destination = n > 1 ? parts[1] : parts[0];
	MountKind kind = source && is_path(source) ? MOUNT_OF_BIND : MOUNT_OF_VOLUME;
	unsigned used = 0;

	if (n < 1 || n > 3)
		return error_set(error, RLC_ERROR_USAGE,
				 "not of the form [SOURCE:]DESTINATION[:OPTION,...]");
	if (source && !*source)
		return error_set(error, RLC_ERROR_USAGE, "the source before ':' is empty");
	if (!check_destination(destination, error) ||
	    (source && kind == MOUNT_OF_VOLUME && !volume_check_name(source, error)) ||
	    (n == 3 && !add_mount_options(options, kind, parts[2], &used, error)))
		return false;
	finish_mount(parse->spec, kind, source, destination, options, used);
	return true;
}

static bool set_volumes_from(RunParse *parse, const char *value, GError **error)
{
	if (!run_volumes_check(value, error))
		return false;
	g_ptr_array_add(parse->out->volumes_from, g_strdup(value));
	return true;
}

static bool set_tmpfs(RunParse *parse, const char *value, GError **error)
{
	g_autoptr(GPtrArray) options = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) parts = g_strsplit(value, ":", 2);
	unsigned used = 0;

	if (!parts[0])
		return error_set(error, RLC_ERROR_USAGE, "the destination is empty");
	if (!check_destination(parts[0], error))
		return false;
	if (parts[1] && !add_mount_options(options, MOUNT_OF_TMPFS, parts[1], &used, error))
		return false;
	finish_mount(parse->spec, MOUNT_OF_TMPFS, "tmpfs", parts[0], options, used);
	return true;
}

static bool set_shm_size(RunParse *parse, const char *value, GError **error)
{
	g_autofree char *options = NULL;
	guint64 bytes;

	if (!run_value_size_from(value, 1, &bytes, error))
		return false;
	options =
		g_strdup_printf("mode=1777,size=%" G_GUINT64_FORMAT ",noexec,nosuid,nodev", bytes);
	spec_add_mount(parse->spec, "tmpfs", "shm", "/dev/shm", options);
	return true;
}

/* --mount: what a key stands for. */
typedef enum {
	KEY_TYPE,
	KEY_SOURCE,
	KEY_DESTINATION,
	KEY_WORD,    /* the value is an option word of the mount */
	KEY_BOOL,    /* the value says whether an option word is meant */
	KEY_SETTING, /* the option is SETTING=VALUE */
	KEY_RELABEL, /* shared or private */
	KEY_IGNORED, /* means nothing here */
} MountKey;

static const struct {
	const char *name;
	MountKey key;
	const char *yes, *no; /* words of KEY_BOOL, no may be NULL; yes of KEY_SETTING */
} mount_keys[] = {
	{"type", KEY_TYPE, NULL, NULL},
	{"source", KEY_SOURCE, NULL, NULL},
	{"src", KEY_SOURCE, NULL, NULL},
	{"destination", KEY_DESTINATION, NULL, NULL},
	{"dst", KEY_DESTINATION, NULL, NULL},
	{"target", KEY_DESTINATION, NULL, NULL},
	{"readonly", KEY_BOOL, "ro", "rw"},
	{"ro", KEY_BOOL, "ro", "rw"},
	{"readwrite", KEY_BOOL, "rw", "ro"},
	{"rw", KEY_BOOL, "rw", "ro"},
	{"bind-propagation", KEY_WORD, NULL, NULL},
	{"bind-nonrecursive", KEY_BOOL, "bind", "rbind"},
	{"volume-nocopy", KEY_BOOL, "nocopy", "copy"},
	{"tmpcopyup", KEY_BOOL, "tmpcopyup", "notmpcopyup"},
	{"notmpcopyup", KEY_BOOL, "notmpcopyup", "tmpcopyup"},
	{"U", KEY_BOOL, "U", NULL},
	{"chown", KEY_BOOL, "U", NULL},
	{"idmap", KEY_BOOL, "idmap", NULL},
	{"tmpfs-size", KEY_SETTING, "size", NULL},
	{"tmpfs-mode", KEY_SETTING, "mode", NULL},
	{"subpath", KEY_SETTING, "subpath", NULL},
	{"volume-subpath", KEY_SETTING, "subpath", NULL},
	{"image-subpath", KEY_SETTING, "subpath", NULL},
	{"relabel", KEY_RELABEL, NULL, NULL},
	{"consistency", KEY_IGNORED, NULL, NULL},
};

typedef struct {
	const char *type, *source, *destination;
	GPtrArray *words; /* of char *: options to check once the type is known */
} MountRequest;

static bool set_once(const char **field, const char *name, const char *value, GError **error)
{
	if (*field)
		return error_set(error, RLC_ERROR_USAGE, "'%s' is given twice", name);
	if (!*value)
		return error_set(error, RLC_ERROR_USAGE, "'%s' is empty", name);
	*field = value;
	return true;
}

static bool take_bool(MountRequest *request, size_t key, const char *value, GError **error)
{
	bool on = true;
	const char *word;

	if (*value && !run_value_bool(value, &on, error)) {
		error_prefix(error, "%s '%s': ", mount_keys[key].name, value);
		return false;
	}
	word = on ? mount_keys[key].yes : mount_keys[key].no;
	if (word)
		g_ptr_array_add(request->words, g_strdup(word));
	return true;
}

/* podman's names for z and Z */
static bool take_relabel(MountRequest *request, const char *value, GError **error)
{
	bool shared = strcmp(value, "shared") == 0;

	if (!shared && strcmp(value, "private") != 0)
		return error_set(error, RLC_ERROR_USAGE, "relabel '%s': not shared or private",
				 value);
	g_ptr_array_add(request->words, g_strdup(shared ? "z" : "Z"));
	return true;
}

/* value is behind the "=" inside item, "" where there is none. */
static bool take_mount_key(MountRequest *request, size_t key, const char *value, GError **error)
{
	const char *name = mount_keys[key].name;

	switch (mount_keys[key].key) {
	case KEY_TYPE:
		return set_once(&request->type, name, value, error);
	case KEY_SOURCE:
		return set_once(&request->source, name, value, error);
	case KEY_DESTINATION:
		return set_once(&request->destination, name, value, error);
	case KEY_BOOL:
		return take_bool(request, key, value, error);
	case KEY_WORD:
		g_ptr_array_add(request->words, g_strdup(value));
		return true;
	case KEY_SETTING:
		g_ptr_array_add(request->words, g_strconcat(mount_keys[key].yes, "=", value, NULL));
		return true;
	case KEY_RELABEL:
		return take_relabel(request, value, error);
	case KEY_IGNORED:
		return true;
	}
	return true;
}

/* Cuts item at its "=".  A key that is none may be an option word by itself: noexec, z … */
static bool take_mount_item(MountRequest *request, char *item, GError **error)
{
	char *equals = strchr(item, '=');

	if (equals)
		*equals++ = '\0';
	for (size_t i = 0; i < G_N_ELEMENTS(mount_keys); i++) {
		if (strcmp(mount_keys[i].name, item) == 0)
			return take_mount_key(request, i, equals ? equals : "", error);
	}
	if (equals || mount_word_find(item) < 0)
		return error_set(error, RLC_ERROR_USAGE, "unknown key '%s'", item);
	g_ptr_array_add(request->words, g_strdup(item));
	return true;
}

/* docker's default is a volume */
static bool find_kind(const char *type, MountKind *ret_kind, GError **error)
{
	if (!type)
		type = "volume";
	for (size_t i = 0; i < G_N_ELEMENTS(mount_kinds); i++) {
		if (strcmp(type, mount_kinds[i].name) == 0) {
			*ret_kind = mount_kinds[i].kind;
			return true;
		}
	}
	return error_set(error, RLC_ERROR_UNSUPPORTED,
			 "type '%s' is none of bind, volume, tmpfs, image", type);
}

static bool check_source(MountKind kind, const char *source, GError **error)
{
	if (kind == MOUNT_OF_VOLUME)
		return !source || volume_check_name(source, error);
	if ((kind == MOUNT_OF_TMPFS) != (source != NULL))
		return true;
	return error_set(error, RLC_ERROR_USAGE,
			 source ? "a tmpfs has no 'source'" : "'source' is missing");
}

static bool finish_mount_request(Spec *spec, const MountRequest *request, GError **error)
{
	g_autoptr(GPtrArray) options = g_ptr_array_new_with_free_func(g_free);
	unsigned used = 0;
	MountKind kind = MOUNT_OF_VOLUME;

	if (!find_kind(request->type, &kind, error))
		return false;
	if (!request->destination)
		return error_set(error, RLC_ERROR_USAGE, "'destination' is missing");
	if (!check_destination(request->destination, error) ||
	    !check_source(kind, request->source, error))
		return false;
	for (guint i = 0; i < request->words->len; i++) {
		if (!add_mount_option(options, kind, g_ptr_array_index(request->words, i), &used,
				      error))
			return false;
	}
	finish_mount(spec, kind, kind == MOUNT_OF_TMPFS ? "tmpfs" : request->source,
		     request->destination, options, used);
	return true;
}

static bool set_mount(RunParse *parse, const char *value, GError **error)
{
	g_autoptr(GPtrArray) request_words = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) items = g_strsplit(value, ",", -1);
	MountRequest request = {.words = request_words};

	for (char **item = items; *item; item++) {
		if (!take_mount_item(&request, *item, error))
			return false;
	}
	return finish_mount_request(parse->spec, &request, error);
}

static const RunOption rows[] = {
	{"rootfs", 0, OPTION_ONCE, set_rootfs, "DIR[:O]",
	 "a directory is the root, no image; :O keeps it unchanged"},
	{"scratch", 0, OPTION_ONCE, set_scratch, "DIR",
	 "keep what is written to the overlay in DIR, not in memory"},
	{"read-only", 0, OPTION_SWITCH, set_read_only, NULL, "the root cannot be written"},
	{"volume", 'v', OPTION_MANY, set_volume, "[SRC:]DST[:OPT,...]",
	 "mount a directory or a volume; OPT: ro U nocopy rslave ..."},
	{"volumes-from", 0, OPTION_MANY, set_volumes_from, "CONTAINER[:ro]",
	 "mount what -v and --mount mounted in another container"},
	{"mount", 0, OPTION_MANY, set_mount, "KEY=VALUE,...",
	 "type=bind|volume|tmpfs|image, source, destination, ..."},
	{"tmpfs", 0, OPTION_MANY, set_tmpfs, "DST[:OPT,...]",
	 "mount an empty file system in memory; OPT: size= mode= exec ..."},
	{"shm-size", 0, OPTION_ONCE, set_shm_size, "SIZE", "size of /dev/shm, such as 64m"},
};

const RunGroup run_files_group = {"Root and files", rows, G_N_ELEMENTS(rows)};
