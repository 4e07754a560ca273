/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: one table says where in the Spec each key lies and of what kind it is; the
 * same rows write and read.  Strings may hold any byte but NUL, which GKeyFile's own do not, so a
 * value is a row of words in quotation marks, each escaped as in C.  A structure is a row of words
 * within one word.
 */
#include "container/record.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

#define GROUP "container"

/* What stands in front of a word's text where it could also be NULL */
#define WORD_NULL "-"
#define WORD_SET  '='

typedef enum {
	FIELD_STRING, /* char * or NULL */
	FIELD_BOOL,
	FIELD_UINT32, /* also unsigned, and int where it is not negative */
	FIELD_INT64,
	FIELD_UINT64,
	FIELD_ENUM,    /* by its name */
	FIELD_STRINGS, /* GPtrArray of char *, or NULL */
	FIELD_VECTOR,  /* the same with a NULL at the end */
	FIELD_IDS,     /* GArray of uint32_t */
	FIELD_IDMAP,   /* GArray of SpecIdMap */
	FIELD_RLIMITS, /* GArray of SpecRlimit */
	FIELD_MOUNTS,  /* GArray of SpecMount */
	FIELD_PUBLISH, /* GArray of SpecPublish */
} FieldKind;

typedef struct {
	const char *key;
	FieldKind kind;
	size_t offset;
	const char *const *names; /* of FIELD_ENUM, NULL at the end */
} Field;

static const char *const root_kinds[] = {"directory", "overlay", "builtin", "layers", NULL};
static const char *const net_modes[] = {"slirp", "none", "host", "bridge", "join", NULL};
static const char *const userns_modes[] = {"default", "auto", "host", "keep-id", "map", NULL};
static const char *const seccomps[] = {"default", "none", "profile", NULL};
static const char *const restarts[] = {"no", "on-failure", "always", "unless-stopped", NULL};
static const char *const health_kinds[] = {"unset", "none", "command", "shell", NULL};
static const char *const states[] = {"created", "running", "stopped", "restarting", NULL};

#define AT(member) offsetof(Spec, member)

static const Field spec_fields[] = {
	{"name", FIELD_STRING, AT(rlc.name), NULL},
	{"directory", FIELD_STRING, AT(rlc.directory), NULL},
	{"image", FIELD_STRING, AT(rlc.image), NULL},
	{"hostname", FIELD_STRING, AT(hostname), NULL},
	{"root.kind", FIELD_ENUM, AT(root.kind), root_kinds},
	{"root.path", FIELD_STRING, AT(root.path), NULL},
	{"root.layers", FIELD_STRINGS, AT(root.layers), NULL},
	{"root.readonly", FIELD_BOOL, AT(root.readonly), NULL},
	{"process.args", FIELD_VECTOR, AT(process.args), NULL},
	{"process.env", FIELD_VECTOR, AT(process.env), NULL},
	{"process.cwd", FIELD_STRING, AT(process.cwd), NULL},
	{"process.terminal", FIELD_BOOL, AT(process.terminal), NULL},
	{"process.uid", FIELD_UINT32, AT(process.user.uid), NULL},
	{"process.gid", FIELD_UINT32, AT(process.user.gid), NULL},
	{"process.umask", FIELD_INT64, AT(process.user.umask), NULL},
	{"process.groups", FIELD_IDS, AT(process.user.groups), NULL},
	{"process.user", FIELD_STRING, AT(process.user.name), NULL},
	{"process.group-names", FIELD_STRINGS, AT(process.user.group_names), NULL},
	{"process.cap-bounding", FIELD_UINT64, AT(process.capabilities.bounding), NULL},
	{"process.cap-effective", FIELD_UINT64, AT(process.capabilities.effective), NULL},
	{"process.cap-inheritable", FIELD_UINT64, AT(process.capabilities.inheritable), NULL},
	{"process.cap-permitted", FIELD_UINT64, AT(process.capabilities.permitted), NULL},
	{"process.cap-ambient", FIELD_UINT64, AT(process.capabilities.ambient), NULL},
	{"process.rlimits", FIELD_RLIMITS, AT(process.rlimits), NULL},
	{"process.no-new-privileges", FIELD_BOOL, AT(process.no_new_privileges), NULL},
	{"process.apparmor", FIELD_STRING, AT(process.apparmor_profile), NULL},
	{"process.selinux", FIELD_STRING, AT(process.selinux_label), NULL},
	{"mounts", FIELD_MOUNTS, AT(mounts), NULL},
	{"namespaces", FIELD_UINT64, AT(linux_.namespaces), NULL},
	{"uid-map", FIELD_IDMAP, AT(linux_.uid_mappings), NULL},
	{"gid-map", FIELD_IDMAP, AT(linux_.gid_mappings), NULL},
	{"masked-paths", FIELD_STRINGS, AT(linux_.masked_paths), NULL},
	{"readonly-paths", FIELD_STRINGS, AT(linux_.readonly_paths), NULL},
	{"seccomp", FIELD_ENUM, AT(linux_.seccomp.kind), seccomps},
	{"seccomp.profile", FIELD_STRING, AT(linux_.seccomp.profile), NULL},
	{"seccomp.listener", FIELD_STRING, AT(linux_.seccomp.listener_path), NULL},
	{"seccomp.metadata", FIELD_STRING, AT(linux_.seccomp.listener_metadata), NULL},
	{"nested-userns", FIELD_BOOL, AT(rlc.nested_userns), NULL},
	{"userns", FIELD_ENUM, AT(rlc.userns), userns_modes},
	{"userns-size", FIELD_UINT32, AT(rlc.userns_size), NULL},
	{"network", FIELD_ENUM, AT(rlc.network.mode), net_modes},
	{"network.mtu", FIELD_UINT32, AT(rlc.network.mtu), NULL},
	{"network.cidr", FIELD_STRING, AT(rlc.network.cidr), NULL},
	{"network.bridge", FIELD_STRING, AT(rlc.network.bridge), NULL},
	{"network.ip", FIELD_STRING, AT(rlc.network.ip), NULL},
	{"network.ip6", FIELD_STRING, AT(rlc.network.ip6), NULL},
	{"network.mac", FIELD_STRING, AT(rlc.network.mac), NULL},
	{"network.container", FIELD_STRING, AT(rlc.network.container), NULL},
	{"network.path", FIELD_STRING, AT(rlc.network.path), NULL},
	{"network.ipv6", FIELD_BOOL, AT(rlc.network.ipv6), NULL},
	{"network.host-loopback", FIELD_BOOL, AT(rlc.network.host_loopback), NULL},
	{"network.dns", FIELD_STRINGS, AT(rlc.network.dns), NULL},
	{"network.dns-search", FIELD_STRINGS, AT(rlc.network.dns_search), NULL},
	{"network.dns-options", FIELD_STRINGS, AT(rlc.network.dns_options), NULL},
	{"network.add-hosts", FIELD_STRINGS, AT(rlc.network.add_hosts), NULL},
	{"network.publish", FIELD_PUBLISH, AT(rlc.network.publish), NULL},
	{"health", FIELD_ENUM, AT(rlc.health.kind), health_kinds},
	{"health.test", FIELD_VECTOR, AT(rlc.health.test), NULL},
	{"health.interval", FIELD_INT64, AT(rlc.health.interval), NULL},
	{"health.timeout", FIELD_INT64, AT(rlc.health.timeout), NULL},
	{"health.start-period", FIELD_INT64, AT(rlc.health.start_period), NULL},
	{"health.start-interval", FIELD_INT64, AT(rlc.health.start_interval), NULL},
	{"health.retries", FIELD_UINT32, AT(rlc.health.retries), NULL},
	{"init", FIELD_BOOL, AT(rlc.init), NULL},
	{"interactive", FIELD_BOOL, AT(rlc.interactive), NULL},
	{"timeout", FIELD_UINT32, AT(rlc.timeout), NULL},
	{"scratch", FIELD_STRING, AT(rlc.scratch), NULL},
	{"detach", FIELD_BOOL, AT(rlc.detach), NULL},
	{"keep", FIELD_BOOL, AT(rlc.keep), NULL},
	{"stop-signal", FIELD_UINT32, AT(rlc.stop_signal), NULL},
	{"stop-timeout", FIELD_UINT32, AT(rlc.stop_timeout), NULL},
	{"restart", FIELD_ENUM, AT(rlc.restart), restarts},
	{"restart-max", FIELD_UINT32, AT(rlc.restart_max), NULL},
	{"log.max-size", FIELD_UINT64, AT(rlc.log_max_size), NULL},
	{"log.max-file", FIELD_UINT32, AT(rlc.log_max_file), NULL},
	{"log.none", FIELD_BOOL, AT(rlc.log_none), NULL},
};

#undef AT
#define AT(member) offsetof(Status, member)

static const Field status_fields[] = {
	{"state", FIELD_ENUM, AT(state), states},
	{"exit-code", FIELD_UINT32, AT(exit_code), NULL},
	{"created", FIELD_INT64, AT(created), NULL},
	{"started", FIELD_INT64, AT(started), NULL},
	{"finished", FIELD_INT64, AT(finished), NULL},
	{"pid", FIELD_UINT32, AT(pid), NULL},
	{"restarts", FIELD_UINT32, AT(restarts), NULL},
	{"keep", FIELD_BOOL, AT(keep), NULL},
	{"verdict", FIELD_STRING, AT(verdict), NULL},
};

#undef AT

/* --- words --- */

static void append_word(GString *row, const char *word)
{
	g_autofree char *escaped = g_strescape(word, NULL);

	g_string_append_printf(row, "%s\"%s\"", row->len ? " " : "", escaped);
}

static void append_word_or_null(GString *row, const char *word)
{
	g_autofree char *set = word ? g_strdup_printf("%c%s", WORD_SET, word) : NULL;

	append_word(row, set ? set : WORD_NULL);
}

/* The words of a row; NULL where it is malformed. */
static GPtrArray *parse_words(const char *row)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);

	while (*(row += strspn(row, " "))) {
		const char *end = row + 1;
		g_autofree char *escaped = NULL;

		if (*row != '"')
			return NULL;
		while (*end && *end != '"')
			end += *end == '\\' && end[1] ? 2 : 1;
		if (*end != '"')
			return NULL;
		escaped = g_strndup(row + 1, (gsize)(end - row - 1));
		g_ptr_array_add(words, g_strcompress(escaped));
		row = end + 1;
	}
	return g_steal_pointer(&words);
}

static char *word_or_null(const char *word)
{
	return *word == WORD_SET ? g_strdup(word + 1) : NULL;
}

/* --- write --- */

static void append_strings(GString *row, const GPtrArray *strings)
{
	for (guint i = 0; strings && i < strings->len; i++) {
		if (g_ptr_array_index(strings, i))
			append_word(row, g_ptr_array_index(strings, i));
	}
}

static void append_mount(GString *row, const SpecMount *mount)
{
	g_autoptr(GString) inner = g_string_new(NULL);

	append_word(inner, mount->destination);
	append_word(inner, mount->type);
	append_word_or_null(inner, mount->source);
	append_strings(inner, mount->options);
	append_word(row, inner->str);
}

static void append_publish(GString *row, const SpecPublish *publish)
{
	g_autoptr(GString) inner = g_string_new(NULL);
	g_autofree char *numbers =
		g_strdup_printf("%u %u %u %u %d", publish->host_port, publish->host_count,
				publish->port, publish->count, publish->protocol);

	append_word_or_null(inner, publish->address);
	append_word(inner, numbers);
	append_word(row, inner->str);
}

static void append_structures(GString *row, FieldKind kind, const GArray *array)
{
	for (guint i = 0; i < array->len; i++) {
		g_autofree char *text = NULL;

		if (kind == FIELD_MOUNTS) {
			append_mount(row, &g_array_index(array, SpecMount, i));
		} else if (kind == FIELD_PUBLISH) {
			append_publish(row, &g_array_index(array, SpecPublish, i));
		} else if (kind == FIELD_IDS) {
			text = g_strdup_printf("%u", g_array_index(array, uint32_t, i));
		} else if (kind == FIELD_IDMAP) {
			const SpecIdMap *map = &g_array_index(array, SpecIdMap, i);

			text = g_strdup_printf("%u %u %u", map->inside, map->outside, map->count);
		} else {
			const SpecRlimit *limit = &g_array_index(array, SpecRlimit, i);

			text = g_strdup_printf("%d %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
					       limit->resource, limit->soft, limit->hard);
		}
		if (text)
			append_word(row, text);
	}
}

static void append_value(GString *row, const Field *field, const void *member)
{
	switch (field->kind) {
	case FIELD_STRING:
		append_word_or_null(row, *(char *const *)member);
		break;
	case FIELD_BOOL:
		g_string_append(row, *(const bool *)member ? "true" : "false");
		break;
	case FIELD_UINT32:
		g_string_append_printf(row, "%u", *(const uint32_t *)member);
		break;
	case FIELD_INT64:
		g_string_append_printf(row, "%" G_GINT64_FORMAT, *(const int64_t *)member);
		break;
	case FIELD_UINT64:
		g_string_append_printf(row, "%" G_GUINT64_FORMAT, *(const uint64_t *)member);
		break;
	case FIELD_ENUM:
		g_string_append(row, field->names[*(const unsigned *)member]);
		break;
	case FIELD_STRINGS:
	case FIELD_VECTOR:
		append_strings(row, *(GPtrArray *const *)member);
		break;
	default:
		append_structures(row, field->kind, *(GArray *const *)member);
		break;
	}
}

static char *format(const Field *fields, size_t n, const void *data)
{
	g_autoptr(GString) text = g_string_new("[" GROUP "]\n");

	for (size_t i = 0; i < n; i++) {
		g_autoptr(GString) row = g_string_new(NULL);

		append_value(row, &fields[i], (const char *)data + fields[i].offset);
		g_string_append_printf(text, "%s=%s\n", fields[i].key, row->str);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* --- read --- */

static bool read_number(const char *text, uint64_t max, uint64_t *ret_number)
{
	guint64 number;

	if (!g_ascii_string_to_unsigned(text, 10, 0, max, &number, NULL))
		return false;
	*ret_number = number;
	return true;
}

static bool read_enum(const char *text, const char *const *names, unsigned *ret_value)
{
	for (unsigned i = 0; names[i]; i++) {
		if (strcmp(names[i], text) == 0) {
			*ret_value = i;
			return true;
		}
	}
	return false;
}

static bool read_string(const GPtrArray *words, char **member)
{
	if (words->len != 1)
		return false;
	g_free(*member);
	*member = word_or_null(g_ptr_array_index(words, 0));
	return true;
}

static void read_strings(const GPtrArray *words, bool vector, GPtrArray **member)
{
	GPtrArray *strings = *member;

	if (!strings && words->len == 0)
		return;
	if (!strings)
		strings = *member = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_set_size(strings, 0);
	for (guint i = 0; i < words->len; i++)
		g_ptr_array_add(strings, g_strdup(g_ptr_array_index(words, i)));
	if (vector)
		g_ptr_array_add(strings, NULL);
}

static bool read_mount(const char *text, GArray *mounts)
{
	g_autoptr(GPtrArray) words = parse_words(text);
	SpecMount mount;

	if (!words || words->len < 3)
		return false;
	mount = (SpecMount){
		.destination = g_strdup(g_ptr_array_index(words, 0)),
		.type = g_strdup(g_ptr_array_index(words, 1)),
		.source = word_or_null(g_ptr_array_index(words, 2)),
		.options = g_ptr_array_new_with_free_func(g_free),
	};
	for (guint i = 3; i < words->len; i++)
		g_ptr_array_add(mount.options, g_strdup(g_ptr_array_index(words, i)));
	g_array_append_val(mounts, mount);
	return true;
}

static bool read_publish(const char *text, GArray *ports)
{
	g_autoptr(GPtrArray) words = parse_words(text);
	SpecPublish publish = {0};

	if (!words || words->len != 2 ||
	    sscanf(g_ptr_array_index(words, 1), "%hu %hu %hu %hu %d", &publish.host_port,
		   &publish.host_count, &publish.port, &publish.count, &publish.protocol) != 5)
		return false;
	publish.address = word_or_null(g_ptr_array_index(words, 0));
	g_array_append_val(ports, publish);
	return true;
}

static bool read_numbers(const char *text, FieldKind kind, GArray *array)
{
	SpecRlimit limit;
	SpecIdMap map;

	if (kind == FIELD_RLIMITS) {
		if (sscanf(text, "%d %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, &limit.resource,
			   &limit.soft, &limit.hard) != 3)
			return false;
		g_array_append_val(array, limit);
		return true;
	}
	if (sscanf(text, "%u %u %u", &map.inside, &map.outside, &map.count) !=
	    (kind == FIELD_IDS ? 1 : 3))
		return false;
	if (kind == FIELD_IDS)
		g_array_append_val(array, map.inside);
	else
		g_array_append_val(array, map);
	return true;
}

static bool read_structures(const GPtrArray *words, FieldKind kind, GArray *array)
{
	g_array_set_size(array, 0);
	for (guint i = 0; i < words->len; i++) {
		const char *word = g_ptr_array_index(words, i);

		if (!(kind == FIELD_MOUNTS    ? read_mount(word, array)
		      : kind == FIELD_PUBLISH ? read_publish(word, array)
					      : read_numbers(word, kind, array)))
			return false;
	}
	return true;
}

static bool read_words(const Field *field, const char *value, void *member)
{
	g_autoptr(GPtrArray) words = parse_words(value);

	if (!words)
		return false;
	switch (field->kind) {
	case FIELD_STRING:
		return read_string(words, member);
	case FIELD_STRINGS:
	case FIELD_VECTOR:
		read_strings(words, field->kind == FIELD_VECTOR, member);
		return true;
	default:
		return read_structures(words, field->kind, *(GArray **)member);
	}
}

static bool read_value(const Field *field, const char *value, void *member)
{
	uint64_t number = 0;

	switch (field->kind) {
	case FIELD_BOOL:
		*(bool *)member = strcmp(value, "true") == 0;
		return true;
	case FIELD_UINT32:
		if (!read_number(value, UINT32_MAX, &number))
			return false;
		*(uint32_t *)member = (uint32_t)number;
		return true;
	case FIELD_INT64:
		return g_ascii_string_to_signed(value, 10, G_MININT64, G_MAXINT64, (gint64 *)member,
						NULL);
	case FIELD_UINT64:
		return read_number(value, UINT64_MAX, member);
	case FIELD_ENUM:
		return read_enum(value, field->names, member);
	default:
		return read_words(field, value, member);
	}
}

static bool parse(const char *text, const Field *fields, size_t n, void *data, GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) malformed = NULL;

	if (!g_key_file_load_from_data(file, text, strlen(text), G_KEY_FILE_NONE, &malformed))
		return error_set(error, RLC_ERROR_FAILED, "read the container's record: %s",
				 malformed->message);
	for (size_t i = 0; i < n; i++) {
		g_autofree char *value = g_key_file_get_value(file, GROUP, fields[i].key, NULL);

		if (value && !read_value(&fields[i], value, (char *)data + fields[i].offset))
			return error_set(error, RLC_ERROR_FAILED,
					 "read the container's record: '%s' is malformed",
					 fields[i].key);
	}
	return true;
}

/* --- both kinds --- */

char *record_format_spec(const Spec *spec)
{
	return format(spec_fields, G_N_ELEMENTS(spec_fields), spec);
}

Spec *record_parse_spec(const char *text, GError **error)
{
	g_autoptr(Spec) spec = spec_new();

	return parse(text, spec_fields, G_N_ELEMENTS(spec_fields), spec, error)
		       ? g_steal_pointer(&spec)
		       : NULL;
}

char *record_format_status(const Status *status)
{
	return format(status_fields, G_N_ELEMENTS(status_fields), status);
}

bool record_parse_status(const char *text, Status *ret_status, GError **error)
{
	Status status = {0};

	if (!parse(text, status_fields, G_N_ELEMENTS(status_fields), &status, error)) {
		status_clear(&status);
		return false;
	}
	*ret_status = status;
	return true;
}

void status_clear(Status *status)
{
	g_clear_pointer(&status->verdict, g_free);
}

const char *status_name(StatusState state)
{
	return states[state];
}
