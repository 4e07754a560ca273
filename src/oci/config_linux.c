/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "linux" of a config.json: namespaces, id maps, devices, and what has no section of its own. */
#include <linux/mempolicy.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/personality.h>

#include "base/error.h"
#include "feature/resctrl.h"
#include "feature/scheduling.h"
#include "kernel/mount.h"
#include "oci/config.h"

/* --- namespaces --- */

static bool take_namespace_type(const FieldAt *at, void *target, GError **error)
{
	static const struct {
		const char *type;
		uint64_t flag;
	} types[] = {
		{"pid", CLONE_NEWPID},	 {"network", CLONE_NEWNET},   {"mount", CLONE_NEWNS},
		{"ipc", CLONE_NEWIPC},	 {"uts", CLONE_NEWUTS},	      {"user", CLONE_NEWUSER},
		{"time", CLONE_NEWTIME}, {"cgroup", CLONE_NEWCGROUP},
	};
	const char *type = field_string(at, error);

	for (size_t i = 0; type && i < G_N_ELEMENTS(types); i++) {
		if (strcmp(type, types[i].type) == 0) {
			*(uint64_t *)target = types[i].flag;
			return true;
		}
	}
	return type && field_wrong(at, error, "'%s' is no type of namespace", type);
}

static const Field namespace_fields[] = {
	{"type", FIELD_CALL, offsetof(SpecNamespace, flag), take_namespace_type, true},
	{"path", FIELD_STRING, offsetof(SpecNamespace, path), NULL, false},
};

static bool is_there(const SpecLinux *linux_, uint64_t flag)
{
	uint64_t flags = linux_->namespaces;

	for (guint i = 0; i < linux_->joined->len; i++)
		flags |= g_array_index(linux_->joined, SpecNamespace, i).flag;
	return flags & flag;
}

static bool take_namespace(const FieldAt *at, void *target, GError **error)
{
	SpecLinux *linux_ = target;
	SpecNamespace namespace = {0};
	bool ok =
		field_read(at, namespace_fields, G_N_ELEMENTS(namespace_fields), &namespace, error);

	if (ok && is_there(linux_, namespace.flag))
		ok = field_wrong(at, error, "this type of namespace is there twice");
	if (ok && namespace.path && *namespace.path && *namespace.path != '/')
		ok = field_wrong(at, error, "the path is not absolute");
	if (ok && namespace.path && *namespace.path) {
		g_array_append_val(linux_->joined, namespace);
		return true;
	}
	linux_->namespaces |= ok ? namespace.flag : 0;
	g_free(namespace.path);
	return ok;
}

/* --- id maps --- */

static const Field id_map_fields[] = {
	{"containerID", FIELD_UINT32, offsetof(SpecIdMap, inside), NULL, true},
	{"hostID", FIELD_UINT32, offsetof(SpecIdMap, outside), NULL, true},
	{"size", FIELD_UINT32, offsetof(SpecIdMap, count), NULL, true},
};

bool config_id_map(const FieldAt *at, void *target, GError **error)
{
	SpecIdMap map;

	if (!field_read(at, id_map_fields, G_N_ELEMENTS(id_map_fields), &map, error))
		return false;
	g_array_append_val(*(GArray **)target, map);
	return true;
}

/* --- devices --- */

static bool take_device_type(const FieldAt *at, void *target, GError **error)
{
	const char *type = field_string(at, error);

	if (!type)
		return false;
	if (strlen(type) != 1 || !strchr("cubp", *type))
		return field_wrong(at, error, "'%s' is none of c, u, b and p", type);
	*(char *)target = *type;
	return true;
}

/* Some callers leave the bits of the type in. */
static bool take_file_mode(const FieldAt *at, void *target, GError **error)
{
	int64_t *mode = target;

	return field_take_wide(at, mode, error) &&
	       (*mode <= UINT16_MAX || field_wrong(at, error, "no mode of a file"));
}

static const Field device_fields[] = {
	{"path", FIELD_STRING, offsetof(SpecDevice, path), NULL, true},
	{"type", FIELD_CALL, offsetof(SpecDevice, type), take_device_type, true},
	{"major", FIELD_INT64, offsetof(SpecDevice, major), NULL, false},
	{"minor", FIELD_INT64, offsetof(SpecDevice, minor), NULL, false},
	{"fileMode", FIELD_CALL, offsetof(SpecDevice, mode), take_file_mode, false},
	{"uid", FIELD_CALL, offsetof(SpecDevice, uid), field_take_wide, false},
	{"gid", FIELD_CALL, offsetof(SpecDevice, gid), field_take_wide, false},
};

static bool take_device(const FieldAt *at, void *target, GError **error)
{
	GArray *devices = *(GArray **)target;
	SpecDevice *device;
	SpecDevice empty = {.mode = -1, .uid = -1, .gid = -1, .access = "rwm"};

	g_array_append_val(devices, empty);
	device = &g_array_index(devices, SpecDevice, devices->len - 1);
	if (!field_read(at, device_fields, G_N_ELEMENTS(device_fields), device, error))
		return false;
	return *device->path == '/' ||
	       field_wrong(at, error, "the path '%s' is not absolute", device->path);
}

/* --- the rest --- */

static bool take_sysctl(const FieldAt *at, void *target, GError **error)
{
	const char *value = field_string(at, error);

	if (value)
		g_ptr_array_add(*(GPtrArray **)target, g_strdup_printf("%s=%s", at->key, value));
	return value != NULL;
}

static bool take_propagation(const FieldAt *at, void *target, GError **error)
{
	static const struct {
		const char *word;
		uint64_t propagation;
	} words[] = {
		{"shared", MS_SHARED},	       {"rshared", MS_SHARED},
		{"slave", MS_SLAVE},	       {"rslave", MS_SLAVE},
		{"private", MS_PRIVATE},       {"rprivate", MS_PRIVATE},
		{"unbindable", MS_UNBINDABLE}, {"runbindable", MS_UNBINDABLE},
	};
	const char *word = field_string(at, error);

	for (size_t i = 0; word && i < G_N_ELEMENTS(words); i++) {
		if (strcmp(word, words[i].word) == 0) {
			*(uint64_t *)target = words[i].propagation;
			return true;
		}
	}
	return word && (!*word || field_wrong(at, error, "'%s' is no propagation", word));
}

static bool take_domain(const FieldAt *at, void *target, GError **error)
{
	const char *domain = field_string(at, error);

	if (!domain)
		return false;
	if (strcmp(domain, "LINUX") == 0)
		*(int64_t *)target = PER_LINUX;
	else if (strcmp(domain, "LINUX32") == 0)
		*(int64_t *)target = PER_LINUX32;
	else
		return field_wrong(at, error, "'%s' is neither LINUX nor LINUX32", domain);
	return true;
}

static bool take_no_flags(const FieldAt *at, void *target, GError **error)
{
	(void)target;
	return field_wrong(at, error, "flags of a personality are not supported");
}

static const Field personality_fields[] = {
	{"domain", FIELD_CALL, 0, take_domain, true},
	{"flags", FIELD_EACH, 0, take_no_flags, false},
};

static bool take_personality(const FieldAt *at, void *target, GError **error)
{
	return field_read(at, personality_fields, G_N_ELEMENTS(personality_fields), target, error);
}

static const Field offset_fields[] = {
	{"secs", FIELD_INT64, offsetof(SpecTimeOffset, seconds), NULL, false},
	{"nanosecs", FIELD_UINT32, offsetof(SpecTimeOffset, nanoseconds), NULL, false},
};

static bool take_offset(const FieldAt *at, void *target, GError **error)
{
	((SpecTimeOffset *)target)->set = true;
	return field_read(at, offset_fields, G_N_ELEMENTS(offset_fields), target, error);
}

static const Field offsets_fields[] = {
	{"monotonic", FIELD_CALL, offsetof(SpecLinux, monotonic), take_offset, false},
	{"boottime", FIELD_CALL, offsetof(SpecLinux, boottime), take_offset, false},
};

static bool take_offsets(const FieldAt *at, void *target, GError **error)
{
	return field_read(at, offsets_fields, G_N_ELEMENTS(offsets_fields), target, error);
}

static bool check_word(const FieldAt *at, const char *const *words, const char *what,
		       GError **error)
{
	const char *word = field_string(at, error);

	return word && (g_strv_contains(words, word) ||
			field_wrong(at, error, "'%s' is no %s", word, what));
}

static bool pass_action(const FieldAt *at, void *target, GError **error)
{
	static const char *const actions[] = {
		"SCMP_ACT_KILL",	"SCMP_ACT_KILL_PROCESS",
		"SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP",
		"SCMP_ACT_ERRNO",	"SCMP_ACT_TRACE",
		"SCMP_ACT_ALLOW",	"SCMP_ACT_LOG",
		"SCMP_ACT_NOTIFY",	NULL,
	};

	(void)target;
	return check_word(at, actions, "action of a filter", error);
}

static bool pass_operator(const FieldAt *at, void *target, GError **error)
{
	static const char *const operators[] = {
		"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",	    "SCMP_CMP_EQ",
		"SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ", NULL,
	};

	(void)target;
	return check_word(at, operators, "comparison of a filter", error);
}

/* Which of them there are is for rlc-seccomp to know. */
static bool check_prefix(const FieldAt *at, const char *prefix, GError **error)
{
	const char *word = field_string(at, error);

	return word && (g_str_has_prefix(word, prefix) ||
			field_wrong(at, error, "'%s' does not begin with %s", word, prefix));
}

static bool pass_flag(const FieldAt *at, void *target, GError **error)
{
	(void)target;
	return check_prefix(at, "SECCOMP_FILTER_FLAG_", error);
}

static bool pass_architecture(const FieldAt *at, void *target, GError **error)
{
	(void)target;
	return check_prefix(at, "SCMP_ARCH_", error);
}

static bool pass_names(const FieldAt *at, void *target, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	(void)target;
	return field_take(at, FIELD_STRINGS, &names, error) &&
	       (names->len > 0 || field_wrong(at, error, "there is no name"));
}

static bool pass_uint32(const FieldAt *at, void *target, GError **error)
{
	uint32_t number;

	(void)target;
	return field_take(at, FIELD_UINT32, &number, error);
}

static bool pass_uint64(const FieldAt *at, void *target, GError **error)
{
	uint64_t number;

	(void)target;
	return field_take(at, FIELD_UINT64, &number, error);
}

static const Field filter_arg_fields[] = {
	{"index", FIELD_CALL, 0, pass_uint32, true},
	{"value", FIELD_CALL, 0, pass_uint64, true},
	{"valueTwo", FIELD_CALL, 0, pass_uint64, false},
	{"op", FIELD_CALL, 0, pass_operator, true},
};

static bool pass_filter_arg(const FieldAt *at, void *target, GError **error)
{
	return field_read(at, filter_arg_fields, G_N_ELEMENTS(filter_arg_fields), target, error);
}

static const Field filter_fields[] = {
	{"names", FIELD_CALL, 0, pass_names, true},
	{"action", FIELD_CALL, 0, pass_action, true},
	{"errnoRet", FIELD_CALL, 0, pass_uint32, false},
	{"args", FIELD_EACH, 0, pass_filter_arg, false},
};

static bool pass_filter(const FieldAt *at, void *target, GError **error)
{
	return field_read(at, filter_fields, G_N_ELEMENTS(filter_fields), target, error);
}

static const Field seccomp_fields[] = {
	{"defaultAction", FIELD_CALL, 0, pass_action, true},
	{"defaultErrnoRet", FIELD_CALL, 0, pass_uint32, false},
	{"flags", FIELD_EACH, 0, pass_flag, false},
	{"architectures", FIELD_EACH, 0, pass_architecture, false},
	{"syscalls", FIELD_EACH, 0, pass_filter, false},
	{"listenerPath", FIELD_STRING, offsetof(SpecSeccomp, listener_path), NULL, false},
	{"listenerMetadata", FIELD_STRING, offsetof(SpecSeccomp, listener_metadata), NULL, false},
};

/* Compiled by rlc-seccomp, which names the place of what it does not like itself. */
static bool take_seccomp(const FieldAt *at, void *target, GError **error)
{
	SpecSeccomp *seccomp = target;

	if (!field_read(at, seccomp_fields, G_N_ELEMENTS(seccomp_fields), target, error))
		return false;
	if (seccomp->listener_metadata && *seccomp->listener_metadata &&
	    !(seccomp->listener_path && *seccomp->listener_path))
		return field_wrong(at, error, "listenerMetadata without listenerPath");
	seccomp->kind = SECCOMP_PROFILE;
	seccomp->profile = field_text(at);
	return true;
}

/* What the kernel takes for a name, and one %d at most for a number of its own. */
static bool is_link_name(const char *name)
{
	const char *percent = strchr(name, '%');

	return *name && strlen(name) < IFNAMSIZ && !strpbrk(name, "/: \t\n") &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       (!percent || (percent[1] == 'd' && !strchr(percent + 1, '%')));
}

static const Field net_device_fields[] = {
	{"name", FIELD_STRING, offsetof(SpecNetDevice, inside), NULL, false},
};

static bool take_net_device(const FieldAt *at, void *target, GError **error)
{
	GArray *devices = *(GArray **)target;
	SpecNetDevice empty = {.name = g_strdup(at->key)};
	SpecNetDevice *device;

	g_array_append_val(devices, empty);
	device = &g_array_index(devices, SpecNetDevice, devices->len - 1);
	if (!field_read(at, net_device_fields, G_N_ELEMENTS(net_device_fields), device, error))
		return false;
	if (!is_link_name(device->name) || strchr(device->name, '%'))
		return field_wrong(at, error, "'%s' is no name of a network device", device->name);
	return !device->inside || !*device->inside || is_link_name(device->inside) ||
	       field_wrong(at, error, "'%s' is no name of a network device", device->inside);
}

typedef struct {
	const char *name;
	int value;
} PolicyWord;

static bool take_policy_word(const FieldAt *at, const PolicyWord *words, size_t n, int *target,
			     GError **error)
{
	const char *word = field_string(at, error);

	for (size_t i = 0; word && i < n; i++) {
		if (strcmp(word, words[i].name) == 0) {
			*target |= words[i].value;
			return true;
		}
	}
	return word && field_wrong(at, error, "'%s' is none of the words for it", word);
}

static bool take_policy_mode(const FieldAt *at, void *target, GError **error)
{
	static const PolicyWord modes[] = {
		{"MPOL_DEFAULT", MPOL_DEFAULT},
		{"MPOL_BIND", MPOL_BIND},
		{"MPOL_INTERLEAVE", MPOL_INTERLEAVE},
		{"MPOL_WEIGHTED_INTERLEAVE", 6}, /* Linux 6.9 */
		{"MPOL_PREFERRED", MPOL_PREFERRED},
		{"MPOL_PREFERRED_MANY", 5}, /* Linux 5.15 */
		{"MPOL_LOCAL", MPOL_LOCAL},
	};

	return take_policy_word(at, modes, G_N_ELEMENTS(modes), target, error);
}

static bool take_policy_flag(const FieldAt *at, void *target, GError **error)
{
	static const PolicyWord flags[] = {
		{"MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES},
		{"MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES},
		{"MPOL_F_NUMA_BALANCING", 1 << 13}, /* Linux 5.15 */
	};

	return take_policy_word(at, flags, G_N_ELEMENTS(flags), target, error);
}

static bool take_policy_nodes(const FieldAt *at, void *target, GError **error)
{
	const char *list = field_string(at, error);

	if (!list)
		return false;
	return !*list || scheduling_parse_list(list, SPEC_NODES_MAX, target) ||
	       field_wrong(at, error, "'%s' is no list of numbers", list);
}

static const Field policy_fields[] = {
	{"mode", FIELD_CALL, offsetof(SpecMemoryPolicy, mode), take_policy_mode, true},
	{"nodes", FIELD_CALL, offsetof(SpecMemoryPolicy, nodes), take_policy_nodes, false},
	{"flags", FIELD_EACH, offsetof(SpecMemoryPolicy, mode), take_policy_flag, false},
};

static bool take_memory_policy(const FieldAt *at, void *target, GError **error)
{
	((SpecMemoryPolicy *)target)->set = true;
	return field_read(at, policy_fields, G_N_ELEMENTS(policy_fields), target, error);
}

static bool take_class(const FieldAt *at, void *target, GError **error)
{
	const char *class = field_string(at, error);

	if (!class || !*class)
		return class;
	*(char **)target = g_strdup(class);
	return resctrl_check_class(class) ||
	       field_wrong(at, error, "'%s' is no name of a class of resctrl", class);
}

static bool take_bandwidth(const FieldAt *at, void *target, GError **error)
{
	const char *line = field_string(at, error);

	if (!line || !*line)
		return line;
	*(char **)target = g_strdup(line);
	return (g_str_has_prefix(line, "MB:") && !strchr(line, '\n')) ||
	       field_wrong(at, error, "'%s' is no line that begins with MB:", line);
}

/* enableCMT and enableMBM of editions before 1.3: what is counted depends on the processor alone */
static bool take_monitoring(const FieldAt *at, void *target, GError **error)
{
	bool wanted;

	if (!field_take(at, FIELD_BOOL, &wanted, error))
		return false;
	*(bool *)target |= wanted;
	return true;
}

static const Field rdt_fields[] = {
	{"closID", FIELD_CALL, offsetof(SpecRdt, class), take_class, false},
	{"l3CacheSchema", FIELD_STRING, offsetof(SpecRdt, l3_cache_schema), NULL, false},
	{"memBwSchema", FIELD_CALL, offsetof(SpecRdt, mem_bw_schema), take_bandwidth, false},
	{"schemata", FIELD_STRINGS, offsetof(SpecRdt, schemata), NULL, false},
	{"enableMonitoring", FIELD_CALL, offsetof(SpecRdt, monitoring), take_monitoring, false},
	{"enableCMT", FIELD_CALL, offsetof(SpecRdt, monitoring), take_monitoring, false},
	{"enableMBM", FIELD_CALL, offsetof(SpecRdt, monitoring), take_monitoring, false},
};

static bool take_rdt(const FieldAt *at, void *target, GError **error)
{
	((SpecRdt *)target)->set = true;
	return field_read(at, rdt_fields, G_N_ELEMENTS(rdt_fields), target, error);
}

static const Field linux_fields[] = {
	{"namespaces", FIELD_EACH, 0, take_namespace, false},
	{"uidMappings", FIELD_EACH, offsetof(SpecLinux, uid_mappings), config_id_map, false},
	{"gidMappings", FIELD_EACH, offsetof(SpecLinux, gid_mappings), config_id_map, false},
	{"devices", FIELD_EACH, offsetof(SpecLinux, devices), take_device, false},
	{"cgroupsPath", FIELD_STRING, offsetof(SpecLinux, cgroups_path), NULL, false},
	{"rootfsPropagation", FIELD_CALL, offsetof(SpecLinux, rootfs_propagation), take_propagation,
	 false},
	{"maskedPaths", FIELD_STRINGS, offsetof(SpecLinux, masked_paths), NULL, false},
	{"readonlyPaths", FIELD_STRINGS, offsetof(SpecLinux, readonly_paths), NULL, false},
	{"mountLabel", FIELD_STRING, offsetof(SpecLinux, mount_label), NULL, false},
	{"sysctl", FIELD_MAP, offsetof(SpecLinux, sysctl), take_sysctl, false},
	{"personality", FIELD_CALL, offsetof(SpecLinux, personality), take_personality, false},
	{"timeOffsets", FIELD_CALL, 0, take_offsets, false},
	{"resources", FIELD_CALL, offsetof(SpecLinux, resources), config_resources, false},
	{"seccomp", FIELD_CALL, offsetof(SpecLinux, seccomp), take_seccomp, false},
	{"intelRdt", FIELD_CALL, offsetof(SpecLinux, rdt), take_rdt, false},
	{"memoryPolicy", FIELD_CALL, offsetof(SpecLinux, memory_policy), take_memory_policy, false},
	{"netDevices", FIELD_MAP, offsetof(SpecLinux, net_devices), take_net_device, false},
};

bool config_linux(const FieldAt *at, void *spec, GError **error)
{
	return field_read(at, linux_fields, G_N_ELEMENTS(linux_fields), &((Spec *)spec)->linux_,
			  error);
}
