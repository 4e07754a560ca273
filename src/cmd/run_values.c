/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/run_values.h"

#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "base/error.h"
#include "feature/process.h"

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

static bool parse_number(const char *text, guint64 max, guint64 *ret_number)
{
	return g_ascii_string_to_unsigned(text, 10, 0, max, ret_number, NULL);
}

/* A size: a number of bytes, or with k, m or g behind it, of that. */
static bool parse_size(const char *text, guint64 *ret_bytes)
{
	static const char units[] = "kmgt";
	g_autofree char *digits = g_ascii_strdown(text, -1);
	size_t length = strlen(digits);
	unsigned shift = 0;
	const char *unit;
	guint64 number;

	if (length > 2 && digits[length - 1] == 'b' && !g_ascii_isdigit(digits[length - 2]))
		digits[--length] = '\0';
	unit = length > 1 ? strchr(units, digits[length - 1]) : NULL;
	if (unit && *unit) {
		shift = 10 * (unsigned)(unit - units + 1);
		digits[--length] = '\0';
	}
	if (!parse_number(digits, G_MAXINT64 >> shift, &number))
		return false;
	*ret_bytes = number << shift;
	return true;
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
				      parse_size(equals + 1, &number))
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

bool run_value_volume(Spec *spec, const char *value, GError **error)
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
	finish_mount(spec, MOUNT_OF_BIND, parts[0], parts[1], options, used);
	return true;
}

bool run_value_tmpfs(Spec *spec, const char *value, GError **error)
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
	finish_mount(spec, MOUNT_OF_TMPFS, "tmpfs", parts[0], options, used);
	return true;
}

bool run_value_shm_size(Spec *spec, const char *value, GError **error)
{
	g_autofree char *options = NULL;
	guint64 bytes;

	if (!parse_size(value, &bytes) || bytes == 0)
		return error_set(error, RLC_ERROR_USAGE,
				 "not a size: a number with k, m or g behind it");
	options =
		g_strdup_printf("mode=1777,size=%" G_GUINT64_FORMAT ",noexec,nosuid,nodev", bytes);
	spec_add_mount(spec, "tmpfs", "shm", "/dev/shm", options);
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

bool run_value_mount(Spec *spec, const char *value, GError **error)
{
	g_autoptr(GPtrArray) request_words = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) items = g_strsplit(value, ",", -1);
	MountRequest request = {.words = request_words};

	for (char **item = items; *item; item++) {
		if (!take_mount_item(&request, *item, error))
			return false;
	}
	return finish_mount_request(spec, &request, error);
}

static bool parse_bool(const char *text, bool *ret_value)
{
	bool yes = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;

	if (!yes && strcmp(text, "false") != 0 && strcmp(text, "0") != 0)
		return false;
	*ret_value = yes;
	return true;
}

static bool take_mtu(SpecNetwork *network, const char *value, GError **error)
{
	guint64 mtu;

	if (!parse_number(value, 65535, &mtu) || mtu < 576)
		return error_set(error, RLC_ERROR_USAGE, "mtu '%s' is not in 576-65535", value);
	network->mtu = (uint32_t)mtu;
	return true;
}

/* One "key=value" of --network slirp:…; what a cidr means is for the plan to judge. Cuts item. */
static bool take_slirp_setting(SpecNetwork *network, char *item, GError **error)
{
	char *value = strchr(item, '=');
	bool *flag = NULL;

	if (!value)
		return error_set(error, RLC_ERROR_USAGE, "'%s' is not of the form OPTION=VALUE",
				 item);
	*value++ = '\0';
	if (strcmp(item, "mtu") == 0)
		return take_mtu(network, value, error);
	if (strcmp(item, "cidr") == 0) {
		g_free(network->cidr);
		network->cidr = g_strdup(value);
		return true;
	}
	if (strcmp(item, "ipv6") == 0)
		flag = &network->ipv6;
	else if (strcmp(item, "host-loopback") == 0)
		flag = &network->host_loopback;
	if (!flag)
		return error_set(error, RLC_ERROR_USAGE, "unknown option '%s'", item);
	if (!parse_bool(value, flag))
		return error_set(error, RLC_ERROR_USAGE, "%s is true or false, not '%s'", item,
				 value);
	return true;
}

static bool take_slirp(SpecNetwork *network, const char *settings, GError **error)
{
	g_auto(GStrv) items = g_strsplit(settings, ",", -1);

	network->mode = NET_SLIRP;
	for (char **item = items; *item; item++) {
		if (!take_slirp_setting(network, *item, error))
			return false;
	}
	return true;
}

/* container:NAME and ns:PATH */
static bool take_join(SpecNetwork *network, bool container, const char *what, GError **error)
{
	if (!what || !*what)
		return error_set(error, RLC_ERROR_USAGE, "%s",
				 container ? "whose network? container:NAME or container:ID"
					   : "which namespace? ns:PATH");
	network->mode = NET_JOIN;
	g_free(container ? network->container : network->path);
	if (container)
		network->container = g_strdup(what);
	else
		network->path = g_canonicalize_filename(what, NULL);
	return true;
}

/* The name of an interface, or nothing at all. */
static bool take_bridge(SpecNetwork *network, const char *name, GError **error)
{
	if (name && (!*name || strlen(name) >= IFNAMSIZ || strpbrk(name, "/ \t\n")))
		return error_set(error, RLC_ERROR_USAGE, "'%s' is not the name of a bridge", name);
	network->mode = NET_BRIDGE;
	g_free(network->bridge);
	network->bridge = g_strdup(name);
	return true;
}

bool run_value_mac(const char *value, GError **error)
{
	size_t length = strlen(value);

	for (size_t i = 0; i < length; i++) {
		if (i % 3 == 2 ? value[i] != ':' : !g_ascii_isxdigit(value[i]))
			return error_set(error, RLC_ERROR_USAGE,
					 "column %zu: a MAC is written 02:00:00:00:00:01", i + 1);
	}
	if (length != strlen("02:00:00:00:00:01"))
		return error_set(error, RLC_ERROR_USAGE, "a MAC is written 02:00:00:00:00:01");
	if (g_ascii_xdigit_value(value[1]) & 1)
		return error_set(error, RLC_ERROR_USAGE, "it is a group's address, not a host's");
	if (strspn(value, "0:") == length)
		return error_set(error, RLC_ERROR_USAGE, "it is nobody's address");
	return true;
}

bool run_value_network(Spec *spec, const char *value, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(value, ":", 2);
	const char *mode = parts[0] ? parts[0] : "";
	const char *rest = parts[0] && parts[1] ? parts[1] : NULL;

	if (strcmp(mode, "container") == 0 || strcmp(mode, "ns") == 0)
		return take_join(&spec->rlc.network, *mode == 'c', rest, error);
	if (strcmp(mode, "bridge") == 0)
		return take_bridge(&spec->rlc.network, rest, error);
	if (strcmp(mode, "slirp") == 0)
		return take_slirp(&spec->rlc.network, rest ? rest : "", error);
	if (strcmp(mode, "none") != 0 && strcmp(mode, "host") != 0)
		return error_set(error, RLC_ERROR_USAGE,
				 "mode '%s' is not slirp, bridge, none, host, container or ns",
				 mode);
	if (rest)
		return error_set(error, RLC_ERROR_USAGE, "mode '%s' takes no options", mode);
	spec->rlc.network.mode = *mode == 'n' ? NET_NONE : NET_HOST;
	if (spec->rlc.network.mode == NET_HOST)
		spec->linux_.namespaces &= ~(uint64_t)CLONE_NEWNET;
	return true;
}

/* One CONTAINER:HOST:COUNT. */
static bool take_idmap(GArray *map, const char *text, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", -1);
	guint64 numbers[3];

	if (g_strv_length(parts) != 3)
		return error_set(error, RLC_ERROR_USAGE, "'%s' is not CONTAINER:HOST:COUNT", text);
	for (int i = 0; i < 3; i++) {
		if (!parse_number(parts[i], G_MAXUINT32 - 1, &numbers[i]))
			return error_set(error, RLC_ERROR_USAGE, "'%s' in '%s' is not an id",
					 parts[i], text);
	}
	if (numbers[2] == 0)
		return error_set(error, RLC_ERROR_USAGE, "the count in '%s' is 0", text);
	if (numbers[0] + numbers[2] > G_MAXUINT32 || numbers[1] + numbers[2] > G_MAXUINT32)
		return error_set(error, RLC_ERROR_USAGE, "'%s' goes beyond the last id, %u", text,
				 G_MAXUINT32 - 1);
	g_array_append_vals(map,
			    &(SpecIdMap){
				    .inside = (uint32_t)numbers[0],
				    .outside = (uint32_t)numbers[1],
				    .count = (uint32_t)numbers[2],
			    },
			    1);
	return true;
}

bool run_value_idmap(GArray *map, const char *value, GError **error)
{
	g_auto(GStrv) items = g_strsplit(value, ",", -1);

	if (!items[0])
		return error_set(error, RLC_ERROR_USAGE, "it is empty");
	for (char **item = items; *item; item++) {
		if (!take_idmap(map, *item, error))
			return false;
	}
	return true;
}

bool run_value_userns(Spec *spec, const char *value, GError **error)
{
	static const char map_prefix[] = "map=", auto_prefix[] = "auto:size=";

	if (g_str_has_prefix(value, map_prefix)) {
		spec->rlc.userns = USERNS_MAP;
		value += strlen(map_prefix);
		return run_value_idmap(spec->linux_.uid_mappings, value, error) &&
		       run_value_idmap(spec->linux_.gid_mappings, value, error);
	}
	if (g_str_has_prefix(value, auto_prefix)) {
		guint64 size;

		if (!parse_number(value + strlen(auto_prefix), G_MAXUINT32 - 1, &size) || size == 0)
			return error_set(error, RLC_ERROR_USAGE, "'%s' is not a number of ids",
					 value + strlen(auto_prefix));
		spec->rlc.userns = USERNS_AUTO;
		spec->rlc.userns_size = (uint32_t)size;
	} else if (strcmp(value, "auto") == 0) {
		spec->rlc.userns = USERNS_AUTO;
	} else if (strcmp(value, "host") == 0) {
		spec->rlc.userns = USERNS_HOST;
		spec->linux_.namespaces &= ~(uint64_t)CLONE_NEWUSER;
	} else if (strcmp(value, "keep-id") == 0) {
		spec->rlc.userns = USERNS_KEEP_ID;
	} else {
		return error_set(error, RLC_ERROR_USAGE,
				 "'%s' is not auto, host, keep-id or map=CONTAINER:HOST:COUNT",
				 value);
	}
	return true;
}

static bool parse_limit(const char *text, uint64_t *ret_limit)
{
	guint64 number;

	if (strcmp(text, "unlimited") == 0 || strcmp(text, "-1") == 0)
		number = RLIM_INFINITY;
	else if (!parse_number(text, G_MAXINT64, &number))
		return false;
	*ret_limit = number;
	return true;
}

bool run_value_ulimit(Spec *spec, const char *value, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(value, "=", 2);
	g_auto(GStrv) limits = NULL;
	SpecRlimit limit;

	if (!parts[0] || !parts[1])
		return error_set(error, RLC_ERROR_USAGE, "not of the form NAME=SOFT[:HARD]");
	if (!process_rlimit_parse(parts[0], &limit.resource))
		return error_set(error, RLC_ERROR_USAGE, "'%s' is no limit of setrlimit(2)",
				 parts[0]);
	limits = g_strsplit(parts[1], ":", 2);
	for (int i = 0; i < 2 && limits[i]; i++) {
		if (!parse_limit(limits[i], i == 0 ? &limit.soft : &limit.hard))
			return error_set(error, RLC_ERROR_USAGE,
					 "'%s' is neither a number nor unlimited", limits[i]);
	}
	if (!limits[0])
		return error_set(error, RLC_ERROR_USAGE, "the limit after '=' is empty");
	if (!limits[1])
		limit.hard = limit.soft;
	if (limit.soft > limit.hard)
		return error_set(error, RLC_ERROR_USAGE,
				 "soft limit '%s' is above the hard one, '%s'", limits[0],
				 limits[1]);
	g_array_append_val(spec->process.rlimits, limit);
	return true;
}

bool run_value_env(GPtrArray *env, const char *text, GError **error)
{
	const char *value;

	if (!*text || *text == '=')
		return error_set(error, RLC_ERROR_USAGE, "the name before '=' is empty");
	if (strchr(text, '=')) {
		g_ptr_array_add(env, g_strdup(text));
		return true;
	}
	value = g_getenv(text);
	if (value)
		g_ptr_array_add(env, g_strconcat(text, "=", value, NULL));
	return true;
}

bool run_value_signal(const char *value, int *ret_signal, GError **error)
{
	const char *name = g_ascii_strncasecmp(value, "SIG", 3) == 0 ? value + 3 : value;
	guint64 number;

	if (g_ascii_string_to_unsigned(value, 10, 1, NSIG - 1, &number, NULL)) {
		*ret_signal = (int)number;
		return true;
	}
	for (int i = 1; i < NSIG; i++) {
		const char *known = sigabbrev_np(i);

		if (known && g_ascii_strcasecmp(known, name) == 0) {
			*ret_signal = i;
			return true;
		}
	}
	return error_set(error, RLC_ERROR_USAGE, "no such signal, see signal(7)");
}

bool run_value_log(Spec *spec, const char *value, GError **error)
{
	guint64 number;

	if (g_str_has_prefix(value, "max-size=")) {
		if (!parse_size(value + strlen("max-size="), &number) || number == 0)
			return error_set(error, RLC_ERROR_USAGE,
					 "not a size: a number with k, m or g behind it");
		spec->rlc.log_max_size = number;
		return true;
	}
	if (!g_str_has_prefix(value, "max-file="))
		return error_set(error, RLC_ERROR_USAGE,
				 "neither max-size=SIZE nor max-file=COUNT");
	if (!g_ascii_string_to_unsigned(value + strlen("max-file="), 10, 1, 1000, &number, NULL))
		return error_set(error, RLC_ERROR_USAGE, "max-file is a number from 1 to 1000");
	spec->rlc.log_max_file = (unsigned)number;
	return true;
}

bool run_value_name(const char *value, GError **error)
{
	for (const char *c = value; *c || c == value; c++) {
		if (!g_ascii_isalnum(*c) && (c == value || !strchr("_.-", *c)))
			return error_set(error, RLC_ERROR_USAGE,
					 "column %d: a name is letters and digits, then also _ . -",
					 (int)(c - value) + 1);
	}
	return true;
}

bool run_value_restart(Spec *spec, const char *value, GError **error)
{
	static const char *const policies[] = {
		[RESTART_NO] = "no",
		[RESTART_ON_FAILURE] = "on-failure",
		[RESTART_ALWAYS] = "always",
		[RESTART_UNLESS_STOPPED] = "unless-stopped",
	};
	g_auto(GStrv) parts = g_strsplit(value, ":", 2);
	size_t policy = 0;
	guint64 count;

	while (policy < G_N_ELEMENTS(policies) && g_strcmp0(parts[0], policies[policy]) != 0)
		policy++;
	if (policy == G_N_ELEMENTS(policies))
		return error_set(error, RLC_ERROR_USAGE,
				 "not one of no, on-failure[:COUNT], always, unless-stopped");
	spec->rlc.restart = (SpecRestart)policy;
	if (!parts[1])
		return true;
	if (spec->rlc.restart != RESTART_ON_FAILURE ||
	    !g_ascii_string_to_unsigned(parts[1], 10, 1, G_MAXINT32, &count, NULL))
		return error_set(error, RLC_ERROR_USAGE, "only on-failure has a COUNT, from 1 on");
	spec->rlc.restart_max = (unsigned)count;
	return true;
}
