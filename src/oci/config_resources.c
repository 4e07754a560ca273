/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "linux.resources" of a config.json, which `update --resources` reads alone. */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "oci/config.h"

/* --- devices --- */

static bool take_rule_type(const FieldAt *at, void *target, GError **error)
{
	const char *type = field_string(at, error);

	if (!type)
		return false;
	if (*type && (strlen(type) != 1 || !strchr("acbu", *type)))
		return field_wrong(at, error, "'%s' is none of a, c, u and b", type);
	if (*type)
		*(char *)target = *type == 'u' ? 'c' : *type;
	return true;
}

static bool take_access(const FieldAt *at, void *target, GError **error)
{
	const char *access = field_string(at, error);
	char *rule = target;

	if (!access)
		return false;
	if (strlen(access) > 3 || strspn(access, "rwm") != strlen(access))
		return field_wrong(at, error, "'%s' is not made of r, w and m", access);
	if (*access)
		g_strlcpy(rule, access, sizeof(((SpecDeviceRule *)NULL)->access));
	return true;
}

static const Field rule_fields[] = {
	{"allow", FIELD_BOOL, offsetof(SpecDeviceRule, allow), NULL, true},
	{"type", FIELD_CALL, offsetof(SpecDeviceRule, type), take_rule_type, false},
	{"major", FIELD_INT64, offsetof(SpecDeviceRule, major), NULL, false},
	{"minor", FIELD_INT64, offsetof(SpecDeviceRule, minor), NULL, false},
	{"access", FIELD_CALL, offsetof(SpecDeviceRule, access), take_access, false},
};

static bool take_rule(const FieldAt *at, void *target, GError **error)
{
	SpecDeviceRule rule = {.type = 'a', .major = -1, .minor = -1, .access = "rwm"};

	if (!field_read(at, rule_fields, G_N_ELEMENTS(rule_fields), &rule, error))
		return false;
	g_array_append_val(*(GArray **)target, rule);
	return true;
}

/* --- memory, cpu, pids --- */

static bool take_swappiness(const FieldAt *at, void *target, GError **error)
{
	SpecMemory *memory = target;

	if (!field_take(at, FIELD_UINT64, &memory->swappiness, error))
		return false;
	memory->swappiness_set = true;
	return memory->swappiness <= 100 || field_wrong(at, error, "more than 100");
}

/* No kernel that has this is one that rlc runs on. */
static bool warn_of_old(const FieldAt *at, FieldKind kind, GError **error)
{
	int64_t number;

	if (!field_take(at, kind, &number, error))
		return false;
	if (number != 0 && number != -1)
		log_warn("linux.resources.%s.%s is not kept: the kernel has no such limit any more",
			 at->up->key, at->key);
	return true;
}

static bool take_number_of_old(const FieldAt *at, void *target, GError **error)
{
	(void)target;
	return warn_of_old(at, FIELD_INT64, error);
}

static bool take_natural_of_old(const FieldAt *at, void *target, GError **error)
{
	(void)target;
	return warn_of_old(at, FIELD_UINT64, error);
}

static bool take_flag_of_old(const FieldAt *at, void *target, GError **error)
{
	bool flag;

	(void)target;
	return field_take(at, FIELD_BOOL, &flag, error);
}

static const Field memory_fields[] = {
	{"limit", FIELD_INT64, offsetof(SpecMemory, limit), NULL, false},
	{"reservation", FIELD_INT64, offsetof(SpecMemory, reservation), NULL, false},
	{"swap", FIELD_INT64, offsetof(SpecMemory, swap), NULL, false},
	{"kernel", FIELD_CALL, 0, take_number_of_old, false},
	{"kernelTCP", FIELD_INT64, offsetof(SpecMemory, kernel_tcp), NULL, false},
	{"swappiness", FIELD_CALL, 0, take_swappiness, false},
	{"disableOOMKiller", FIELD_BOOL, offsetof(SpecMemory, disable_oom_killer), NULL, false},
	{"useHierarchy", FIELD_CALL, 0, take_flag_of_old, false},
	{"checkBeforeUpdate", FIELD_BOOL, offsetof(SpecMemory, check_before_update), NULL, false},
};

/* Lists of cpuset(7), "0-3,7"; callers write "" for none. */
static bool take_list(const FieldAt *at, void *target, GError **error)
{
	const char *list = field_string(at, error);

	if (!list)
		return false;
	if (strspn(list, "0123456789,-") != strlen(list))
		return field_wrong(at, error, "'%s' is no list of numbers", list);
	g_free(*(char **)target);
	*(char **)target = *list ? g_strdup(list) : NULL;
	return true;
}

/* 0 is asked for, too: an update takes back what was there. */
static bool take_idle(const FieldAt *at, void *target, GError **error)
{
	int64_t idle;

	if (!field_take(at, FIELD_INT64, &idle, error))
		return false;
	*(int64_t *)target = idle == 0 ? -1 : 1;
	return idle == 0 || idle == 1 || field_wrong(at, error, "neither 0 nor 1");
}

static bool take_burst(const FieldAt *at, void *target, GError **error)
{
	uint64_t burst;

	if (!field_take(at, FIELD_UINT64, &burst, error))
		return false;
	*(int64_t *)target = burst == 0 ? -1 : (int64_t)MIN(burst, INT64_MAX);
	return true;
}

static const Field cpu_fields[] = {
	{"shares", FIELD_UINT64, offsetof(SpecCpu, shares), NULL, false},
	{"quota", FIELD_INT64, offsetof(SpecCpu, quota), NULL, false},
	{"period", FIELD_UINT64, offsetof(SpecCpu, period), NULL, false},
	{"burst", FIELD_CALL, offsetof(SpecCpu, burst), take_burst, false},
	{"realtimeRuntime", FIELD_CALL, 0, take_number_of_old, false},
	{"realtimePeriod", FIELD_CALL, 0, take_natural_of_old, false},
	{"cpus", FIELD_CALL, offsetof(SpecCpu, cpus), take_list, false},
	{"mems", FIELD_CALL, offsetof(SpecCpu, mems), take_list, false},
	{"idle", FIELD_CALL, offsetof(SpecCpu, idle), take_idle, false},
};

static bool take_memory(const FieldAt *at, void *target, GError **error)
{
	return field_read(at, memory_fields, G_N_ELEMENTS(memory_fields), target, error);
}

static bool take_cpu(const FieldAt *at, void *target, GError **error)
{
	return field_read(at, cpu_fields, G_N_ELEMENTS(cpu_fields), target, error);
}

static bool take_pids(const FieldAt *at, void *target, GError **error)
{
	static const Field fields[] = {{"limit", FIELD_INT64, 0, NULL, false}};

	return field_read(at, fields, G_N_ELEMENTS(fields), target, error);
}

/* --- blockIO --- */

#define WEIGHT_MIN 10
#define WEIGHT_MAX 1000

static bool check_weight(const FieldAt *at, uint64_t weight, GError **error)
{
	return weight == 0 || (weight >= WEIGHT_MIN && weight <= WEIGHT_MAX) ||
	       field_wrong(at, error, "not between %d and %d", WEIGHT_MIN, WEIGHT_MAX);
}

static bool take_weight(const FieldAt *at, void *target, GError **error)
{
	return field_take(at, FIELD_UINT32, target, error) &&
	       check_weight(at, *(uint32_t *)target, error);
}

static bool take_device_weight(const FieldAt *at, void *target, GError **error)
{
	return field_take(at, FIELD_UINT64, target, error) &&
	       check_weight(at, *(uint64_t *)target, error);
}

/* Of the scheduler CFQ, which the kernel has no more. */
static bool take_leaf_weight(const FieldAt *at, void *target, GError **error)
{
	uint32_t weight;

	(void)target;
	return field_take(at, FIELD_UINT32, &weight, error) && check_weight(at, weight, error);
}

static const Field weight_fields[] = {
	{"major", FIELD_INT64, offsetof(SpecDeviceRate, major), NULL, true},
	{"minor", FIELD_INT64, offsetof(SpecDeviceRate, minor), NULL, true},
	{"weight", FIELD_CALL, offsetof(SpecDeviceRate, rate), take_device_weight, false},
	{"leafWeight", FIELD_CALL, 0, take_leaf_weight, false},
};

static const Field rate_fields[] = {
	{"major", FIELD_INT64, offsetof(SpecDeviceRate, major), NULL, true},
	{"minor", FIELD_INT64, offsetof(SpecDeviceRate, minor), NULL, true},
	{"rate", FIELD_UINT64, offsetof(SpecDeviceRate, rate), NULL, true},
};

static bool take_weights(const FieldAt *at, void *target, GError **error)
{
	SpecDeviceRate rate = {0};

	if (!field_read(at, weight_fields, G_N_ELEMENTS(weight_fields), &rate, error))
		return false;
	if (rate.rate > 0)
		g_array_append_val(*(GArray **)target, rate);
	return true;
}

static bool take_rate(const FieldAt *at, void *target, GError **error)
{
	SpecDeviceRate rate = {0};

	if (!field_read(at, rate_fields, G_N_ELEMENTS(rate_fields), &rate, error))
		return false;
	g_array_append_val(*(GArray **)target, rate);
	return true;
}

static const Field block_io_fields[] = {
	{"weight", FIELD_CALL, offsetof(SpecBlockIo, weight), take_weight, false},
	{"leafWeight", FIELD_CALL, 0, take_leaf_weight, false},
	{"weightDevice", FIELD_EACH, offsetof(SpecBlockIo, weight_device), take_weights, false},
	{"throttleReadBpsDevice", FIELD_EACH, offsetof(SpecBlockIo, read_bps), take_rate, false},
	{"throttleWriteBpsDevice", FIELD_EACH, offsetof(SpecBlockIo, write_bps), take_rate, false},
	{"throttleReadIOPSDevice", FIELD_EACH, offsetof(SpecBlockIo, read_iops), take_rate, false},
	{"throttleWriteIOPSDevice", FIELD_EACH, offsetof(SpecBlockIo, write_iops), take_rate,
	 false},
};

static bool take_block_io(const FieldAt *at, void *target, GError **error)
{
	return field_read(at, block_io_fields, G_N_ELEMENTS(block_io_fields), target, error);
}

/* --- hugepageLimits, rdma, network, unified --- */

static bool take_page_size(const FieldAt *at, void *target, GError **error)
{
	const char *size = field_string(at, error);
	size_t digits = size ? strspn(size, "0123456789") : 0;

	if (!size)
		return false;
	if (digits == 0 || *size == '0' || strlen(size) != digits + 2 || size[digits + 1] != 'B' ||
	    !strchr("KMG", size[digits]) || strlen(size) >= sizeof(SpecHugepageLimit){0}.page_size)
		return field_wrong(at, error, "'%s' is no size such as 2MB", size);
	g_strlcpy(target, size, sizeof(SpecHugepageLimit){0}.page_size);
	return true;
}

static const Field hugepage_fields[] = {
	{"pageSize", FIELD_CALL, offsetof(SpecHugepageLimit, page_size), take_page_size, true},
	{"limit", FIELD_UINT64, offsetof(SpecHugepageLimit, limit), NULL, true},
};

static bool take_hugepages(const FieldAt *at, void *target, GError **error)
{
	SpecHugepageLimit limit = {0};

	if (!field_read(at, hugepage_fields, G_N_ELEMENTS(hugepage_fields), &limit, error))
		return false;
	g_array_append_val(*(GArray **)target, limit);
	return true;
}

typedef struct {
	int64_t handles, objects;
} Rdma;

static const Field rdma_fields[] = {
	{"hcaHandles", FIELD_CALL, offsetof(Rdma, handles), field_take_wide, false},
	{"hcaObjects", FIELD_CALL, offsetof(Rdma, objects), field_take_wide, false},
};

static bool take_rdma(const FieldAt *at, void *target, GError **error)
{
	g_autoptr(GString) line = g_string_new(at->key);
	Rdma rdma = {-1, -1};

	if (!field_read(at, rdma_fields, G_N_ELEMENTS(rdma_fields), &rdma, error))
		return false;
	if (strpbrk(at->key, " \n") || !*at->key)
		return field_wrong(at, error, "no name of a device");
	if (rdma.handles >= 0)
		g_string_append_printf(line, " hca_handle=%" G_GINT64_FORMAT, rdma.handles);
	if (rdma.objects >= 0)
		g_string_append_printf(line, " hca_object=%" G_GINT64_FORMAT, rdma.objects);
	g_ptr_array_add(*(GPtrArray **)target, g_string_free(g_steal_pointer(&line), FALSE));
	return true;
}

typedef struct {
	char *name;
	uint32_t priority;
} Priority;

static const Field priority_fields[] = {
	{"name", FIELD_STRING, offsetof(Priority, name), NULL, true},
	{"priority", FIELD_UINT32, offsetof(Priority, priority), NULL, true},
};

static bool take_priority(const FieldAt *at, void *target, GError **error)
{
	Priority of = {0};
	bool ok = field_read(at, priority_fields, G_N_ELEMENTS(priority_fields), &of, error);

	if (ok && (!*of.name || strpbrk(of.name, " \n")))
		ok = field_wrong(at, error, "'%s' is no name of a network device", of.name);
	if (ok)
		g_ptr_array_add(
			*(GPtrArray **)target,
			g_strdup_printf("net_prio.ifpriomap=%s %" PRIu32, of.name, of.priority));
	g_free(of.name);
	return ok;
}

static bool take_class(const FieldAt *at, void *target, GError **error)
{
	uint32_t class;

	if (!field_take(at, FIELD_UINT32, &class, error))
		return false;
	if (class > 0)
		g_ptr_array_add(*(GPtrArray **)target,
				g_strdup_printf("net_cls.classid=%" PRIu32, class));
	return true;
}

static const Field network_fields[] = {
	{"classID", FIELD_CALL, 0, take_class, false},
	{"priorities", FIELD_EACH, 0, take_priority, false},
};

static bool take_network(const FieldAt *at, void *target, GError **error)
{
	return field_read(at, network_fields, G_N_ELEMENTS(network_fields), target, error);
}

static bool take_unified(const FieldAt *at, void *target, GError **error)
{
	const char *value = field_string(at, error);

	if (!value)
		return false;
	if (!*at->key || *at->key == '.' || strpbrk(at->key, "/=") || strstr(at->key, ".."))
		return field_wrong(at, error, "no file of a cgroup");
	g_ptr_array_add(*(GPtrArray **)target, g_strdup_printf("%s=%s", at->key, value));
	return true;
}

static const Field resources_fields[] = {
	{"devices", FIELD_EACH, offsetof(SpecResources, devices), take_rule, false},
	{"memory", FIELD_CALL, offsetof(SpecResources, memory), take_memory, false},
	{"cpu", FIELD_CALL, offsetof(SpecResources, cpu), take_cpu, false},
	{"pids", FIELD_CALL, offsetof(SpecResources, pids), take_pids, false},
	{"blockIO", FIELD_CALL, offsetof(SpecResources, block_io), take_block_io, false},
	{"hugepageLimits", FIELD_EACH, offsetof(SpecResources, hugepage_limits), take_hugepages,
	 false},
	{"rdma", FIELD_MAP, offsetof(SpecResources, rdma), take_rdma, false},
	{"network", FIELD_CALL, offsetof(SpecResources, network), take_network, false},
	{"unified", FIELD_MAP, offsetof(SpecResources, unified), take_unified, false},
};

bool config_resources(const FieldAt *at, void *resources, GError **error)
{
	return field_read(at, resources_fields, G_N_ELEMENTS(resources_fields), resources, error);
}
