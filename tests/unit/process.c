/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The payload's user, capabilities and names, as far as they can be judged outside a container. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "feature/caps.h"
#include "feature/names.h"
#include "feature/process.h"
#include "feature/user.h"
#include "kernel/capability.h"

/* An image's /etc, with text as its passwd and group; NULL: the file is missing. */
typedef struct {
	char *path;
	int fd;
} Etc;

static Etc etc_new(const char *passwd, const char *group)
{
	Etc etc = {.path = g_dir_make_tmp("rlc-test-XXXXXX", NULL)};
	const char *const files[][2] = {{"passwd", passwd}, {"group", group}};

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(etc.path, files[i][0], NULL);

		if (files[i][1])
			g_assert_true(g_file_set_contents(path, files[i][1], -1, NULL));
	}
	etc.fd = open(etc.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	g_assert_cmpint(etc.fd, >=, 0);
	return etc;
}

static void etc_clear(Etc *etc)
{
	unlinkat(etc->fd, "passwd", 0);
	unlinkat(etc->fd, "group", 0);
	g_rmdir(etc->path);
	g_free(etc->path);
	fd_close(&etc->fd);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Etc, etc_clear)

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "broken line\n"
			     "nobody:x:nan:0::/:\n"
			     "1000:x:0:0:a trap:/trap:/bin/sh\n"
			     "alice:x:1000:100:Alice:/home/alice:/bin/sh\n"
			     "bob:x:1001:101::relative:/bin/sh\n"
			     "short:x:7";
static const char group[] = "root:x:0:root\n"
			    "users:x:100:\n"
			    "wheel:x:10:root,alice\n"
			    "audio:x:29:alice,bob\n"
			    "huge:x:4294967295:alice\n"
			    "wheel2:x:10:alice\n"
			    "noid:x::alice\n";

static bool lookup(const Etc *etc, const char *name, const char *more_groups, User *ret_user,
		   GError **error)
{
	g_autoptr(Spec) spec = spec_new();
	g_auto(GStrv) groups = g_strsplit(more_groups, " ", -1);

	spec->process.user.name = g_strdup(name);
	for (char **word = groups; *word; word++)
		g_ptr_array_add(spec->process.user.group_names, g_strdup(*word));
	return user_lookup(&spec->process.user, etc->fd, ret_user, error);
}

static void test_user_lookup(void)
{
	static const struct {
		const char *name, *more;
		uint32_t uid, gid;
		const char *groups, *home;
	} cases[] = {
		{"0", "", 0, 0, "10", "/root"},
		{"root", "", 0, 0, "10", "/root"},
		{"alice", "", 1000, 100, "10 29", "/home/alice"},
		{"1000", "", 1000, 100, "10 29", "/home/alice"}, /* the id, not the user "1000" */
		{"alice:29", "", 1000, 29, "", "/home/alice"},
		{"alice:wheel", "", 1000, 10, "", "/home/alice"},
		{"alice:77", "audio 5", 1000, 77, "29 5", "/home/alice"},
		{"bob", "", 1001, 101, "29", "/"},
		{"4000", "", 4000, 0, "", "/"},
		{"4000:4001", "4001 3", 4000, 4001, "3", "/"},
		{"4294967294", "", 4294967294U, 0, "", "/"},
	};
	g_auto(Etc) etc = etc_new(passwd, group);

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) groups = g_string_new(NULL);
		g_autoptr(GError) error = NULL;
		g_auto(User) user = {0};

		g_assert_true(lookup(&etc, cases[i].name, cases[i].more, &user, &error));
		g_assert_no_error(error);
		if (error)
			continue;
		for (guint j = 0; j < user.groups->len; j++)
			g_string_append_printf(groups, "%s%u", j ? " " : "",
					       g_array_index(user.groups, uint32_t, j));
		g_assert_cmpuint(user.uid, ==, cases[i].uid);
		g_assert_cmpuint(user.gid, ==, cases[i].gid);
		g_assert_cmpstr(groups->str, ==, cases[i].groups);
		g_assert_cmpstr(user.home, ==, cases[i].home);
	}
}

static void test_user_unknown(void)
{
	static const char *const names[] = {"carol", "alice:nosuch", "nobody", "broken line",
					    "short"};
	g_auto(Etc) etc = etc_new(passwd, group);
	g_auto(Etc) empty = etc_new(NULL, NULL);
	g_auto(User) user = {0};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(lookup(&etc, names[i], "", &user, &error));
		g_assert_error(error, RLC_ERROR, RLC_ERROR_NOT_FOUND);
	}
	g_assert_false(lookup(&empty, "root", "", &user, NULL));
	g_assert_true(lookup(&empty, "0", "", &user, NULL));
	g_assert_cmpstr(user.home, ==, "/");
}

/* A file that never ends or never begins must not hold up the start. */
static void test_user_hostile_files(void)
{
	g_auto(Etc) fifo = etc_new(NULL, NULL), endless = etc_new(NULL, NULL);
	g_auto(User) user = {0}, other = {0};

	g_assert_cmpint(mkfifoat(fifo.fd, "passwd", 0644), ==, 0);
	g_assert_true(lookup(&fifo, "0", "", &user, NULL));
	g_assert_cmpint(symlinkat("/dev/zero", endless.fd, "passwd"), ==, 0);
	g_assert_true(lookup(&endless, "5", "", &other, NULL));
	g_assert_cmpuint(other.uid, ==, 5);
}

static void test_user_check(void)
{
	static const char *const good[] = {"root", "0", "4294967294", "a:b", "a_b-c.d$", "0:0"};
	static const char *const bad[] = {"",	"-1",  "+1",  "1000x", "0x10",	"4294967295", "a:",
					  ":a", "a b", "a\n", "a:1x",  "a:b:c", "a,b"};

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
		g_assert_true(user_check(good[i], NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(user_check(bad[i], NULL));
}

static void test_caps_parse(void)
{
	uint64_t mask = 0;

	g_assert_true(caps_parse("CAP_CHOWN", &mask) && mask == 1);
	g_assert_true(caps_parse("chown", &mask) && mask == 1);
	g_assert_true(caps_parse("Cap_Net_Raw", &mask) && mask == UINT64_C(1) << 13);
	g_assert_true(caps_parse("all", &mask) && mask == UINT64_MAX);
	g_assert_false(caps_parse("", &mask));
	g_assert_false(caps_parse("CAP_", &mask));
	g_assert_false(caps_parse("5", &mask));
	g_assert_false(caps_parse("chown ", &mask));
	g_assert_false(caps_parse("chown,kill", &mask));
}

static void test_capability_names(void)
{
	int i = 0;

	for (; capability_name(i); i++)
		g_assert_cmpint(capability_find(capability_name(i)), ==, i);
	g_assert_cmpint(i, >, CAP_AUDIT_READ); /* Linux 3.16 */
	g_assert_cmpstr(capability_name(CAP_SYS_ADMIN), ==, "sys_admin");
	g_assert_null(capability_name(64));
}

/* What is given up is gone, and the rest is as it was. */
static void test_capability_sets(void)
{
	Capabilities before, after;

	g_assert_true(capability_get(&before));
	after = before;
	after.effective = 0;
	g_assert_true(capability_set(&after));
	g_assert_true(capability_get(&after));
	g_assert_cmpuint(after.effective, ==, 0);
	g_assert_cmpuint(after.permitted, ==, before.permitted);
	g_assert_cmpuint(after.inheritable, ==, before.inheritable);
	g_assert_true(capability_set(&before));
	g_assert_true(capability_get(&after));
	g_assert_cmpuint(after.effective, ==, before.effective);
}

static void test_rlimits(void)
{
	int resource = -1;

	g_assert_true(process_rlimit_parse("nofile", &resource));
	g_assert_false(process_rlimit_parse("NOFILE", &resource));
	g_assert_false(process_rlimit_parse("", &resource));
}

static void test_process_plan(void)
{
	g_autoptr(Spec) spec = spec_new();
	Plan plan = {.spec = spec};

	g_assert_false(process_plan(spec, &plan, NULL)); /* no command */
	spec_add_arg(spec, "true");
	g_assert_true(process_plan(spec, &plan, NULL));
	spec_set_env(spec, "=x");
	g_assert_false(process_plan(spec, &plan, NULL));
}

static void test_names_plan(void)
{
	g_autoptr(Spec) spec = spec_new();
	Plan plan = {
		.spec = spec,
		.id = (char *)(uintptr_t) "0123456789abcdef",
		.clone_flags = CLONE_NEWUTS,
	};

	plan.net.mode = NET_SLIRP;
	plan.net.ipv6 = true;
	inet_pton(AF_INET, "10.0.2.100", &plan.net.address);
	inet_pton(AF_INET, "10.0.2.2", &plan.net.gateway);
	inet_pton(AF_INET6, "fd00::100", &plan.net.address6);
	g_ptr_array_add(spec->rlc.network.add_hosts, g_strdup("db:10.1.1.1"));
	g_ptr_array_add(spec->rlc.network.add_hosts, g_strdup("me:host-gateway"));
	g_assert_true(names_plan(spec, &plan, NULL));
	g_assert_cmpstr(plan.names.hostname, ==, "0123456789ab");
	g_assert_nonnull(strstr(plan.names.hosts, "127.0.0.1\tlocalhost\n"));
	g_assert_nonnull(strstr(plan.names.hosts, "10.0.2.100\t0123456789ab\n"));
	g_assert_nonnull(strstr(plan.names.hosts, "fd00::100\t0123456789ab\n"));
	g_assert_nonnull(strstr(plan.names.hosts, "10.1.1.1\tdb\n"));
	g_assert_nonnull(strstr(plan.names.hosts, "10.0.2.2\tme\n"));
	g_clear_pointer(&plan.names.hostname, g_free);
	g_clear_pointer(&plan.names.hosts, g_free);

	plan.net.mode = NET_NONE;
	g_assert_false(names_plan(spec, &plan, NULL)); /* no gateway without a network */
	g_clear_pointer(&plan.names.hostname, g_free);
	spec->hostname = g_strdup("bad name");
	g_assert_false(names_plan(spec, &plan, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	g_test_add_func("/user/lookup", test_user_lookup);
	g_test_add_func("/user/unknown", test_user_unknown);
	g_test_add_func("/user/hostile-files", test_user_hostile_files);
	g_test_add_func("/user/check", test_user_check);
	g_test_add_func("/caps/parse", test_caps_parse);
	g_test_add_func("/caps/names", test_capability_names);
	g_test_add_func("/caps/sets", test_capability_sets);
	g_test_add_func("/process/rlimits", test_rlimits);
	g_test_add_func("/process/plan", test_process_plan);
	g_test_add_func("/names/plan", test_names_plan);
	return g_test_run();
}
