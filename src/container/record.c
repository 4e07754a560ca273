/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: one table says where in the Spec each key lies and of what kind it is; the
 * same rows write and read.  Strings may hold any byte but NUL, which GKeyFile's own do not, so a
 * value is a row of words (record_words.h).  A structure is one word (record_structures.h).
 */
#include "container/record.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "container/record_structures.h"
#include "container/record_words.h"

#define GROUP "container"

typedef enum {
	FIELD_STRING, /* char * or NULL */
	FIELD_BOOL,
	FIELD_UINT32, /* also unsigned, and int where it is not negative */
	FIELD_INT32,  /* also negative */
	FIELD_INT64,
	FIELD_UINT64,
	FIELD_ENUM,	  /* by its name */
	FIELD_STRINGS,	  /* GPtrArray of char *, or NULL */
	FIELD_VECTOR,	  /* the same with a NULL at the end */
	FIELD_STRUCTURES, /* GArray of what its RecordStructure says */
} FieldKind;

typedef struct {
	const char *key;
	FieldKind kind;
	size_t offset;
	const void *type; /* FIELD_ENUM: its names, NULL at the end; FIELD_STRUCTURES: which */
} Field;

static const char *const root_kinds[] = {"directory", "overlay", "builtin", "layers", NULL};
static const char *const net_modes[] = {"slirp", "none", "host", "bridge", "join", NULL};
static const char *const net_lanes[] = {"auto", "off", "express", NULL};
static const char *const userns_modes[] = {"default", "auto", "host", "keep-id", "map", NULL};
static const char *const seccomps[] = {"default", "none", "profile", NULL};
static const char *const cgroups_modes[] = {"auto", "enabled", "disabled", NULL};
static const char *const log_drivers[] = {"file", "none", "journald", NULL};
static const char *const restarts[] = {"no", "on-failure", "always", "unless-stopped", NULL};
static const char *const health_kinds[] = {"unset", "none", "command", "shell", NULL};
static const char *const health_states[] = {"none", "starting", "healthy", "unhealthy", NULL};
static const char *const states[] = {"created", "running", "stopped", "restarting", "paused", NULL};

#define AT(member) offsetof(Spec, member)

static const Field spec_fields[] = {
	{"name", FIELD_STRING, AT(rlc.name), NULL},
	{"directory", FIELD_STRING, AT(rlc.directory), NULL},
	{"image", FIELD_STRING, AT(rlc.image), NULL},
	{"image-id", FIELD_STRING, AT(rlc.image_id), NULL},
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
	{"process.groups", FIELD_STRUCTURES, AT(process.user.groups), &record_id},
	{"process.user", FIELD_STRING, AT(process.user.name), NULL},
	{"process.group-names", FIELD_STRINGS, AT(process.user.group_names), NULL},
	{"process.cap-bounding", FIELD_UINT64, AT(process.capabilities.bounding), NULL},
	{"process.cap-effective", FIELD_UINT64, AT(process.capabilities.effective), NULL},
	{"process.cap-inheritable", FIELD_UINT64, AT(process.capabilities.inheritable), NULL},
	{"process.cap-permitted", FIELD_UINT64, AT(process.capabilities.permitted), NULL},
	{"process.cap-ambient", FIELD_UINT64, AT(process.capabilities.ambient), NULL},
	{"process.rlimits", FIELD_STRUCTURES, AT(process.rlimits), &record_rlimit},
	{"process.no-new-privileges", FIELD_BOOL, AT(process.no_new_privileges), NULL},
	{"process.apparmor", FIELD_STRING, AT(process.apparmor_profile), NULL},
	{"process.selinux", FIELD_STRING, AT(process.selinux_label), NULL},
	{"selinux", FIELD_BOOL, AT(rlc.selinux.asked), NULL},
	{"selinux.user", FIELD_STRING, AT(rlc.selinux.user), NULL},
	{"selinux.role", FIELD_STRING, AT(rlc.selinux.role), NULL},
	{"selinux.type", FIELD_STRING, AT(rlc.selinux.type), NULL},
	{"selinux.level", FIELD_STRING, AT(rlc.selinux.level), NULL},
	{"selinux.file-type", FIELD_STRING, AT(rlc.selinux.file_type), NULL},
	{"process.oom-score-adj-set", FIELD_BOOL, AT(process.oom_score_adj_set), NULL},
	{"process.oom-score-adj", FIELD_INT32, AT(process.oom_score_adj), NULL},
	{"mounts", FIELD_STRUCTURES, AT(mounts), &record_mount},
	{"namespaces", FIELD_UINT64, AT(linux_.namespaces), NULL},
	{"uid-map", FIELD_STRUCTURES, AT(linux_.uid_mappings), &record_idmap},
	{"gid-map", FIELD_STRUCTURES, AT(linux_.gid_mappings), &record_idmap},
	{"share.pid", FIELD_STRING, AT(rlc.share.pid), NULL},
	{"share.ipc", FIELD_STRING, AT(rlc.share.ipc), NULL},
	{"share.uts", FIELD_STRING, AT(rlc.share.uts), NULL},
	{"sysctl", FIELD_STRINGS, AT(linux_.sysctl), NULL},
	{"masked-paths", FIELD_STRINGS, AT(linux_.masked_paths), NULL},
	{"readonly-paths", FIELD_STRINGS, AT(linux_.readonly_paths), NULL},
	{"seccomp", FIELD_ENUM, AT(linux_.seccomp.kind), seccomps},
	{"seccomp.file", FIELD_STRING, AT(linux_.seccomp.file), NULL},
	{"seccomp.profile", FIELD_STRING, AT(linux_.seccomp.profile), NULL},
	{"seccomp.listener", FIELD_STRING, AT(linux_.seccomp.listener_path), NULL},
	{"seccomp.metadata", FIELD_STRING, AT(linux_.seccomp.listener_metadata), NULL},
	{"privileged", FIELD_BOOL, AT(rlc.privileged), NULL},
	{"nested-userns", FIELD_BOOL, AT(rlc.nested_userns), NULL},
	{"devices", FIELD_STRUCTURES, AT(linux_.devices), &record_device},
	{"cgroups-path", FIELD_STRING, AT(linux_.cgroups_path), NULL},
	{"device-rules", FIELD_STRUCTURES, AT(linux_.resources.devices), &record_device_rule},
	{"memory.limit", FIELD_INT64, AT(linux_.resources.memory.limit), NULL},
	{"memory.reservation", FIELD_INT64, AT(linux_.resources.memory.reservation), NULL},
	{"memory.swap", FIELD_INT64, AT(linux_.resources.memory.swap), NULL},
	{"cpu.shares", FIELD_UINT64, AT(linux_.resources.cpu.shares), NULL},
	{"cpu.quota", FIELD_INT64, AT(linux_.resources.cpu.quota), NULL},
	{"cpu.period", FIELD_UINT64, AT(linux_.resources.cpu.period), NULL},
	{"cpu.burst", FIELD_INT64, AT(linux_.resources.cpu.burst), NULL},
	{"cpu.cpus", FIELD_STRING, AT(linux_.resources.cpu.cpus), NULL},
	{"cpu.mems", FIELD_STRING, AT(linux_.resources.cpu.mems), NULL},
	{"pids", FIELD_INT64, AT(linux_.resources.pids), NULL},
	{"io.weight", FIELD_UINT32, AT(linux_.resources.block_io.weight), NULL},
	{"io.weight-device", FIELD_STRUCTURES, AT(linux_.resources.block_io.weight_device),
	 &record_device_rate},
	{"io.read-bps", FIELD_STRUCTURES, AT(linux_.resources.block_io.read_bps),
	 &record_device_rate},
	{"io.write-bps", FIELD_STRUCTURES, AT(linux_.resources.block_io.write_bps),
	 &record_device_rate},
	{"io.read-iops", FIELD_STRUCTURES, AT(linux_.resources.block_io.read_iops),
	 &record_device_rate},
	{"io.write-iops", FIELD_STRUCTURES, AT(linux_.resources.block_io.write_iops),
	 &record_device_rate},
	{"hugepage-limits", FIELD_STRUCTURES, AT(linux_.resources.hugepage_limits),
	 &record_hugepage_limit},
	{"unified", FIELD_STRINGS, AT(linux_.resources.unified), NULL},
	{"cgroups", FIELD_ENUM, AT(rlc.cgroups), cgroups_modes},
	{"cgroup-parent", FIELD_STRING, AT(rlc.cgroup_parent), NULL},
	{"cgroup-writable", FIELD_BOOL, AT(rlc.cgroup_writable), NULL},
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
	{"network.lane", FIELD_ENUM, AT(rlc.network.lane), net_lanes},
	{"network.dns", FIELD_STRINGS, AT(rlc.network.dns), NULL},
	{"network.dns-search", FIELD_STRINGS, AT(rlc.network.dns_search), NULL},
	{"network.dns-options", FIELD_STRINGS, AT(rlc.network.dns_options), NULL},
	{"network.add-hosts", FIELD_STRINGS, AT(rlc.network.add_hosts), NULL},
	{"network.publish", FIELD_STRUCTURES, AT(rlc.network.publish), &record_publish},
	{"health", FIELD_ENUM, AT(rlc.health.kind), health_kinds},
	{"health.test", FIELD_VECTOR, AT(rlc.health.test), NULL},
	{"health.interval", FIELD_INT64, AT(rlc.health.interval), NULL},
	{"health.timeout", FIELD_INT64, AT(rlc.health.timeout), NULL},
	{"health.start-period", FIELD_INT64, AT(rlc.health.start_period), NULL},
	{"health.start-interval", FIELD_INT64, AT(rlc.health.start_interval), NULL},
	{"health.retries", FIELD_UINT32, AT(rlc.health.retries), NULL},
	{"init", FIELD_BOOL, AT(rlc.init), NULL},
	{"pidfile", FIELD_STRING, AT(rlc.pidfile), NULL},
	{"command", FIELD_STRINGS, AT(rlc.command), NULL},
	{"labels", FIELD_STRINGS, AT(rlc.labels), NULL},
	{"annotations", FIELD_STRINGS, AT(annotations), NULL},
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
	{"log.driver", FIELD_ENUM, AT(rlc.log_driver), log_drivers},
};

#undef AT
#define AT(member) offsetof(Status, member)

static const Field status_fields[] = {
	{"state", FIELD_ENUM, AT(state), states},
	{"health", FIELD_ENUM, AT(health), health_states},
	{"exit-code", FIELD_UINT32, AT(exit_code), NULL},
	{"created", FIELD_INT64, AT(created), NULL},
	{"started", FIELD_INT64, AT(started), NULL},
	{"finished", FIELD_INT64, AT(finished), NULL},
	{"pid", FIELD_UINT32, AT(pid), NULL},
	{"restarts", FIELD_UINT32, AT(restarts), NULL},
	{"oom-killed", FIELD_BOOL, AT(oom_killed), NULL},
	{"keep", FIELD_BOOL, AT(keep), NULL},
	{"verdict", FIELD_STRING, AT(verdict), NULL},
};

#undef AT

/* --- write --- */

static void append_structures(GString *row, const RecordStructure *structure, const GArray *array)
{
	for (guint i = 0; i < array->len; i++)
		structure->append(row, array->data + i * structure->size);
}

static void append_value(GString *row, const Field *field, const void *member)
{
	switch (field->kind) {
	case FIELD_STRING:
		record_append_word_or_null(row, *(char *const *)member);
		break;
	case FIELD_BOOL:
		g_string_append(row, *(const bool *)member ? "true" : "false");
		break;
	case FIELD_UINT32:
		g_string_append_printf(row, "%u", *(const uint32_t *)member);
		break;
	case FIELD_INT32:
		g_string_append_printf(row, "%d", *(const int *)member);
		break;
	case FIELD_INT64:
		g_string_append_printf(row, "%" G_GINT64_FORMAT, *(const int64_t *)member);
		break;
	case FIELD_UINT64:
		g_string_append_printf(row, "%" G_GUINT64_FORMAT, *(const uint64_t *)member);
		break;
	case FIELD_ENUM:
		g_string_append(row, ((const char *const *)field->type)[*(const unsigned *)member]);
		break;
	case FIELD_STRINGS:
	case FIELD_VECTOR:
		record_append_words(row, *(GPtrArray *const *)member);
		break;
	default:
		append_structures(row, field->type, *(GArray *const *)member);
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
	*member = record_word_or_null(g_ptr_array_index(words, 0));
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

static bool read_structures(const GPtrArray *words, const RecordStructure *structure, GArray *array)
{
	g_array_set_size(array, 0);
	for (guint i = 0; i < words->len; i++) {
		if (!structure->read(g_ptr_array_index(words, i), array))
			return false;
	}
	return true;
}

static bool read_words(const Field *field, const char *value, void *member)
{
	g_autoptr(GPtrArray) words = record_parse_words(value);

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
		return read_structures(words, field->type, *(GArray **)member);
	}
}

static bool read_value(const Field *field, const char *value, void *member)
{
	uint64_t number = 0;
	gint64 signed_number;

	switch (field->kind) {
	case FIELD_BOOL:
		*(bool *)member = strcmp(value, "true") == 0;
		return true;
	case FIELD_UINT32:
		if (!read_number(value, UINT32_MAX, &number))
			return false;
		*(uint32_t *)member = (uint32_t)number;
		return true;
	case FIELD_INT32:
		if (!g_ascii_string_to_signed(value, 10, G_MININT, G_MAXINT, &signed_number, NULL))
			return false;
		*(int *)member = (int)signed_number;
		return true;
	case FIELD_INT64:
		return g_ascii_string_to_signed(value, 10, G_MININT64, G_MAXINT64, (gint64 *)member,
						NULL);
	case FIELD_UINT64:
		return read_number(value, UINT64_MAX, member);
	case FIELD_ENUM:
		return read_enum(value, field->type, member);
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
	if (!g_key_file_has_group(file, GROUP))
		return error_set(error, RLC_ERROR_FAILED,
				 "read the container's record: it is empty");
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

const char *status_health_name(HealthState state)
{
	return health_states[state];
}
