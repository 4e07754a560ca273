/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits: from rlc run's options to what is written into a cgroup, and the program for devices. */
#include <string.h>

#include "base/error.h"
#include "cmd/run_options.h"
#include "feature/cgroup_devices.h"
#include "feature/cgroup_limits.h"
#include "feature/cgroup_property.h"
#include "kernel/cgroup.h"

static void test_cpu_weight(void)
{
	unsigned last = 0;

	g_assert_cmpuint(cgroup_limits_cpu_weight(2), ==, 1);
	g_assert_cmpuint(cgroup_limits_cpu_weight(1024), ==, 100);
	g_assert_cmpuint(cgroup_limits_cpu_weight(262144), ==, 10000);
	g_assert_cmpuint(cgroup_limits_cpu_weight(0), ==, 1);
	g_assert_cmpuint(cgroup_limits_cpu_weight(UINT64_MAX), ==, 10000);
	for (uint64_t shares = 2; shares <= 262144; shares *= 2) {
		unsigned weight = cgroup_limits_cpu_weight(shares);

		g_assert_cmpuint(weight, >, last);
		last = weight;
	}
}

static void test_io_weight(void)
{
	g_assert_cmpuint(cgroup_limits_io_weight(10), ==, 1);
	g_assert_cmpuint(cgroup_limits_io_weight(500), ==, 4950);
	g_assert_cmpuint(cgroup_limits_io_weight(1000), ==, 10000);
}

static void test_size_text(void)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{64 << 20, "64m"}, {1536 << 20, "1536m"}, {UINT64_C(2) << 30, "2g"},
		{4096, "4k"},	   {1000, "1000 bytes"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = cgroup_limits_size_text(cases[i].bytes);

		g_assert_cmpstr(text, ==, cases[i].text);
	}
}

/* The lines that a command line becomes, with | between; NULL with *error. */
static char *lines_of(const char *line, unsigned *ret_controllers, GError **error)
{
	g_autofree char *full = g_strconcat("run --network none ", line, NULL);
	g_auto(RunOptions) options = {0};
	g_autoptr(GPtrArray) lines = NULL;
	g_auto(GStrv) argv = NULL;
	int argc;

	g_assert_true(g_shell_parse_argv(full, &argc, &argv, NULL));
	if (!run_options_parse(argc, argv, false, &options, error))
		return NULL;
	lines = cgroup_limits_lines(&options.spec->linux_.resources, error);
	if (!lines)
		return NULL;
	*ret_controllers = cgroup_limits_controllers(lines);
	g_ptr_array_add(lines, NULL);
	return g_strjoinv("|", (char **)lines->pdata);
}

static void test_lines(void)
{
	static const struct {
		const char *line, *lines;
		unsigned controllers;
	} cases[] = {
		{"", "", 0},
		{"-m 64m", "memory.max=67108864|memory.swap.max?=67108864", CGROUP_MEMORY},
		{"-m 64m --memory-swap 64m", "memory.max=67108864|memory.swap.max=0",
		 CGROUP_MEMORY},
		{"-m 64m --memory-swap 1g", "memory.max=67108864|memory.swap.max=1006632960",
		 CGROUP_MEMORY},
		{"-m 64m --memory-swap -1", "memory.max=67108864|memory.swap.max?=max",
		 CGROUP_MEMORY},
		{"-m -1", "memory.max=max", CGROUP_MEMORY},
		{"-m 0", "memory.max=max", CGROUP_MEMORY},
		{"--memory-reservation 1g", "memory.low=1073741824", CGROUP_MEMORY},
		{"--cpus 1.5", "cpu.max=150000 100000", CGROUP_CPU},
		{"--cpus .5", "cpu.max=50000 100000", CGROUP_CPU},
		{"--cpus 0", "cpu.max=max 100000", CGROUP_CPU},
		{"--cpu-quota 5000", "cpu.max=5000 100000", CGROUP_CPU},
		{"--cpu-quota -1 --cpu-period 2000", "cpu.max=max 2000", CGROUP_CPU},
		{"-c 1024", "cpu.weight=100", CGROUP_CPU},
		{"--cpuset-cpus 0-2,7 --cpuset-mems 0", "cpuset.cpus=0-2,7|cpuset.mems=0",
		 CGROUP_CPUSET},
		{"--pids-limit 20", "pids.max=20", CGROUP_PIDS},
		{"--pids-limit -1", "pids.max=max", CGROUP_PIDS},
		{"--pids-limit 0", "pids.max=max", CGROUP_PIDS},
		{"--blkio-weight 10", "io.bfq.weight?=10|io.weight=default 1", CGROUP_IO},
		{"--cgroup-conf memory.high=1G --cgroup-conf pids.max=3",
		 "memory.high=1G|pids.max=3", CGROUP_MEMORY | CGROUP_PIDS},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		unsigned controllers = 0;
		g_autofree char *lines = lines_of(cases[i].line, &controllers, &error);

		g_assert_cmpstr(lines, ==, cases[i].lines);
		g_assert_cmpuint(controllers, ==, cases[i].controllers);
	}
}

static void test_refused(void)
{
	static const struct {
		const char *line, *cause;
	} cases[] = {
		{"-m x", "parse --memory 'x': not a size"},
		{"-m -2", "not a size"},
		{"-m 64m --memory-swap 32m", "less than memory's limit"},
		{"--memory-swap 1g", "it needs a limit of memory"},
		{"--cpus 1,5", "parse --cpus '1,5': not a number of processors"},
		{"--cpus 1e2", "not a number of processors"},
		{"--cpus nan", "not a number of processors"},
		{"--cpus 1.5.2", "not a number of processors"},
		{"--cpus 0.001", "less than 0.01"},
		{"--cpus 1 --cpu-quota 5000", "it contradicts --cpus"},
		{"--cpu-quota 10", "from 1000"},
		{"--cpu-period 10", "from 1000 to 1000000"},
		{"--cpu-shares 1", "from 2 to 262144"},
		{"--cpuset-cpus 3-1", "'3-1' is neither"},
		{"--cpuset-cpus 1,,2", "'' is neither"},
		{"--cpuset-cpus ''", "'' is neither"},
		{"--cpuset-mems a", "parse --cpuset-mems 'a'"},
		{"--pids-limit many", "not a number of processes"},
		{"--blkio-weight 5", "from 10 to 1000"},
		{"--blkio-weight-device /dev/x", "not of the form"},
		{"--device-read-bps x:1m", "not of the form"},
		{"--device-read-bps /dev/x:0", "'0' is no rate"},
		{"--device-write-iops /dev/x:1m", "operations a second"},
		{"--device-write-bps /dev/null:1m", "it is no block device"},
		{"--device-write-bps /nowhere:1m", "limit the device '/nowhere'"},
		{"--device null", "a path is not absolute"},
		{"--device /dev/null:/dev/x:rwx", "'rwx' is not of the letters"},
		{"--device-cgroup-rule 'c 1:3'", "not of the form"},
		{"--device-cgroup-rule 'd 1:3 r'", "not of the form"},
		{"--device-cgroup-rule 'c 1:x r'", "not of the form"},
		{"--device-cgroup-rule 'c 1:3 rr'", "not of the form"},
		{"--cgroups maybe", "not one of auto, enabled, disabled"},
		{"--cgroup-parent ''", "it is empty"},
		{"--cgroup-conf memory.high", "not of the form"},
		{"--cgroup-conf ../x=1", "not a file of a cgroup"},
		{"--cgroup-conf ..=1", "not a file of a cgroup"},
		{"--oom-score-adj 1001", "from -1000 to 1000"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		unsigned controllers;
		g_autofree char *lines = lines_of(cases[i].line, &controllers, &error);

		g_assert_null(lines);
		if (!error || !strstr(error->message, cases[i].cause)) {
			g_test_message("%s: %s", cases[i].line, error ? error->message : lines);
			g_test_fail();
		}
	}
}

static void test_device_options(void)
{
	static const struct {
		const char *value, *source, *path, *access;
	} cases[] = {
		{"/dev/a", "/dev/a", "/dev/a", "rwm"},
		{"/dev/a:/dev/b", "/dev/a", "/dev/b", "rwm"},
		{"/dev/a:r", "/dev/a", "/dev/a", "r"},
		{"/dev/a:/dev/b:mw", "/dev/a", "/dev/b", "mw"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		char *argv[] = {(char *)"run", (char *)"--device", (char *)cases[i].value, NULL};
		g_auto(RunOptions) options = {0};
		const SpecDevice *device;

		g_assert_true(run_options_parse(3, argv, false, &options, NULL));
		device = &g_array_index(options.spec->linux_.devices, SpecDevice, 0);
		g_assert_cmpstr(device->source, ==, cases[i].source);
		g_assert_cmpstr(device->path, ==, cases[i].path);
		g_assert_cmpstr(device->access, ==, cases[i].access);
	}
}

/* --- the program for devices, run by hand: the few instructions that it has --- */

static bool run(const GArray *code, uint32_t type, uint32_t access, uint32_t major, uint32_t minor)
{
	const uint32_t context[] = {access << 16 | type, major, minor};
	uint64_t registers[6] = {0};

	for (guint at = 0; at < code->len; at++) {
		const struct bpf_insn *insn = &g_array_index(code, struct bpf_insn, at);
		uint64_t *to = &registers[insn->dst_reg];

		switch (insn->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			*to = context[insn->off / 4];
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			*to = (uint32_t)*to & (uint32_t)insn->imm;
			break;
		case BPF_ALU | BPF_RSH | BPF_K:
			*to = (uint32_t)*to >> insn->imm;
			break;
		case BPF_ALU | BPF_MOV | BPF_X:
			*to = (uint32_t)registers[insn->src_reg];
			break;
		case BPF_ALU64 | BPF_MOV | BPF_K:
			*to = (uint64_t)insn->imm;
			break;
		case BPF_JMP | BPF_JNE | BPF_K:
			at += *to != (uint64_t)insn->imm ? (guint)insn->off : 0;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += *to == (uint64_t)insn->imm ? (guint)insn->off : 0;
			break;
		default:
			g_assert_cmpuint(insn->code, ==, BPF_JMP | BPF_EXIT);
			return registers[0] == 1;
		}
	}
	g_assert_not_reached(); /* the kernel would not load it */
}

#define READ  BPF_DEVCG_ACC_READ
#define WRITE BPF_DEVCG_ACC_WRITE
#define MKNOD BPF_DEVCG_ACC_MKNOD
#define CHAR  BPF_DEVCG_DEV_CHAR
#define BLOCK BPF_DEVCG_DEV_BLOCK

static void test_device_program(void)
{
	static const SpecDeviceRule asked[] = {
		{true, 'b', 8, -1, "rw"},
		{false, 'b', 8, 1, "w"},
		{true, 'c', 10, 229, "r"},
		{true, 'c', 10, -1, "w"},
		{false, 'c', 10, 230, "w"},
		{false, 'c', 1, 3, "rwm"}, /* what every /dev has stays */
	};
	g_autoptr(Spec) spec = spec_new();
	g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(PlanDevice));
	g_autoptr(GArray) rules = NULL, code = NULL;

	g_array_append_vals(spec->linux_.resources.devices, asked, G_N_ELEMENTS(asked));
	rules = cgroup_devices_rules(&spec->linux_.resources, false, none);
	code = cgroup_devices_program(rules);
	g_assert_true(run(code, CHAR, READ | WRITE, 1, 3));
	g_assert_true(run(code, CHAR, MKNOD, 1, 11));
	g_assert_false(run(code, CHAR, READ, 1, 11));
	g_assert_true(run(code, BLOCK, READ | WRITE, 8, 0));
	g_assert_true(run(code, BLOCK, READ, 8, 1));
	g_assert_false(run(code, BLOCK, WRITE, 8, 1));
	g_assert_false(run(code, BLOCK, READ | WRITE, 8, 1));
	g_assert_false(run(code, CHAR, READ, 8, 0));
	g_assert_true(run(code, CHAR, READ, 10, 229));
	g_assert_true(run(code, CHAR, READ | WRITE, 10, 229)); /* by two rules */
	g_assert_false(run(code, CHAR, READ | WRITE, 10, 228));
	g_assert_true(run(code, CHAR, WRITE, 10, 228));
	g_assert_false(run(code, CHAR, WRITE, 10, 230));
	g_assert_true(run(code, CHAR, READ | WRITE, 136, 7));
}

static void test_device_program_all(void)
{
	static const SpecDeviceRule all = {true, 'a', -1, -1, "rwm"};
	static const SpecDeviceRule nothing = {false, 'a', -1, -1, "rwm"};
	g_autoptr(GArray) rules = g_array_new(FALSE, FALSE, sizeof(SpecDeviceRule));
	g_autoptr(GArray) open = NULL, closed = NULL;

	g_array_append_val(rules, nothing);
	closed = cgroup_devices_program(rules);
	g_assert_false(run(closed, CHAR, MKNOD, 1, 3));
	g_array_append_val(rules, all);
	open = cgroup_devices_program(rules);
	g_assert_true(run(open, BLOCK, READ | WRITE | MKNOD, 8, 0));
}

/* What update takes back: of it, idle comes before the weight that it forbids. */
static void test_taken_back(void)
{
	g_auto(SpecResources) resources = {.cpu = {.shares = 1024, .burst = -1, .idle = -1}};
	g_autoptr(GPtrArray) lines = NULL;
	g_autofree char *text = NULL;

	spec_resources_init(&resources);
	lines = cgroup_limits_lines(&resources, NULL);
	g_ptr_array_add(lines, NULL);
	text = g_strjoinv("|", (char **)lines->pdata);
	g_assert_cmpstr(text, ==, "cpu.idle?=0|cpu.weight=100|cpu.max.burst=0");
}

static void check_property(const char *annotation, const char *name, const char *printed)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) value = NULL;
	g_autofree char *ret_name = NULL, *text = NULL;

	g_assert_true(cgroup_property_parse(annotation, &ret_name, &value, &error));
	g_assert_no_error(error);
	text = g_variant_print(value, TRUE);
	g_assert_cmpstr(ret_name, ==, name);
	g_assert_cmpstr(text, ==, printed);
}

static void test_properties(void)
{
	static const char *const wrong[] = {
		CGROUP_PROPERTY "TimeoutStopUSec=",
		CGROUP_PROPERTY "TimeoutStopUSec",
		CGROUP_PROPERTY "=true",
		CGROUP_PROPERTY "A.b=true",
		CGROUP_PROPERTY "Ab=true",
		CGROUP_PROPERTY "Description=words",
		CGROUP_PROPERTY "After=just 5",
		CGROUP_PROPERTY "Fds=handle 1",
		CGROUP_PROPERTY "AfterSec='1'",
		CGROUP_PROPERTY "AfterSec=-1",
		CGROUP_PROPERTY "AfterSec=1e14",
		CGROUP_PROPERTY "AfterSec=[1]",
	};
	g_autoptr(GError) none = NULL;

	check_property(CGROUP_PROPERTY "SendSIGHUP=true", "SendSIGHUP", "true");
	check_property(CGROUP_PROPERTY "TimeoutStopUSec=uint64 30", "TimeoutStopUSec", "uint64 30");
	check_property(CGROUP_PROPERTY "TimeoutStopSec=30", "TimeoutStopUSec", "uint64 30000000");
	check_property(CGROUP_PROPERTY "TimeoutStopSec=0.5", "TimeoutStopUSec", "uint64 500000");
	check_property(CGROUP_PROPERTY "Description='a=b'", "Description", "'a=b'");
	check_property(CGROUP_PROPERTY "After=['a.service']", "After", "['a.service']");
	check_property(CGROUP_PROPERTY "IODeviceWeight=[('/dev/sda', uint64 10)]", "IODeviceWeight",
		       "[('/dev/sda', uint64 10)]");
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(cgroup_property_check(wrong[i], &error));
		g_assert_error(error, RLC_ERROR, RLC_ERROR_USAGE);
	}
	g_assert_false(cgroup_property_is("org.systemd.other=1"));
	g_assert_true(cgroup_property_check("org.systemd.other=1", &none));
	g_assert_no_error(none);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	g_test_add_func("/limits/cpu-weight", test_cpu_weight);
	g_test_add_func("/limits/io-weight", test_io_weight);
	g_test_add_func("/limits/size-text", test_size_text);
	g_test_add_func("/limits/taken-back", test_taken_back);
	g_test_add_func("/limits/lines", test_lines);
	g_test_add_func("/limits/refused", test_refused);
	g_test_add_func("/limits/device-options", test_device_options);
	g_test_add_func("/limits/device-program", test_device_program);
	g_test_add_func("/limits/device-program-all", test_device_program_all);
	g_test_add_func("/limits/properties", test_properties);
	return g_test_run();
}
