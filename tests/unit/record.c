/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record of a container: what is written is what is read, whatever bytes are in it. */
#include "container/record.h"

#include <glib.h>
#include <netinet/in.h>
#include <string.h>

static const char *const odd[] = {
	"", " ", "\"", "\\", "a b", "a\nb", "\t", ";", "[x]", "=", "-", "\xff\xfe", "\x01", "\\n",
};

static void set_resources(Spec *spec)
{
	SpecResources *resources = &spec->linux_.resources;
	SpecDevice device = {g_strdup("/dev/a b"), NULL, 'c', -1, 7, -1, 0, -1, "rw"};
	SpecDeviceRule deny = {false, 'b', 8, -1, "w"}, all = {true, 'a', -1, -1, "rwm"};
	SpecDeviceRate rate = {g_strdup("/dev/sd\"a"), -1, 0, UINT64_MAX};
	SpecHugepageLimit limit = {"1GB", 1 << 30};

	g_array_append_val(spec->linux_.devices, device);
	g_array_append_val(resources->devices, deny);
	g_array_append_val(resources->devices, all);
	g_array_append_val(resources->block_io.write_iops, rate);
	g_array_append_val(resources->hugepage_limits, limit);
	g_ptr_array_add(resources->unified, g_strdup("memory.high=1 2"));
	resources->memory.swap = -1;
	resources->cpu.cpus = g_strdup("0-3,7");
	spec->process.oom_score_adj = -1000;
}

static void assert_resources(const Spec *spec)
{
	const SpecResources *resources = &spec->linux_.resources;
	const SpecDevice *device = &g_array_index(spec->linux_.devices, SpecDevice, 0);
	const SpecDeviceRule *deny = &g_array_index(resources->devices, SpecDeviceRule, 0);
	const SpecDeviceRate *rate =
		&g_array_index(resources->block_io.write_iops, SpecDeviceRate, 0);

	g_assert_cmpstr(device->path, ==, "/dev/a b");
	g_assert_null(device->source);
	g_assert_cmpstr(device->access, ==, "rw");
	g_assert_cmpint(device->gid, ==, -1);
	g_assert_false(deny->allow);
	g_assert_cmpint(deny->minor, ==, -1);
	g_assert_cmpstr(deny->access, ==, "w");
	g_assert_true(g_array_index(resources->devices, SpecDeviceRule, 1).allow);
	g_assert_cmpuint(rate->rate, ==, UINT64_MAX);
	g_assert_cmpint(resources->memory.swap, ==, -1);
	g_assert_cmpint(spec->process.oom_score_adj, ==, -1000);
}

static Spec *odd_spec(void)
{
	Spec *spec = spec_new();
	SpecIdMap map = {0, 1000, UINT32_MAX};
	SpecRlimit limit = {7, 1, UINT64_MAX};
	SpecPublish publish = {g_strdup("::1"), 8080, 1, 80, 1, IPPROTO_TCP};

	for (size_t i = 0; i < G_N_ELEMENTS(odd); i++) {
		g_autofree char *variable = g_strconcat("X=", odd[i], NULL);

		spec_add_arg(spec, odd[i]);
		spec_set_env(spec, variable);
		spec_add_mount(spec, "bind", odd[i], odd[i], "ro,nosuid");
	}
	spec_add_mount(spec, "tmpfs", NULL, "/x", NULL);
	g_array_append_val(spec->linux_.uid_mappings, map);
	g_array_append_val(spec->process.rlimits, limit);
	g_array_append_val(spec->rlc.network.publish, publish);
	spec->rlc.network.mode = NET_JOIN;
	spec->rlc.restart = RESTART_UNLESS_STOPPED;
	spec->rlc.log_max_size = UINT64_MAX;
	spec->process.user.umask = -1;
	spec->rlc.health.kind = HEALTH_SHELL;
	spec->rlc.health.retries = 7;
	spec->rlc.health.interval = G_MAXINT64;
	g_ptr_array_insert(spec->rlc.health.test, 0, g_strdup("test -e \"x y\" || exit 1\n"));
	set_resources(spec);
	return spec;
}

static void test_spec(void)
{
	g_autoptr(Spec) spec = odd_spec();
	g_autofree char *text = record_format_spec(spec), *again = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(Spec) read = record_parse_spec(text, &error);

	g_assert_no_error(error);
	if (!read)
		return;
	again = record_format_spec(read);
	g_assert_cmpstr(again, ==, text);
	g_assert_cmpuint(read->process.args->len, ==, spec->process.args->len);
	for (guint i = 0; i < spec->process.args->len; i++)
		g_assert_cmpstr(g_ptr_array_index(read->process.args, i), ==,
				g_ptr_array_index(spec->process.args, i));
	g_assert_null(g_array_index(read->mounts, SpecMount, read->mounts->len - 1).source);
	g_assert_cmpint(read->process.user.umask, ==, -1);
	g_assert_cmpint(read->rlc.health.kind, ==, HEALTH_SHELL);
	g_assert_cmpint(read->rlc.health.interval, ==, G_MAXINT64);
	g_assert_cmpuint(read->rlc.health.test->len, ==, 2);
	g_assert_cmpint(read->rlc.network.mode, ==, NET_JOIN);
	assert_resources(read);
}

static void test_status(void)
{
	Status status = {
		.state = STATUS_STOPPED,
		.exit_code = 137,
		.created = 1,
		.finished = G_MAXINT64,
		.keep = true,
		.verdict = g_strdup("a \"word\"\nand more"),
	};
	g_autofree char *text = record_format_status(&status);
	g_auto(Status) read = {0};
	g_autoptr(GError) error = NULL;

	g_assert_true(record_parse_status(text, &read, &error));
	g_assert_no_error(error);
	g_assert_cmpint(read.state, ==, STATUS_STOPPED);
	g_assert_cmpint(read.exit_code, ==, 137);
	g_assert_cmpint(read.finished, ==, G_MAXINT64);
	g_assert_true(read.keep);
	g_assert_cmpstr(read.verdict, ==, status.verdict);
	status_clear(&status);
}

static void test_malformed(void)
{
	static const char *const bad[] = {
		"",
		"x",
		"[container]\nroot.kind=other\n",
		"[container]\nprocess.args=\"a\n",
		"[container]\nprocess.args=a\n",
		"[container]\nprocess.uid=-1\n",
		"[container]\nmounts=\"\\\"/x\\\"\"\n",
		"[container]\nnetwork.publish=\"x\"\n",
		"[container]\nuid-map=\"0 1\"\n",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Spec) spec = record_parse_spec(bad[i], &error);

		g_assert_null(spec);
		g_assert_nonnull(error);
	}
}

/* Rows that are written no more are in the records of containers that were kept. */
static void test_earlier(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Spec) spec =
		record_parse_spec("[container]\ncpu.burst=0\ncpu.idle=false\npids=7\n", &error);

	g_assert_no_error(error);
	g_assert_cmpint(spec->linux_.resources.pids, ==, 7);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	g_test_add_func("/record/spec", test_spec);
	g_test_add_func("/record/earlier", test_earlier);
	g_test_add_func("/record/status", test_status);
	g_test_add_func("/record/malformed", test_malformed);
	return g_test_run();
}
