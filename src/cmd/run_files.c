/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlc run: the options about the root and what is mounted in it. */
#include "cmd/run_table.h"

#include <string.h>

#include "base/error.h"
#include "cmd/run_values.h"

/* The words that mount(8) knows and a flag may use; the words of one set exclude each other. */
static const struct {
	const char *word;
	int set;      /* 0: excludes none */
	bool bind;    /* fits a bind mount */
	bool tmpfs;   /* fits a tmpfs */
	bool ignored; /* accepted for docker's sake, means nothing here */
} mount_words[] = {
	{"ro", 1, true, true, false},	       {"rw", 1, true, true, false},
	{"bind", 2, true, false, false},       {"rbind", 2, true, false, false},
	{"private", 3, true, false, false},    {"rprivate", 3, true, false, false},
	{"shared", 3, true, false, false},     {"rshared", 3, true, false, false},
	{"slave", 3, true, false, false},      {"rslave", 3, true, false, false},
	{"noexec", 4, true, true, false},      {"exec", 4, true, true, false},
	{"nosuid", 5, true, true, false},      {"suid", 5, true, true, false},
	{"nodev", 6, true, true, false},       {"dev", 6, true, true, false},
	{"noatime", 7, true, true, false},     {"relatime", 7, true, true, false},
	{"nosymfollow", 8, true, true, false}, {"z", 9, true, false, true},
	{"Z", 9, true, false, true},
};

/* What tmpfs(5) takes behind "=". */
static const char *const tmpfs_keys[] = {"size", "mode", "uid", "gid", "nr_inodes", "nr_blocks"};

typedef enum {
	MOUNT_OF_BIND,
	MOUNT_OF_TMPFS
} MountKind;

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
		return error_set(error, RLC_ERROR_USAGE, "destination '%s' is not an absolute path",
				 path);
	return true;
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
			    : (g_str_has_suffix(equals, "%") && i == 0) ||
				      run_value_size(equals + 1, &number))
			return g_strdup(word);
		error_set(error, RLC_ERROR_USAGE, "option '%s': '%s' is not a %s", word, equals + 1,
			  strcmp(tmpfs_keys[i], "mode") == 0 ? "mode in octal" : "number or size");
		return NULL;
	}
	error_set(error, RLC_ERROR_USAGE, "unknown option '%s'", word);
	return NULL;
}

/* Check one option of a mount and append it to options; *used has the sets seen so far. */
static bool add_mount_option(GPtrArray *options, MountKind kind, const char *word, unsigned *used,
			     GError **error)
{
	int i = mount_word_find(word);
	unsigned bit;
	char *setting;

	if (i < 0 && kind == MOUNT_OF_TMPFS) {
		setting = tmpfs_setting(word, error);
		if (setting)
			g_ptr_array_add(options, setting);
		return setting != NULL;
	}
	if (i < 0 || !(kind == MOUNT_OF_BIND ? mount_words[i].bind : mount_words[i].tmpfs))
		return error_set(error, RLC_ERROR_USAGE, "unknown option '%s'", word);
	bit = 1U << mount_words[i].set;
	if (*used & bit)
		return error_set(error, RLC_ERROR_USAGE,
				 "option '%s' repeats or contradicts one before it", word);
	*used |= bit;
	if (!mount_words[i].ignored)
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
	spec_add_mount(spec, kind == MOUNT_OF_BIND ? "bind" : "tmpfs", source, destination, list);
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

static bool set_volume(RunParse *parse, const char *value, GError **error)
{
	g_autoptr(GPtrArray) options = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) parts = g_strsplit(value, ":", 4);
	guint n = g_strv_length(parts);
	unsigned used = 0;

	if (n < 2 || n > 3)
		return error_set(error, RLC_ERROR_USAGE,
				 "not of the form SOURCE:DESTINATION[:OPTION,...]");
	if (!*parts[0])
		return error_set(error, RLC_ERROR_USAGE, "the source before ':' is empty");
	if (!strchr(parts[0], '/') && strcmp(parts[0], ".") != 0 && strcmp(parts[0], "..") != 0)
		return error_set(error, RLC_ERROR_UNSUPPORTED,
				 "named volumes like '%s' are not supported; "
				 "for a directory write './%s'",
				 parts[0], parts[0]);
	if (!check_destination(parts[1], error))
		return false;
	if (n == 3 && !add_mount_options(options, MOUNT_OF_BIND, parts[2], &used, error))
		return false;
	finish_mount(parse->spec, MOUNT_OF_BIND, parts[0], parts[1], options, used);
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

	if (!run_value_size(value, &bytes) || bytes == 0)
		return error_set(error, RLC_ERROR_USAGE,
				 "not a size: a number with k, m or g behind it");
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
	KEY_READONLY,
	KEY_OPTION,	/* the value is an option word of the mount */
	KEY_TMPFS_SIZE, /* "tmpfs-size=N" is tmpfs's "size=N" */
	KEY_TMPFS_MODE,
} MountKey;

static const struct {
	const char *name;
	MountKey key;
} mount_keys[] = {
	{"type", KEY_TYPE},
	{"source", KEY_SOURCE},
	{"src", KEY_SOURCE},
	{"destination", KEY_DESTINATION},
	{"dst", KEY_DESTINATION},
	{"target", KEY_DESTINATION},
	{"readonly", KEY_READONLY},
	{"ro", KEY_READONLY},
	{"bind-propagation", KEY_OPTION},
	{"tmpfs-size", KEY_TMPFS_SIZE},
	{"tmpfs-mode", KEY_TMPFS_MODE},
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

static bool take_readonly(MountRequest *request, const char *name, const char *value,
			  GError **error)
{
	bool off = strcmp(value, "false") == 0 || strcmp(value, "0") == 0;

	if (!off && *value && strcmp(value, "true") != 0 && strcmp(value, "1") != 0)
		return error_set(error, RLC_ERROR_USAGE, "'%s' is true or false, not '%s'", name,
				 value);
	g_ptr_array_add(request->words, g_strdup(off ? "rw" : "ro"));
	return true;
}

/* value is behind the "=" inside item, "" where there is none. */
static bool take_mount_key(MountRequest *request, MountKey key, const char *name, const char *value,
			   GError **error)
{
	switch (key) {
	case KEY_TYPE:
		return set_once(&request->type, name, value, error);
	case KEY_SOURCE:
		return set_once(&request->source, name, value, error);
	case KEY_DESTINATION:
		return set_once(&request->destination, name, value, error);
	case KEY_READONLY:
		return take_readonly(request, name, value, error);
	case KEY_OPTION:
		g_ptr_array_add(request->words, g_strdup(value));
		return true;
	case KEY_TMPFS_SIZE:
		g_ptr_array_add(request->words, g_strconcat("size=", value, NULL));
		return true;
	case KEY_TMPFS_MODE:
		g_ptr_array_add(request->words, g_strconcat("mode=", value, NULL));
		return true;
	}
	return true;
}

/* Cuts item at its "=". */
static bool take_mount_item(MountRequest *request, char *item, GError **error)
{
	char *equals = strchr(item, '=');

	if (equals)
		*equals++ = '\0';
	for (size_t i = 0; i < G_N_ELEMENTS(mount_keys); i++) {
		if (strcmp(mount_keys[i].name, item) == 0)
			return take_mount_key(request, mount_keys[i].key, item,
					      equals ? equals : "", error);
	}
	return error_set(error, RLC_ERROR_USAGE, "unknown key '%s'", item);
}

static bool finish_mount_request(Spec *spec, const MountRequest *request, GError **error)
{
	g_autoptr(GPtrArray) options = g_ptr_array_new_with_free_func(g_free);
	MountKind kind = g_strcmp0(request->type, "tmpfs") == 0 ? MOUNT_OF_TMPFS : MOUNT_OF_BIND;
	unsigned used = 0;

	if (!request->type)
		return error_set(error, RLC_ERROR_USAGE, "'type' is missing: bind or tmpfs");
	if (kind == MOUNT_OF_BIND && strcmp(request->type, "bind") != 0)
		return error_set(error, RLC_ERROR_UNSUPPORTED,
				 "type '%s' is neither bind nor tmpfs", request->type);
	if (!request->destination)
		return error_set(error, RLC_ERROR_USAGE, "'destination' is missing");
	if (!check_destination(request->destination, error))
		return false;
	if ((kind == MOUNT_OF_BIND) != (request->source != NULL))
		return error_set(error, RLC_ERROR_USAGE,
				 request->source ? "a tmpfs has no 'source'"
						 : "'source' is missing");
	for (guint i = 0; i < request->words->len; i++) {
		if (!add_mount_option(options, kind, g_ptr_array_index(request->words, i), &used,
				      error))
			return false;
	}
	finish_mount(spec, kind, request->source ? request->source : "tmpfs", request->destination,
		     options, used);
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
	 "an overlay keeps what is written in DIR, not in memory"},
	{"read-only", 0, OPTION_SWITCH, set_read_only, NULL, "the root cannot be written"},
	{"volume", 'v', OPTION_MANY, set_volume, "SRC:DST[:OPT,...]",
	 "bind SRC: ro rw bind rbind private rshared noexec ..."},
	{"mount", 0, OPTION_MANY, set_mount, "KEY=VALUE,...",
	 "type=bind|tmpfs, source, destination, readonly, ..."},
	{"tmpfs", 0, OPTION_MANY, set_tmpfs, "DST[:OPT,...]",
	 "an empty file system in memory: size= mode= exec ..."},
	{"shm-size", 0, OPTION_ONCE, set_shm_size, "SIZE", "size of /dev/shm, such as 64m"},
};

const RunGroup run_files_group = {"Root and files", rows, G_N_ELEMENTS(rows)};
