/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config.json against the schema of the runtime specification: a sample with everything that the
 * schema has is read, and refused, with line, column and name, when any part of it is of another
 * type, out of range or missing.  RLC_SCHEMA=DIR has the OCI's own samples judged as well: DIR is
 * what ci/originals calls schema.
 */
#include <string.h>

#include "base/json_text.h"
#include "oci/config.h"

/* ' stands for ". */
static const char sample[] =
	"{\n"
	"  'ociVersion': '1.2.1',\n"
	"  'hostname': 'h',\n"
	"  'domainname': 'd',\n"
	"  'annotations': {'a': 'b'},\n"
	"  'root': {'path': 'rootfs', 'readonly': true},\n"
	"  'process': {\n"
	"    'args': ['sh'],\n"
	"    'commandLine': 'sh',\n"
	"    'consoleSize': {'height': 24, 'width': 80},\n"
	"    'cwd': '/',\n"
	"    'env': ['A=b'],\n"
	"    'terminal': true,\n"
	"    'user': {\n"
	"      'uid': 1,\n"
	"      'gid': 2,\n"
	"      'umask': 18,\n"
	"      'additionalGids': [3],\n"
	"      'username': 'x'\n"
	"    },\n"
	"    'capabilities': {\n"
	"      'bounding': ['CAP_KILL'],\n"
	"      'permitted': ['CAP_KILL'],\n"
	"      'effective': ['CAP_KILL'],\n"
	"      'inheritable': ['CAP_KILL'],\n"
	"      'ambient': ['CAP_KILL']\n"
	"    },\n"
	"    'apparmorProfile': 'p',\n"
	"    'oomScoreAdj': 5,\n"
	"    'selinuxLabel': 'l',\n"
	"    'ioPriority': {'class': 'IOPRIO_CLASS_BE', 'priority': 4},\n"
	"    'noNewPrivileges': true,\n"
	"    'scheduler': {\n"
	"      'policy': 'SCHED_DEADLINE',\n"
	"      'nice': 0,\n"
	"      'priority': 0,\n"
	"      'flags': ['SCHED_FLAG_RESET_ON_FORK'],\n"
	"      'runtime': 10000,\n"
	"      'deadline': 20000,\n"
	"      'period': 30000\n"
	"    },\n"
	"    'rlimits': [{'type': 'RLIMIT_CORE', 'hard': 10, 'soft': 5}],\n"
	"    'execCPUAffinity': {'initial': '0-1', 'final': '0, 1'}\n"
	"  },\n"
	"  'mounts': [\n"
	"    {\n"
	"      'source': '/a',\n"
	"      'destination': '/b',\n"
	"      'options': ['idmap'],\n"
	"      'type': 'bind',\n"
	"      'uidMappings': [{'containerID': 0, 'hostID': 1, 'size': 2}],\n"
	"      'gidMappings': [{'containerID': 0, 'hostID': 1, 'size': 2}]\n"
	"    }\n"
	"  ],\n"
	"  'hooks': {\n"
	"    'prestart': [{'path': '/h', 'args': ['h'], 'env': ['A=b'], 'timeout': 1}],\n"
	"    'createRuntime': [{'path': '/h', 'args': ['h'], 'env': ['A=b'], 'timeout': 1}],\n"
	"    'createContainer': [\n"
	"      {'path': '/h', 'args': ['h'], 'env': ['A=b'], 'timeout': 1}\n"
	"    ],\n"
	"    'startContainer': [{'path': '/h', 'args': ['h'], 'env': ['A=b'], 'timeout': 1}],\n"
	"    'poststart': [{'path': '/h', 'args': ['h'], 'env': ['A=b'], 'timeout': 1}],\n"
	"    'poststop': [{'path': '/h', 'args': ['h'], 'env': ['A=b'], 'timeout': 1}]\n"
	"  },\n"
	"  'linux': {\n"
	"    'devices': [\n"
	"      {\n"
	"        'type': 'c',\n"
	"        'path': '/dev/x',\n"
	"        'fileMode': 384,\n"
	"        'major': 1,\n"
	"        'minor': 3,\n"
	"        'uid': 0,\n"
	"        'gid': 0\n"
	"      }\n"
	"    ],\n"
	"    'uidMappings': [{'containerID': 0, 'hostID': 1, 'size': 2}],\n"
	"    'gidMappings': [{'containerID': 0, 'hostID': 1, 'size': 2}],\n"
	"    'namespaces': [\n"
	"      {'type': 'mount'},\n"
	"      {'type': 'pid'},\n"
	"      {'type': 'network', 'path': '/p'},\n"
	"      {'type': 'uts'},\n"
	"      {'type': 'ipc'},\n"
	"      {'type': 'user'},\n"
	"      {'type': 'cgroup'},\n"
	"      {'type': 'time'}\n"
	"    ],\n"
	"    'resources': {\n"
	"      'unified': {'memory.high': '5'},\n"
	"      'devices': [\n"
	"        {'allow': true, 'type': 'c', 'major': 1, 'minor': 3, 'access': 'rw'}\n"
	"      ],\n"
	"      'pids': {'limit': 5},\n"
	"      'blockIO': {\n"
	"        'weight': 10,\n"
	"        'leafWeight': 10,\n"
	"        'throttleReadBpsDevice': [{'major': 8, 'minor': 0, 'rate': 5}],\n"
	"        'throttleWriteBpsDevice': [{'major': 8, 'minor': 0, 'rate': 5}],\n"
	"        'throttleReadIOPSDevice': [{'major': 8, 'minor': 0, 'rate': 5}],\n"
	"        'throttleWriteIOPSDevice': [{'major': 8, 'minor': 0, 'rate': 5}],\n"
	"        'weightDevice': [{'major': 8, 'minor': 0, 'weight': 10, 'leafWeight': 10}]\n"
	"      },\n"
	"      'cpu': {\n"
	"        'cpus': '0',\n"
	"        'mems': '0',\n"
	"        'period': 100000,\n"
	"        'quota': 5000,\n"
	"        'burst': 0,\n"
	"        'realtimePeriod': 5,\n"
	"        'realtimeRuntime': 5,\n"
	"        'shares': 5,\n"
	"        'idle': 0\n"
	"      },\n"
	"      'hugepageLimits': [{'pageSize': '2MB', 'limit': 5}],\n"
	"      'memory': {\n"
	"        'kernel': 5,\n"
	"        'kernelTCP': 5,\n"
	"        'limit': 5,\n"
	"        'reservation': 5,\n"
	"        'swap': 5,\n"
	"        'swappiness': 5,\n"
	"        'disableOOMKiller': true,\n"
	"        'useHierarchy': true,\n"
	"        'checkBeforeUpdate': true\n"
	"      },\n"
	"      'network': {'classID': 5, 'priorities': [{'name': 'eth0', 'priority': 5}]},\n"
	"      'rdma': {'x': {'hcaHandles': 5, 'hcaObjects': 5}}\n"
	"    },\n"
	"    'cgroupsPath': '/x',\n"
	"    'rootfsPropagation': 'slave',\n"
	"    'seccomp': {\n"
	"      'defaultAction': 'SCMP_ACT_ERRNO',\n"
	"      'defaultErrnoRet': 5,\n"
	"      'flags': ['SECCOMP_FILTER_FLAG_LOG'],\n"
	"      'listenerPath': '/l',\n"
	"      'listenerMetadata': 'm',\n"
	"      'architectures': ['SCMP_ARCH_X86_64'],\n"
	"      'syscalls': [\n"
	"        {\n"
	"          'names': ['read'],\n"
	"          'action': 'SCMP_ACT_ALLOW',\n"
	"          'errnoRet': 5,\n"
	"          'args': [{'index': 0, 'value': 5, 'valueTwo': 6, 'op': 'SCMP_CMP_EQ'}]\n"
	"        }\n"
	"      ]\n"
	"    },\n"
	"    'sysctl': {'net.x': '1'},\n"
	"    'maskedPaths': ['/m'],\n"
	"    'readonlyPaths': ['/r'],\n"
	"    'mountLabel': 'l',\n"
	"    'intelRdt': {'closID': 'c', 'l3CacheSchema': 'L3:0=f', 'memBwSchema': 'MB:0=20',\n"
	"      'enableCMT': false, 'enableMBM': false},\n"
	"    'personality': {'domain': 'LINUX', 'flags': []},\n"
	"    'timeOffsets': {\n"
	"      'boottime': {'secs': 5, 'nanosecs': 5},\n"
	"      'monotonic': {'secs': 5, 'nanosecs': 5}\n"
	"    }\n"
	"  }\n"
	"}\n";

/* What must be there, by the specification's word; the place that is named is the one above. */
static const char *const required[] = {
	"ociVersion",
	"root",
	"root.path",
	"process.cwd",
	"process.consoleSize.height",
	"process.consoleSize.width",
	"process.ioPriority.class",
	"process.scheduler.policy",
	"process.rlimits[0].type",
	"process.rlimits[0].hard",
	"process.rlimits[0].soft",
	"mounts[0].destination",
	"mounts[0].uidMappings[0].containerID",
	"mounts[0].uidMappings[0].hostID",
	"mounts[0].uidMappings[0].size",
	"hooks.prestart[0].path",
	"linux.devices[0].type",
	"linux.devices[0].path",
	"linux.uidMappings[0].size",
	"linux.namespaces[0].type",
	"linux.resources.devices[0].allow",
	"linux.resources.blockIO.throttleReadBpsDevice[0].major",
	"linux.resources.blockIO.throttleReadBpsDevice[0].minor",
	"linux.resources.blockIO.weightDevice[0].major",
	"linux.resources.hugepageLimits[0].pageSize",
	"linux.resources.hugepageLimits[0].limit",
	"linux.resources.network.priorities[0].name",
	"linux.resources.network.priorities[0].priority",
	"linux.seccomp.defaultAction",
	"linux.seccomp.syscalls[0].names",
	"linux.seccomp.syscalls[0].action",
	"linux.seccomp.syscalls[0].args[0].index",
	"linux.seccomp.syscalls[0].args[0].value",
	"linux.seccomp.syscalls[0].args[0].op",
	NULL,
};

/* What is of the right type and wrong all the same. */
static const struct {
	const char *place, *value;
} wrong[] = {
	{"ociVersion", "\"invalid\""},
	{"process.user.uid", "-1"},
	{"process.user.uid", "4294967296"},
	{"process.ioPriority.class", "\"IOPRIO_CLASS_NOPE\""},
	{"process.scheduler.policy", "\"SCHED_NOPE\""},
	{"process.scheduler.flags[0]", "\"SCHED_FLAG_NOPE\""},
	{"process.rlimits[0].type", "\"RLIMIT_NOPE\""},
	{"process.execCPUAffinity.initial", "\"a\""},
	{"hooks.poststop[0].timeout", "0"},
	{"linux.devices[0].type", "\"x\""},
	{"linux.devices[0].fileMode", "-1"},
	{"linux.devices[0].fileMode", "65536"},
	{"linux.devices[0].uid", "-1"},
	{"linux.namespaces[0].type", "\"nope\""},
	{"linux.uidMappings[0].size", "4294967296"},
	{"linux.resources.cpu.realtimePeriod", "-1"},
	{"linux.resources.hugepageLimits[0].pageSize", "\"2mB\""},
	{"linux.resources.hugepageLimits[0].pageSize", "\"0MB\""},
	{"linux.resources.rdma.x.hcaHandles", "-1"},
	{"linux.rootfsPropagation", "\"nope\""},
	{"linux.seccomp.defaultAction", "\"SCMP_ACT_NOPE\""},
	{"linux.seccomp.flags[0]", "\"NOPE\""},
	{"linux.seccomp.architectures[0]", "\"NOPE\""},
	{"linux.seccomp.syscalls[0].names", "[]"},
	{"linux.seccomp.syscalls[0].errnoRet", "4294967296"},
	{"linux.seccomp.syscalls[0].args[0].op", "\"SCMP_CMP_NOPE\""},
	{"linux.seccomp.syscalls[0].args[0].value", "18446744073709551616"},
	{"linux.personality.domain", "\"NOPE\""},
	{"linux.timeOffsets.boottime.nanosecs", "4294967296"},
};

/* The sample with ", and each of its values in turn. */
static char *text;

typedef void (*Visit)(const char *name, const char *value, size_t length);

static const char *skip(const char *at, const char *what)
{
	return at + strspn(at, what);
}

static void walk(const char *at, const char *name, Visit visit)
{
	const bool object = *at == '{';
	const char *next;

	if (*name)
		visit(name, at, (size_t)(json_text_skip_value(at) - at));
	if (*at != '{' && *at != '[')
		return;
	next = skip(at + 1, " \n");
	for (unsigned i = 0; *next != '}' && *next != ']'; i++) {
		g_autofree char *member = NULL;

		if (object) {
			const char *end = json_text_skip_string(next);

			member = g_strdup_printf("%s%s%.*s", name, *name ? "." : "",
						 (int)(end - next) - 2, next + 1);
			next = skip(end, ": ");
		} else {
			member = g_strdup_printf("%s[%u]", name, i);
		}
		walk(next, member, visit);
		next = skip(json_text_skip_value(next), ", \n");
	}
}

static Spec *read_text(const char *path, char *json, GError **error)
{
	g_auto(FieldDocument) document = {0};

	return field_parse(path, json, &document, error) ? config_read(&document, error) : NULL;
}

/* "c:LINE:COLUMN: " of a part of text */
static char *place_of(const char *value)
{
	unsigned line = 1;
	const char *start = text;

	for (const char *c = text; c < value; c++) {
		if (*c == '\n') {
			line++;
			start = c + 1;
		}
	}
	return g_strdup_printf("c:%u:%zu: ", line, (size_t)(value - start) + 1);
}

/* The message about the sample with other in place of value; NULL: it was read. */
static char *refusal(const char *value, size_t length, const char *other)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Spec) spec = read_text(
		"c", g_strdup_printf("%.*s%s%s", (int)(value - text), text, other, value + length),
		&error);

	return spec ? NULL : g_strdup(error->message);
}

static void refuse(const char *name, const char *value, size_t length, const char *other)
{
	g_autofree char *place = place_of(value), *message = refusal(value, length, other);
	g_autofree char *expected = g_strconcat(place, name, ": ", NULL);

	if (!message || !g_str_has_prefix(message, expected))
		g_error("%s = %s: '%s' does not begin with '%s'", name, other,
			message ? message : "", expected);
}

static void test_read(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Spec) spec = read_text("c", g_strdup(text), &error);

	g_assert_no_error(error);
	g_assert_cmpstr(spec->process.affinity_final, ==, "0,1");
}

/* What is not asked for is not limited. */
static void test_swap(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Spec) spec = read_text(
		"c",
		g_strdup("{\"ociVersion\": \"1.0.0\", \"root\": {\"path\": \"x\"}, "
			 "\"linux\": {\"resources\": {\"memory\": {\"limit\": 67108864}}}}"),
		&error);

	g_assert_no_error(error);
	g_assert_cmpint(spec->linux_.resources.memory.swap, ==, -1);
}

static char kind_of(const char *value)
{
	return g_ascii_isdigit(*value) ? '0' : *value == 'f' ? 't' : *value;
}

static void visit_types(const char *name, const char *value, size_t length)
{
	/* of a kind, or of none that there is a place for */
	static const struct {
		char kind;
		const char *value;
	} others[] = {
		{'0', "7"},
		{'"', "\"x\""},
		{'t', "true"},
		{'[', "[]"},
		{'{', "{}"},
		{0, "1.5"},
		{0, "1e20"},
		{0, "18446744073709551616"},
		{0, "-9223372036854775809"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		if (others[i].kind != kind_of(value))
			refuse(name, value, length, others[i].value);
	}
}

static void test_types(void)
{
	walk(text, "", visit_types);
}

static unsigned found;

static void visit_required(const char *name, const char *value, size_t length)
{
	const char *key = strrchr(name, '.');
	g_autofree char *message = NULL;

	if (!g_strv_contains(required, name))
		return;
	found++;
	message = refusal(value, length, "null");
	g_assert_nonnull(message);
	g_assert_nonnull(strstr(message, " is missing"));
	g_assert_nonnull(strstr(message, key ? key + 1 : name));
}

static void test_required(void)
{
	found = 0;
	walk(text, "", visit_required);
	g_assert_cmpuint(found, ==, G_N_ELEMENTS(required) - 1);
}

static void visit_wrong(const char *name, const char *value, size_t length)
{
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		if (strcmp(name, wrong[i].place) != 0)
			continue;
		found++;
		refuse(name, value, length, wrong[i].value);
	}
}

static void test_wrong(void)
{
	found = 0;
	walk(text, "", visit_wrong);
	g_assert_cmpuint(found, ==, G_N_ELEMENTS(wrong));
}

/* --- the OCI's own --- */

static void judge(const char *path, bool good)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Spec) spec = NULL;
	char *json;

	g_assert_true(g_file_get_contents(path, &json, NULL, NULL));
	spec = read_text("c", json, &error);
	if (good)
		g_assert_no_error(error);
	else
		g_assert_true(!spec &&
			      g_regex_match_simple("^c:[0-9]+:[0-9]+: ", error->message, 0, 0));
}

/* Those of z/OS have a hostname without namespaces. */
static void test_theirs(const void *directory)
{
	g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
	const char *name;

	g_assert_nonnull(dir);
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(directory, name, NULL);

		if (!g_str_has_prefix(name, "zos-"))
			judge(path, g_str_has_suffix(directory, "good"));
	}
}

int main(int argc, char **argv)
{
	const char *theirs = g_getenv("RLC_SCHEMA");

	g_test_init(&argc, &argv, NULL);
	text = g_strdelimit(g_strdup(sample), "'", '"');
	g_test_add_func("/oci/schema/read", test_read);
	g_test_add_func("/oci/schema/swap", test_swap);
	g_test_add_func("/oci/schema/types", test_types);
	g_test_add_func("/oci/schema/required", test_required);
	g_test_add_func("/oci/schema/wrong", test_wrong);
	if (theirs) {
		g_test_add_data_func_full("/oci/schema/good",
					  g_build_filename(theirs, "config", "good", NULL),
					  test_theirs, g_free);
		g_test_add_data_func_full("/oci/schema/bad",
					  g_build_filename(theirs, "config", "bad", NULL),
					  test_theirs, g_free);
	}
	return g_test_run();
}
