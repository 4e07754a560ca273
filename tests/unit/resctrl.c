/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Classes of resctrl in a directory that stands in for the file system: who makes, joins, compares
 * and removes what.  The kernel fills a directory that is made there, and empties one that goes; so
 * do mkdirat() and unlinkat() here, which come before the C library's.
 */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "feature/resctrl.h"

static void put(int at, const char *name, const char *file, const char *text)
{
	g_autofree char *path = g_build_filename(name, file, NULL);
	auto_fd fd = openat(at, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	g_assert_cmpint(fd, >=, 0);
	g_assert_true(fd_write_all(fd, text, strlen(text)));
}

int mkdirat(int at, const char *name, mode_t mode)
{
	g_autofree char *groups = g_build_filename(name, "mon_groups", NULL);

	if (syscall(SYS_mkdirat, at, name, mode) < 0)
		return -1;
	put(at, name, "tasks", "");
	if (g_str_has_prefix(name, "mon_groups/"))
		return 0;
	put(at, name, "schemata", "");
	return (int)syscall(SYS_mkdirat, at, groups, 0755);
}

int unlinkat(int at, const char *name, int flags)
{
	static const char *const files[] = {"tasks", "schemata"};

	for (size_t i = 0; flags && i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(name, files[i], NULL);

		syscall(SYS_unlinkat, at, path, 0);
	}
	if (flags) {
		g_autofree char *groups = g_build_filename(name, "mon_groups", NULL);

		syscall(SYS_unlinkat, at, groups, AT_REMOVEDIR);
	}
	return (int)syscall(SYS_unlinkat, at, name, flags);
}

typedef struct {
	char *path;
	int root, dir; /* the file system, and where the container's state is */
	SpecRdt asked;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
	(void)data;
	fixture->path = g_dir_make_tmp("rlct-resctrl-XXXXXX", NULL);
	g_assert_nonnull(fixture->path);
	fixture->root = open(fixture->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g_assert_cmpint(syscall(SYS_mkdirat, fixture->root, "state", 0700), ==, 0);
	fixture->dir = openat(fixture->root, "state", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put(fixture->root, ".", "tasks", "");
	put(fixture->root, ".", "schemata", "    L3:0=fff;1=fff\n");
	fixture->asked = (SpecRdt){.set = true, .schemata = g_ptr_array_new()};
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	(void)data;
	syscall(SYS_unlinkat, fixture->dir, "resctrl", 0);
	syscall(SYS_unlinkat, fixture->root, "tasks", 0);
	syscall(SYS_unlinkat, fixture->root, "schemata", 0);
	syscall(SYS_unlinkat, fixture->root, "state", AT_REMOVEDIR);
	g_assert_cmpint(g_rmdir(fixture->path), ==, 0); /* nothing else is left */
	close(fixture->dir);
	close(fixture->root);
	g_ptr_array_unref(fixture->asked.schemata);
	g_free(fixture->path);
}

static bool exists(const Fixture *fixture, const char *name)
{
	return faccessat(fixture->root, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void assert_file(const Fixture *fixture, const char *path, const char *expected)
{
	g_autofree char *text = fd_read_file(fixture->root, path, 4096, NULL);

	g_assert_cmpstr(text, ==, expected);
}

static void enter(Fixture *fixture)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(
		resctrl_enter_at(fixture->root, &fixture->asked, "c1", fixture->dir, 1234, &error));
	g_assert_no_error(error);
}

static void refuse(Fixture *fixture, RlcError code, const char *words)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(
		resctrl_enter_at(fixture->root, &fixture->asked, "c1", fixture->dir, 1234, &error));
	g_assert_error(error, RLC_ERROR, (int)code);
	g_assert_nonnull(strstr(error->message, words));
}

/* All its processes have ended, and it is deleted. */
static void leave(Fixture *fixture, const char *group)
{
	g_autoptr(GError) error = NULL;

	if (group)
		put(fixture->root, group, "tasks", "");
	g_assert_true(resctrl_release_at(fixture->root, fixture->dir, &error));
	g_assert_no_error(error);
}

static void test_own(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	enter(fixture);
	assert_file(fixture, "c1/tasks", "1234");
	assert_file(fixture, "c1/schemata", "");
	put(fixture->root, "c1", "tasks", "");
	g_assert_true(resctrl_join_at(fixture->root, fixture->dir, 77, &error));
	assert_file(fixture, "c1/tasks", "77");
	leave(fixture, "c1");
	g_assert_false(exists(fixture, "c1"));
}

static void test_own_exists(Fixture *fixture, gconstpointer data)
{
	(void)data;
	g_assert_cmpint(mkdirat(fixture->root, "c1", 0755), ==, 0);
	refuse(fixture, RLC_ERROR_EXISTS, "make the class 'c1': it is there already");
	g_assert_cmpint(unlinkat(fixture->root, "c1", AT_REMOVEDIR), ==, 0);
}

/* memBwSchema stands in for the lines of its kind in l3CacheSchema; schemata come last */
static void test_schemata(Fixture *fixture, gconstpointer data)
{
	SpecRdt *asked = &fixture->asked;

	(void)data;
	asked->class = (char *)"gold";
	asked->l3_cache_schema = (char *)"L3:0=7f0;1=1f\nMB:0=10";
	asked->mem_bw_schema = (char *)"MB:0=20;1=70";
	enter(fixture);
	assert_file(fixture, "gold/schemata", "L3:0=7f0;1=1f\nMB:0=20;1=70\n");
	leave(fixture, "gold");
	g_ptr_array_add(asked->schemata, (char *)"L2:0=f;1=f;2=f;3=f");
	g_ptr_array_add(asked->schemata, (char *)"MB:0=30");
	enter(fixture);
	assert_file(fixture, "gold/schemata", "L2:0=f;1=f;2=f;3=f\nMB:0=30\n");
	leave(fixture, "gold");
	g_assert_false(exists(fixture, "gold"));
}

static void test_shared(Fixture *fixture, gconstpointer data)
{
	(void)data;
	fixture->asked.class = (char *)"gold";
	refuse(fixture, RLC_ERROR_NOT_FOUND, "use the class 'gold': there is none");
	g_assert_cmpint(mkdirat(fixture->root, "gold", 0755), ==, 0);
	put(fixture->root, "gold", "schemata", "    L3:0=fff;1=fff\n    MB:0=100;1=100\n");
	enter(fixture);
	leave(fixture, "gold");
	fixture->asked.l3_cache_schema = (char *)"L3:1=0FFF";
	fixture->asked.mem_bw_schema = (char *)"MB:0= 100";
	enter(fixture);
	fixture->asked.l3_cache_schema = (char *)"L3:1=ff";
	refuse(fixture, RLC_ERROR_EXISTS, "has not the share of L3:1");
	leave(fixture, "gold");
	assert_file(fixture, "gold/schemata", "    L3:0=fff;1=fff\n    MB:0=100;1=100\n");
	g_assert_cmpint(unlinkat(fixture->root, "gold", AT_REMOVEDIR), ==, 0);
}

/* Who made it does not take it from others. */
static void test_others_inside(Fixture *fixture, gconstpointer data)
{
	(void)data;
	fixture->asked.class = (char *)"gold";
	fixture->asked.l3_cache_schema = (char *)"L3:1=ff";
	enter(fixture);
	put(fixture->root, "gold", "tasks", "99\n");
	leave(fixture, NULL);
	g_assert_true(exists(fixture, "gold"));
	leave(fixture, "gold");
	g_assert_false(exists(fixture, "gold"));
}

static void put_counters(const Fixture *fixture, const char *domain, const char *const *values)
{
	static const char *const names[] = {"llc_occupancy", "mbm_total_bytes", "mbm_local_bytes"};
	g_autofree char *path = g_build_filename("mon_groups/c1/mon_data", domain, NULL);

	syscall(SYS_mkdirat, fixture->root, "mon_groups/c1/mon_data", 0755);
	g_assert_cmpint(syscall(SYS_mkdirat, fixture->root, path, 0755), ==, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		put(fixture->root, path, names[i], values[i]);
}

static void remove_counters(const Fixture *fixture)
{
	g_autofree char *command =
		g_strdup_printf("rm -r %s/mon_groups/c1/mon_data", fixture->path);

	g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
}

/* Domains in their order; a counter that the processor lacks is 0. */
static void assert_usage(const Fixture *fixture)
{
	g_auto(ResctrlUsage) usage = {0};
	const ResctrlCounters *of;

	put_counters(fixture, "mon_L3_01", (const char *const[]){"7\n", "Unavailable\n", "9\n"});
	put_counters(fixture, "mon_L3_00", (const char *const[]){"4096\n", "300\n", "200\n"});
	g_assert_true(resctrl_usage_at(fixture->root, fixture->dir, &usage));
	g_assert_cmpstr(usage.l3, ==, "L3:0=fff;1=fff");
	g_assert_cmpstr(usage.root_l3, ==, "L3:0=fff;1=fff");
	g_assert_null(usage.bandwidth);
	g_assert_cmpuint(usage.counters->len, ==, 2);
	of = (const ResctrlCounters *)usage.counters->data;
	g_assert_cmpuint(of[0].occupancy, ==, 4096);
	g_assert_cmpuint(of[0].total, ==, 300);
	g_assert_cmpuint(of[0].local, ==, 200);
	g_assert_cmpuint(of[1].occupancy, ==, 7);
	g_assert_cmpuint(of[1].total, ==, 0);
	remove_counters(fixture);
}

static void test_monitoring(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	g_assert_cmpint(syscall(SYS_mkdirat, fixture->root, "mon_groups", 0755), ==, 0);
	fixture->asked.class = (char *)"/";
	fixture->asked.monitoring = true;
	enter(fixture);
	assert_file(fixture, "tasks", "1234");
	assert_file(fixture, "mon_groups/c1/tasks", "1234");
	assert_usage(fixture);
	put(fixture->root, "mon_groups/c1", "tasks", "");
	g_assert_true(resctrl_join_at(fixture->root, fixture->dir, 77, &error));
	assert_file(fixture, "mon_groups/c1/tasks", "77");
	leave(fixture, "mon_groups/c1");
	g_assert_false(exists(fixture, "mon_groups/c1"));
	g_assert_true(exists(fixture, "tasks"));
	g_assert_cmpint(syscall(SYS_unlinkat, fixture->root, "mon_groups", AT_REMOVEDIR), ==, 0);
}

static void test_change(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	enter(fixture);
	fixture->asked.l3_cache_schema = (char *)"L3:0=f";
	g_assert_true(resctrl_change_at(fixture->root, fixture->dir, &fixture->asked, &error));
	assert_file(fixture, "c1/schemata", "L3:0=f\n");
	leave(fixture, "c1");
}

/* What the kernel said about it is a part of the error. */
static void test_kernel_says(Fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	g_assert_cmpint(mkdirat(fixture->root, "gold", 0755), ==, 0);
	g_assert_cmpint(syscall(SYS_mkdirat, fixture->root, "info", 0755), ==, 0);
	put(fixture->root, "info", "last_cmd_status", "Task migration failed\n");
	g_assert_cmpint(syscall(SYS_unlinkat, fixture->root, "gold/tasks", 0), ==, 0);
	fixture->asked.class = (char *)"gold";
	g_assert_false(
		resctrl_enter_at(fixture->root, &fixture->asked, "c1", fixture->dir, 1234, &error));
	g_assert_nonnull(strstr(error->message, "(Task migration failed)"));
	syscall(SYS_unlinkat, fixture->root, "info/last_cmd_status", 0);
	syscall(SYS_unlinkat, fixture->root, "info", AT_REMOVEDIR);
	g_assert_cmpint(unlinkat(fixture->root, "gold", AT_REMOVEDIR), ==, 0);
}

static void test_names(void)
{
	static const char *const bad[] = {"",		".",	    "..",  "info",
					  "mon_groups", "mon_data", "a/b", "a\n"};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(resctrl_check_class(bad[i]));
	g_assert_true(resctrl_check_class("/"));
	g_assert_true(resctrl_check_class("gold"));
}

#define ADD(name, test) g_test_add("/resctrl/" name, Fixture, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("own", test_own);
	ADD("own-exists", test_own_exists);
	ADD("schemata", test_schemata);
	ADD("shared", test_shared);
	ADD("others-inside", test_others_inside);
	ADD("monitoring", test_monitoring);
	ADD("change", test_change);
	ADD("kernel-says", test_kernel_says);
	g_test_add_func("/resctrl/names", test_names);
	return g_test_run();
}
