/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading config.json: values, and the place of what is wrong with them. */
#include <sched.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "feature/cgroup_limits.h"
#include "feature/cgroup_v1.h"
#include "oci/config.h"

static Spec *read_text(const char *text, GError **error)
{
	g_auto(FieldDocument) document = {0};

	if (!field_parse("c", g_strdup(text), &document, error))
		return NULL;
	return config_read(&document, error);
}

#define HEAD "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},"
#define TAIL "\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}}"

static void test_values(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Spec) spec = read_text(
		HEAD
		"\"process\":{\"cwd\":\"/\",\"args\":[\"a\",\"b\"],\"user\":{\"uid\":4294967295},"
		"\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":9007199254740993,"
		"\"hard\":18446744073709551615},"
		"{\"type\":\"RLIMIT_AS\",\"soft\":1e19,\"hard\":1.5e19}]},\"other\":{\"x\":[1,{}]}"
		"," TAIL,
		&error);

	g_assert_no_error(error);
	g_assert_cmpuint(spec->process.args->len, ==, 3);
	g_assert_cmpstr(g_ptr_array_index(spec->process.args, 1), ==, "b");
	g_assert_null(g_ptr_array_index(spec->process.args, 2));
	g_assert_cmpuint(spec->process.user.uid, ==, UINT32_MAX);
	g_assert_cmpuint(g_array_index(spec->process.rlimits, SpecRlimit, 0).soft, ==,
			 UINT64_C(9007199254740993));
	g_assert_cmpuint(g_array_index(spec->process.rlimits, SpecRlimit, 0).hard, ==, UINT64_MAX);
	g_assert_cmpuint(g_array_index(spec->process.rlimits, SpecRlimit, 1).soft, ==,
			 UINT64_C(10000000000000000000));
	g_assert_cmpuint(spec->linux_.namespaces, ==, CLONE_NEWNS);
	g_assert_true(spec->rlc.oci);
}

static void test_places(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"{\n  \"ociVersion\": \"1.0.0\",\n  \"a\": [}\n", "c:3:"},
		{"[]", "c:1:1: not an object"},
		{"{\n \"ociVersion\": 7}", "c:2:16: ociVersion: not a string"},
		{"{\"ociVersion\":\"2.0.0\"}", "c:1:15: ociVersion: version '2.0.0'"},
		{HEAD "\n\"process\":\n{\"cwd\":\"/\",\"args\":[\"}\\\"{\",\n 7]}}",
		 "c:4:2: process.args[1]: not a string"},
		{HEAD "\"mounts\":[{\"destination\":\"/a\"},\n{\"type\":\"x\"}]}",
		 "c:2:1: mounts[1]: 'destination' is missing"},
		{HEAD "\"process\":{\"cwd\":\"x\"}}", "process.cwd: not an absolute path"},
		{HEAD "\"process\":{\"cwd\":\"/\",\"user\":{\"gid\":-1}}}",
		 "process.user.gid: -1 is out of range"},
		{HEAD "\"process\":{\"cwd\":\"/\",\"args\":[\"a\\u0000b\"]}}", "c:1:"},
		{HEAD "\"hostname\":\"h\"," TAIL, "uts namespace"},
		{HEAD "\"linux\":{\"namespaces\":[{\"type\":\"user\"}]}}", "no mount namespace"},
		{HEAD "\"process\":{\"cwd\":\"/\",\"rlimits\":[{\"type\":\"RLIMIT_CORE\","
		      "\"soft\":0,\"hard\":18446744073709552000}]}}",
		 "is out of range"},
		{HEAD "\"hooks\":{\"poststop\":[{\"path\":\"rel\"}]}}", "hooks.poststop[0]: "},
		/* a key that is there twice, and one in other letters */
		{HEAD "\"linux\":7,\n\"linux\":{\"namespaces\":[{\"type\":\"x\"}]}}",
		 "c:2:32: linux.namespaces[0].type: "},
		{HEAD "\n\"m\\u006funts\":[{\"type\":\"x\"}]}",
		 "c:2:16: mounts[0]: 'destination' is missing"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Spec) spec = read_text(cases[i].text, &error);

		g_assert_null(spec);
		g_assert_error(error, RLC_ERROR, RLC_ERROR_USAGE);
		if (!strstr(error->message, cases[i].message))
			g_error("'%s' is not in '%s'", cases[i].message, error->message);
	}
}

/* The profile is handed on as it is written: that of the key which counts, the last. */
static void test_profile(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Spec) spec =
		read_text(HEAD "\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"}},"
			       "\"linux\":{\"namespaces\":[{\"type\":\"mount\"}],"
			       "\"sec\\u0063omp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\"}}}",
			  &error);

	g_assert_no_error(error);
	g_assert_cmpstr(spec->linux_.seccomp.profile, ==, "{\"defaultAction\":\"SCMP_ACT_ERRNO\"}");
}

/* A text that ends anywhere is refused, and nothing is read beyond its end. */
/* What the specification's schema takes, and what it does not: its own samples ask for the same. */
static void test_schema(void)
{
	static const struct {
		const char *linux_;
		const char *wrong; /* NULL: it is right */
	} samples[] = {
		{"\"netDevices\":{\"eth0\":{\"name\":\"in%d\"},\"ens4\":{},\"ens5\":{}}", NULL},
		{"\"netDevices\":{\"eth0\":{\"name\":7}}",
		 "linux.netDevices.eth0.name: not a string"},
		{"\"netDevices\":{\"eth0\":[]}", "linux.netDevices.eth0: not an object"},
		{"\"netDevices\":{\"e/0\":{}}", "no name of a network device"},
		{"\"resources\":{\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3,\"hcaObjects\":10000}}}",
		 NULL},
		{"\"resources\":{\"rdma\":[{\"device\":\"x\"}]}",
		 "linux.resources.rdma: not an object"},
		{"\"resources\":{\"rdma\":{\"x\":{\"hcaHandles\":\"3\"}}}", "not a whole number"},
		{"\"resources\":{\"hugepageLimits\":[{\"pageSize\":\"64KB\",\"limit\":1}]}", NULL},
		{"\"resources\":{\"hugepageLimits\":[{\"pageSize\":\"64kB\",\"limit\":1}]}",
		 "'64kB' is no size such as 2MB"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
		g_autofree char *text =
			g_strdup_printf(HEAD "\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{"
					     "\"type\":\"network\"}],%s}}",
					samples[i].linux_);
		g_autoptr(GError) error = NULL;
		g_autoptr(Spec) spec = read_text(text, &error);

		g_assert_true((spec != NULL) == (samples[i].wrong == NULL));
		g_assert_true(!samples[i].wrong || strstr(error->message, samples[i].wrong));
	}
}

static void test_cut(void)
{
	static const char whole[] = HEAD "\"process\":{\"cwd\":\"/\",\"env\":[\"A=b\"]}," TAIL;

	for (size_t length = 0; length < sizeof whole - 1; length++) {
		g_autofree char *text = g_strndup(whole, length);
		g_autoptr(GError) error = NULL;
		g_autoptr(Spec) spec = read_text(text, &error);

		g_assert_null(spec);
		g_assert_nonnull(error);
	}
}

/* linux.resources, as what is written into the files of either version */
static void test_resources(void)
{
	static const char text[] =
		"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"linux\":{\"namespaces\":["
		"{\"type\":\"mount\"}],\"resources\":{"
		"\"memory\":{\"limit\":67108864,\"swap\":134217728,\"reservation\":1048576},"
		"\"cpu\":{\"shares\":1024,\"quota\":50000,\"period\":100000,\"cpus\":\"0-1\","
		"\"mems\":\"\"},"
		"\"pids\":{\"limit\":-1},\"blockIO\":{\"weight\":10,\"throttleReadBpsDevice\":["
		"{\"major\":8,\"minor\":16,\"rate\":100}]},"
		"\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":4194304}],"
		"\"rdma\":{\"mlx5_0\":{\"hcaHandles\":3}},"
		"\"network\":{\"classID\":255,\"priorities\":[{\"name\":\"eth0\",\"priority\":5}]},"
		"\"devices\":[{\"allow\":false},{\"allow\":true,\"type\":\"c\",\"major\":10,"
		"\"minor\":229,\"access\":\"rw\"}]}}}";
	g_autoptr(GError) error = NULL;
	g_autoptr(Spec) spec = read_text(text, &error);
	const SpecResources *resources = &spec->linux_.resources;
	g_autoptr(GPtrArray) v1 = cgroup_v1_lines(resources, true, &error);
	g_autoptr(GPtrArray) v2 = cgroup_limits_lines(resources, &error);
	g_autofree char *first = NULL, *second = NULL;

	g_assert_no_error(error);
	g_ptr_array_add(v1, NULL);
	g_ptr_array_add(v2, NULL);
	first = g_strjoinv("|", (char **)v1->pdata);
	second = g_strjoinv("|", (char **)v2->pdata);
	g_assert_cmpstr(
		first, ==,
		"memory.limit_in_bytes=67108864|memory.soft_limit_in_bytes=1048576|"
		"memory.memsw.limit_in_bytes?=134217728|cpu.shares=1024|"
		"cpu.cfs_period_us=100000|cpu.cfs_quota_us=50000|cpuset.cpus=0-1|pids.max=max|"
		"hugetlb.2MB.limit_in_bytes=4194304|hugetlb.2MB.rsvd.limit_in_bytes?=4194304|"
		"blkio.weight?=10|blkio.bfq.weight?=10|"
		"blkio.throttle.read_bps_device=8:16 100|rdma.max=mlx5_0 hca_handle=3|"
		"net_cls.classid=255|net_prio.ifpriomap=eth0 5|"
		"devices.deny=a|devices.deny=a|devices.allow=c 10:229 rw|"
		"devices.allow=c *:* m|devices.allow=b *:* m|devices.allow=c 1:3 "
		"rwm|devices.allow=c 1:5 rwm|"
		"devices.allow=c 1:7 rwm|devices.allow=c 1:8 rwm|devices.allow=c 1:9 rwm|"
		"devices.allow=c 5:0 rwm|devices.allow=c 5:1 rwm|devices.allow=c 5:2 rwm|"
		"devices.allow=c 136:* rwm");
	g_assert_cmpstr(second, ==,
			"memory.max=67108864|memory.low=1048576|memory.swap.max=67108864|"
			"cpu.weight=100|cpu.max=50000 100000|cpuset.cpus=0-1|pids.max=max|"
			"hugetlb.2MB.max=4194304|hugetlb.2MB.rsvd.max?=4194304|"
			"rdma.max=mlx5_0 hca_handle=3|io.bfq.weight?=10|io.weight=default 1|"
			"io.max=8:16 rbps=100");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/oci/field/values", test_values);
	g_test_add_func("/oci/field/places", test_places);
	g_test_add_func("/oci/field/profile", test_profile);
	g_test_add_func("/oci/field/schema", test_schema);
	g_test_add_func("/oci/field/cut", test_cut);
	g_test_add_func("/oci/resources", test_resources);
	return g_test_run();
}
