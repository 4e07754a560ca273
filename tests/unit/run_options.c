/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of rlc run: what becomes of it in the Spec, and what is refused. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "cmd/run_options.h"

/* Parse "run" and the words of line, which are split as a shell does. */
static bool parse(const char *line, RunOptions *ret_options, GError **error)
{
	g_autofree char *full = g_strconcat("run ", line, NULL);
	g_auto(GStrv) argv = NULL;
	int argc;

	g_assert_true(g_shell_parse_argv(full, &argc, &argv, NULL));
	return run_options_parse(argc, argv, false, ret_options, error);
}

static Spec *parse_spec(const char *line, RunOptions *options)
{
	g_autoptr(GError) error = NULL;

	if (!parse(line, options, &error)) {
		g_test_message("%s: %s", line, error->message);
		g_test_fail();
		options->spec = spec_new();
	}
	return options->spec;
}

static void assert_words(const GPtrArray *words, const char *expected)
{
	g_autoptr(GString) joined = g_string_new(NULL);

	for (guint i = 0; i < words->len && g_ptr_array_index(words, i); i++)
		g_string_append_printf(joined, "%s%s", i ? "|" : "",
				       (const char *)g_ptr_array_index(words, i));
	g_assert_cmpstr(joined->str, ==, expected);
}

static void test_command(void)
{
	static const struct {
		const char *line, *args;
	} cases[] = {
		{"", "/bin/sh"},
		{"builtin:busybox", "/bin/sh"},
		{"builtin:busybox id", "id"},
		{"builtin:busybox id -u -- x", "id|-u|--|x"},
		{"builtin:busybox --rm", "--rm"}, /* behind the image all is the payload's */
		{"-- builtin:busybox -i", "-i"},
		{"--rootfs /x", "/bin/sh"},
		{"--rootfs /x ls -l", "ls|-l"},
		{"--rootfs=/x -- -odd", "-odd"},
		{"--entrypoint echo builtin:busybox a b", "echo|a|b"},
		{"--entrypoint '' builtin:busybox a b", "a|b"},
		{"builtin:busybox ''", ""},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(RunOptions) options = {0};

		assert_words(parse_spec(cases[i].line, &options)->process.args, cases[i].args);
	}
}

static void test_switches(void)
{
	g_auto(RunOptions) options = {0}, off = {0}, bare = {0};
	Spec *spec = parse_spec("-it --rm --read-only --no-init --timing --time-ns builtin:busybox",
				&options);

	g_assert_true(spec->rlc.interactive && spec->process.terminal);
	g_assert_true(spec->root.readonly && spec->rlc.timing && !spec->rlc.init);
	g_assert_true(spec->linux_.namespaces & CLONE_NEWTIME);
	g_assert_cmpstr(spec_get_env(spec, "TERM"), ==, "xterm");

	spec = parse_spec("--init=false --read-only=false -i builtin:busybox", &off);
	g_assert_false(spec->rlc.init || spec->root.readonly || spec->process.terminal);
	g_assert_false(spec->linux_.namespaces & CLONE_NEWTIME);
	g_assert_null(spec_get_env(spec, "TERM"));

	spec = parse_spec("", &bare);
	g_assert_true(spec->rlc.interactive);
	g_assert_false(spec->process.terminal);
}

static void test_bare_on_terminal(void)
{
	char run[] = "run";
	char *argv[] = {run, NULL};
	g_auto(RunOptions) options = {0};

	g_assert_true(run_options_parse(1, argv, true, &options, NULL));
	g_assert_true(options.spec->process.terminal && options.spec->rlc.interactive);
}

static void test_env(void)
{
	g_auto(RunOptions) options = {0};
	Spec *spec;

	g_setenv("RLC_TEST_HOST", "from the host", TRUE);
	g_unsetenv("RLC_TEST_NONE");
	g_setenv("RLC_TEST_SECRET", "x", TRUE);
	spec = parse_spec("-e A=1 -eB=2 --env=A=x=y -e RLC_TEST_HOST -e RLC_TEST_NONE "
			  "-e E= -e PATH=/p builtin:busybox",
			  &options);
	g_assert_cmpstr(spec_get_env(spec, "A"), ==, "x=y");
	g_assert_cmpstr(spec_get_env(spec, "B"), ==, "2");
	g_assert_cmpstr(spec_get_env(spec, "E"), ==, "");
	g_assert_cmpstr(spec_get_env(spec, "PATH"), ==, "/p");
	g_assert_cmpstr(spec_get_env(spec, "RLC_TEST_HOST"), ==, "from the host");
	g_assert_null(spec_get_env(spec, "RLC_TEST_NONE"));
	g_assert_null(spec_get_env(spec, "RLC_TEST_SECRET"));
	g_assert_null(spec_get_env(spec, "HOME"));
}

static char *write_temporary(const char *text)
{
	char *path = NULL;
	auto_fd fd = g_file_open_tmp("rlc-test-XXXXXX", &path, NULL);

	g_assert_true(fd >= 0 && fd_write_all(fd, text, strlen(text)));
	return path;
}

static void test_env_file(void)
{
	g_autofree char *path = write_temporary("\xef\xbb\xbf# comment\r\n\n  A=1\nB=has space\n"
						"A=2\r\nC=#no\n");
	g_autofree char *bad = write_temporary("A=1\nB B=2\n");
	g_autofree char *line = g_strdup_printf("-e B=flag --env-file %s builtin:busybox", path);
	g_autofree char *bad_line = g_strdup_printf("--env-file %s builtin:busybox", bad);
	g_autofree char *where = g_strdup_printf("%s:2: ", bad);
	g_auto(RunOptions) options = {0}, refused = {0};
	g_autoptr(GError) error = NULL;
	Spec *spec = parse_spec(line, &options);

	g_assert_cmpstr(spec_get_env(spec, "A"), ==, "2");
	g_assert_cmpstr(spec_get_env(spec, "B"), ==, "flag"); /* a flag beats a file */
	g_assert_cmpstr(spec_get_env(spec, "C"), ==, "#no");

	g_assert_false(parse(bad_line, &refused, &error));
	g_assert_nonnull(strstr(error->message, where));
	g_unlink(path);
	g_unlink(bad);
}

static void test_root(void)
{
	static const struct {
		const char *line, *path;
		SpecRootKind kind;
	} cases[] = {
		{"--rootfs /x true", "/x", ROOT_DIRECTORY},
		{"--rootfs /x:O true", "/x", ROOT_OVERLAY},
		{"--rootfs /:O true", "/", ROOT_OVERLAY},
		{"--rootfs /a:b true", "/a:b", ROOT_DIRECTORY},
		{"builtin:busybox", NULL, ROOT_BUILTIN},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(RunOptions) options = {0};
		Spec *spec = parse_spec(cases[i].line, &options);

		g_assert_cmpint(spec->root.kind, ==, cases[i].kind);
		g_assert_cmpstr(spec->root.path, ==, cases[i].path);
	}
}

static void test_mounts(void)
{
	static const struct {
		const char *flag, *type, *source, *destination, *options;
	} cases[] = {
		{"-v /a:/b", "bind", "/a", "/b", "rbind"},
		{"-v/a:/b:ro", "bind", "/a", "/b", "ro|rbind"},
		{"-v ./a:/b:bind,rshared,Z", "bind", "./a", "/b", "bind|rshared|Z"},
		{"--volume=.:/b:noexec,nosuid,nodev", "bind", ".", "/b",
		 "noexec|nosuid|nodev|rbind"},
		{"-v /b", "volume", NULL, "/b", ""},
		{"-v name:/b", "volume", "name", "/b", ""},
		{"-v name:/b:ro,nocopy,U,z", "volume", "name", "/b", "ro|nocopy|U|z"},
		{"-v /a:/b:cached,ro", "bind", "/a", "/b", "ro|rbind"},
		{"-v name:/b:delegated", "volume", "name", "/b", ""},
		{"-v /a:/b:idmap,U", "bind", "/a", "/b", "idmap|U|rbind"},
		{"--mount source=v,target=/b,volume-nocopy", "volume", "v", "/b", "nocopy"},
		{"--mount type=volume,dst=/b", "volume", NULL, "/b", ""},
		{"--mount type=volume,src=v,dst=/b,volume-subpath=x/y", "volume", "v", "/b",
		 "subpath=x/y"},
		{"--mount type=image,src=debian:12,dst=/b,rw=true,noexec", "image", "debian:12",
		 "/b", "rw|noexec"},
		{"--mount type=bind,src=/a,dst=/b,bind-nonrecursive,chown=true,relabel=shared",
		 "bind", "/a", "/b", "bind|U|z"},
		{"--mount type=bind,src=/a,dst=/b,ro", "bind", "/a", "/b", "ro|rbind"},
		{"--mount type=bind,source=/a,target=/b,readonly=true,bind-propagation=rslave",
		 "bind", "/a", "/b", "ro|rslave|rbind"},
		{"--mount type=tmpfs,destination=/b,tmpfs-size=1m,tmpfs-mode=1777", "tmpfs",
		 "tmpfs", "/b", "size=1m|mode=1777|noexec|nosuid|nodev"},
		{"--tmpfs /b", "tmpfs", "tmpfs", "/b", "noexec|nosuid|nodev"},
		{"--tmpfs /b:size=10%,exec", "tmpfs", "tmpfs", "/b", "size=10%|exec|nosuid|nodev"},
		{"--tmpfs /b:size=1.5mB,nr_inodes=9b,mode=700", "tmpfs", "tmpfs", "/b",
		 "size=1572864|nr_inodes=9|mode=700|noexec|nosuid|nodev"},
		{"--shm-size 4096b", "tmpfs", "shm", "/dev/shm",
		 "mode=1777|size=4096|noexec|nosuid|nodev"},
		{"--shm-size 2m", "tmpfs", "shm", "/dev/shm",
		 "mode=1777|size=2097152|noexec|nosuid|nodev"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *line = g_strconcat(cases[i].flag, " builtin:busybox", NULL);
		g_auto(RunOptions) options = {0};
		Spec *spec = parse_spec(line, &options);
		const SpecMount *mount;

		g_assert_cmpuint(spec->mounts->len, ==, 1);
		if (spec->mounts->len != 1)
			continue;
		mount = &g_array_index(spec->mounts, SpecMount, 0);
		g_assert_cmpstr(mount->type, ==, cases[i].type);
		g_assert_cmpstr(mount->source, ==, cases[i].source);
		g_assert_cmpstr(mount->destination, ==, cases[i].destination);
		assert_words(mount->options, cases[i].options);
	}
}

static void test_network(void)
{
	g_auto(RunOptions) slirp = {0}, host = {0}, none = {0}, container = {0}, path = {0};
	Spec *spec = parse_spec("--network slirp:mtu=1500,cidr=10.9.0.0/24,ipv6=false,"
				"host-loopback=true --dns 1.1.1.1 --dns ::1 --dns-search a.b "
				"--dns-option ndots:1 --add-host x:::1 --add-host y:host-gateway "
				"--add-host z=::1 builtin:busybox",
				&slirp);
	const SpecNetwork *network = &spec->rlc.network;

	g_assert_cmpint(network->mode, ==, NET_SLIRP);
	g_assert_cmpuint(network->mtu, ==, 1500);
	g_assert_cmpstr(network->cidr, ==, "10.9.0.0/24");
	g_assert_true(network->host_loopback && !network->ipv6);
	assert_words(network->dns, "1.1.1.1|::1");
	assert_words(network->dns_search, "a.b");
	assert_words(network->dns_options, "ndots:1");
	assert_words(network->add_hosts, "x:::1|y:host-gateway|z=::1");

	spec = parse_spec("--network host builtin:busybox", &host);
	g_assert_cmpint(spec->rlc.network.mode, ==, NET_HOST);
	g_assert_false(spec->linux_.namespaces & CLONE_NEWNET);
	spec = parse_spec("--network none builtin:busybox", &none);
	g_assert_cmpint(spec->rlc.network.mode, ==, NET_NONE);
	g_assert_true(spec->linux_.namespaces & CLONE_NEWNET);
	spec = parse_spec("--network container:web builtin:busybox", &container);
	g_assert_cmpint(spec->rlc.network.mode, ==, NET_JOIN);
	g_assert_cmpstr(spec->rlc.network.container, ==, "web");
	spec = parse_spec("--network ns:/proc/1/ns/net builtin:busybox", &path);
	g_assert_cmpint(spec->rlc.network.mode, ==, NET_JOIN);
	g_assert_cmpstr(spec->rlc.network.path, ==, "/proc/1/ns/net");
}

static void test_publish(void)
{
	g_auto(RunOptions) options = {0};
	Spec *spec = parse_spec("-p 8080:80 --publish [::1]:53:53/udp builtin:busybox", &options);
	const GArray *publish = spec->rlc.network.publish;

	g_assert_cmpuint(publish->len, ==, 2);
	g_assert_cmpuint(g_array_index(publish, SpecPublish, 0).host_port, ==, 8080);
	g_assert_cmpstr(g_array_index(publish, SpecPublish, 1).address, ==, "::1");
}

static void assert_map(const GArray *map, guint i, uint32_t inside, uint32_t outside,
		       uint32_t count)
{
	const SpecIdMap *entry = &g_array_index(map, SpecIdMap, i);

	g_assert_cmpuint(map->len, >, i);
	if (map->len <= i)
		return;
	g_assert_cmpuint(entry->inside, ==, inside);
	g_assert_cmpuint(entry->outside, ==, outside);
	g_assert_cmpuint(entry->count, ==, count);
}

static void test_userns(void)
{
	g_auto(RunOptions) host = {0}, keep = {0}, map = {0}, uids = {0}, size = {0};
	g_autofree char *self = g_strdup_printf("%u:%u", getuid(), getgid());
	Spec *spec = parse_spec("--userns host builtin:busybox", &host);

	g_assert_cmpint(spec->rlc.userns, ==, USERNS_HOST);
	g_assert_false(spec->linux_.namespaces & CLONE_NEWUSER);
	spec = parse_spec("--userns auto:size=1000 builtin:busybox", &size);
	g_assert_cmpint(spec->rlc.userns, ==, USERNS_AUTO);
	g_assert_cmpuint(spec->rlc.userns_size, ==, 1000);
	spec = parse_spec("--userns keep-id builtin:busybox", &keep);
	g_assert_cmpstr(spec->process.user.name, ==, self);
	spec = parse_spec("--userns map=0:1000:1,1:100000:65536 builtin:busybox", &map);
	g_assert_cmpint(spec->rlc.userns, ==, USERNS_MAP);
	assert_map(spec->linux_.uid_mappings, 0, 0, 1000, 1);
	assert_map(spec->linux_.gid_mappings, 1, 1, 100000, 65536);
	spec = parse_spec("--uidmap 0:1000:1 --uidmap 1:100000:9 builtin:busybox", &uids);
	g_assert_cmpint(spec->rlc.userns, ==, USERNS_MAP);
	assert_map(spec->linux_.uid_mappings, 1, 1, 100000, 9);
	assert_map(spec->linux_.gid_mappings, 1, 1, 100000, 9);
}

static void test_capabilities(void)
{
	static const struct {
		const char *line;
		uint64_t added, dropped; /* from and to docker's set */
	} cases[] = {
		{"builtin:busybox", 0, 0},
		{"--cap-add SYS_ADMIN builtin:busybox", UINT64_C(1) << 21, 0},
		{"--cap-add cap_sys_admin builtin:busybox", UINT64_C(1) << 21, 0},
		{"--cap-drop Chown --cap-drop CAP_KILL builtin:busybox", 0, 1 << 0 | 1 << 5},
		{"--cap-drop chown,kill builtin:busybox", 0, 1 << 0 | 1 << 5},
		{"--cap-drop ALL builtin:busybox", 0, UINT64_C(0xa80425fb)},
		{"--cap-drop all --cap-add chown builtin:busybox", 0, UINT64_C(0xa80425fa)},
		{"--cap-add ALL --cap-drop chown builtin:busybox", UINT64_MAX, 1},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(RunOptions) options = {0};
		g_autofree char *line = g_strconcat("--network none ", cases[i].line, NULL);
		const SpecCapabilities *caps = &parse_spec(line, &options)->process.capabilities;

		g_assert_cmphex(caps->bounding, ==,
				(UINT64_C(0xa80425fb) | cases[i].added) & ~cases[i].dropped);
		g_assert_cmphex(caps->permitted, ==, caps->bounding);
		g_assert_cmphex(caps->inheritable, ==, 0);
	}
}

/* On a bridge a payload must not speak for its neighbours, unless it is asked for. */
static void test_capabilities_bridge(void)
{
	g_auto(RunOptions) without = {0}, with = {0};
	uint64_t raw = UINT64_C(1) << 13;
	Spec *spec = parse_spec("--network bridge builtin:busybox", &without);

	g_assert_cmphex(spec->process.capabilities.bounding, ==, UINT64_C(0xa80425fb) & ~raw);
	spec = parse_spec("--network bridge --cap-add NET_RAW builtin:busybox", &with);
	g_assert_cmphex(spec->process.capabilities.bounding, ==, UINT64_C(0xa80425fb));
}

static void test_ulimits(void)
{
	g_auto(RunOptions) options = {0};
	const GArray *limits = parse_spec("--ulimit nofile=10:20 --ulimit core=0 "
					  "--ulimit nproc=5:unlimited builtin:busybox",
					  &options)
				       ->process.rlimits;

	g_assert_cmpuint(limits->len, ==, 3);
	g_assert_cmpint(g_array_index(limits, SpecRlimit, 0).resource, ==, RLIMIT_NOFILE);
	g_assert_cmpuint(g_array_index(limits, SpecRlimit, 0).soft, ==, 10);
	g_assert_cmpuint(g_array_index(limits, SpecRlimit, 0).hard, ==, 20);
	g_assert_cmpuint(g_array_index(limits, SpecRlimit, 1).hard, ==, 0);
	g_assert_cmpuint(g_array_index(limits, SpecRlimit, 2).hard, ==, RLIM_INFINITY);
}

static void test_container(void)
{
	g_auto(RunOptions) options = {0};
	Spec *spec = parse_spec("--name a-1 --cidfile /c --root /r --explain --timeout 7 -h h.d "
				"-w /w -u a:1 --group-add 7 --group-add b builtin:busybox",
				&options);

	g_assert_cmpstr(spec->rlc.name, ==, "a-1");
	g_assert_cmpstr(spec->rlc.cidfile, ==, "/c");
	g_assert_cmpstr(options.state_root, ==, "/r");
	g_assert_true(options.explain);
	g_assert_cmpuint(spec->rlc.timeout, ==, 7);
	g_assert_cmpstr(spec->hostname, ==, "h.d");
	g_assert_cmpstr(spec->process.cwd, ==, "/w");
	g_assert_cmpstr(spec->process.user.name, ==, "a:1");
	assert_words(spec->process.user.group_names, "7|b");
}

/* Each is refused with a message that names the flag and, in a word, what is wrong with it. */
static const struct {
	const char *line, *flag, *cause;
} bad_lines[] = {
	{"--nosuch", "--nosuch", "no such option"},
	{"--netwrok none", "--netwrok", "did you mean --network?"},
	{"--net none", "--net", "did you mean --network?"},
	{"--rootf /x", "--rootf", "did you mean --rootfs?"},
	{"-X", "-X", "no such option"},
	{"-itX", "-itX", "no such option"},
	{"--env", "--env", "needs a value"},
	{"-e", "-e", "needs a value"},
	{"--rm=maybe", "--rm", "neither true nor false"},
	{"--restart=always", "--restart", "--detach"},
	{"--restart=sometimes", "--restart", "not one of"},
	{"--stop-signal=NONE", "--stop-signal", "no such signal"},
	{"--log-opt=max-file=0", "--log-opt", "max-file"},
	{"--init --no-init", "--no-init", "contradicts --init"},
	{"--userns auto --uidmap 0:0:1", "--uidmap", "contradicts --userns"},
	{"--name a --name b", "--name", "given twice"},
	{"-w /a -w /a", "--workdir", "given twice"},
	{"-e =x", "--env", "empty"},
	{"-e ''", "--env", "empty"},
	{"--env-file /nonexistent", "--env-file", "No such file"},
	{"--env-file /dev/null/x", "--env-file", "Not a directory"},
	{"-w rel", "--workdir", "absolute"},
	{"-v a", "--volume", "'a' is not an absolute path"},
	{"-v ''", "--volume", "DESTINATION"},
	{"-v :/b", "--volume", "empty"},
	{"-v /a:b", "--volume", "'b' is not an absolute path"},
	{"-v /a:/b:rx", "--volume", "'rx'"},
	{"-v /a:/b:ro,rw", "--volume", "'rw'"},
	{"-v /a:/b:ro,", "--volume", "''"},
	{"-v /a:/b:ro:x", "--volume", "DESTINATION"},
	{"-v -name:/b", "--volume", "'-name'"},
	{"-v .hidden:/b", "--volume", "'.hidden'"},
	{"-v a/../b:/b:nocopy", "--volume", "'nocopy'"},
	{"-v name:/b:rbind", "--volume", "'rbind'"},
	{"-v 'a b:/b'", "--volume", "'a b'"},
	{"--pid nonsense", "--pid", "neither host nor private nor container:NAME"},
	{"--ipc container:", "--ipc", "a name is"},
	{"--uts container:../a", "--uts", "a name is"},
	{"--cgroupns container:a", "--cgroupns", "neither host nor private"},
	{"--volumes-from a:rx", "--volumes-from", "'rx'"},
	{"--volumes-from ../a", "--volumes-from", "'../a'"},
	{"--mount src=/a,dst=/b", "--mount", "'/a'"},
	{"--mount type=nonsense,dst=/b", "--mount", "'nonsense'"},
	{"--mount type=image,dst=/b", "--mount", "'source' is missing"},
	{"--mount type=tmpfs,dst=/b,subpath=x", "--mount", "'subpath=x'"},
	{"--mount type=volume,src=a,dst=/b,tmpfs-size=1m", "--mount", "'size=1m'"},
	{"--mount type=bind,src=/a", "--mount", "'destination' is missing"},
	{"--mount type=bind,dst=/a", "--mount", "'source' is missing"},
	{"--mount type=tmpfs,src=/a,dst=/b", "--mount", "no 'source'"},
	{"--mount type=bind,src=/a,src=/c,dst=/b", "--mount", "given twice"},
	{"--mount type=bind,src=/a,dst=/b,bogus=1", "--mount", "'bogus'"},
	{"--mount type=bind,src=/a,dst=/b,ro=x", "--mount", "neither true nor false"},
	{"--mount ''", "--mount", "'destination' is missing"},
	{"--tmpfs x", "--tmpfs", "absolute"},
	{"--tmpfs ''", "--tmpfs", "empty"},
	{"--tmpfs /x:size=x", "--tmpfs", "'x'"},
	{"--tmpfs /x:size=%", "--tmpfs", "'%'"},
	{"--tmpfs /x:size=x%", "--tmpfs", "'x%'"},
	{"--health-interval 1us", "--health-interval", "neither 0 nor between 1ms"},
	{"--tmpfs /x:mode=9", "--tmpfs", "octal"},
	{"--tmpfs /x:mpol=bind", "--tmpfs", "'mpol=bind'"},
	{"--tmpfs /x:huge", "--tmpfs", "'huge'"},
	{"--shm-size 0", "--shm-size", "size"},
	{"--shm-size 1.5", "--shm-size", "size"},
	{"--shm-size 1.g", "--shm-size", "size"},
	{"--shm-size .5g", "--shm-size", "size"},
	{"--shm-size 1.5.g", "--shm-size", "size"},
	{"--shm-size 1e3g", "--shm-size", "size"},
	{"--shm-size 9999999999.5g", "--shm-size", "size"},
	{"--shm-size -1", "--shm-size", "size"},
	{"--shm-size 99999999999999999999", "--shm-size", "size"},
	{"--shm-size 9999999999g", "--shm-size", "size"},
	{"--network container:", "--network", "not of the form container:NAME"},
	{"--network container", "--network", "not of the form container:NAME"},
	{"--network ns:", "--network", "not of the form ns:PATH"},
	{"-p ''", "--publish", "''"},
	{"-p x:80", "--publish", "'x'"},
	{"-p ::1:80:80", "--publish", "brackets"},
	{"-p 1-2:1-3", "--publish", "ranges differ"},
	{"--userns auto:size=0", "--userns", "'0'"},
	{"--userns auto:size=", "--userns", "number of ids"},
	{"--userns auto:x=1", "--userns", "'auto:x=1'"},
	{"--network ''", "--network", "''"},
	{"--network none:x", "--network", "no options"},
	{"--network slirp:mtu=1", "--network", "'1'"},
	{"--network slirp:mtu=99999", "--network", "'99999'"},
	{"--network slirp:ipv6=perhaps", "--network", "'perhaps'"},
	{"--network slirp:x=1", "--network", "'x'"},
	{"--network slirp:mtu", "--network", "'mtu'"},
	{"-h -x", "--hostname", "'-'"},
	{"-h ''", "--hostname", "empty"},
	{"-h a_b", "--hostname", "column 2"},
	{"-h a..b", "--hostname", "empty"},
	{"-h aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "--hostname",
	 "longer than 64"},
	{"--add-host x", "--add-host", "NAME:ADDRESS"},
	{"--add-host :1.2.3.4", "--add-host", "NAME:ADDRESS"},
	{"--add-host x:1.2.3", "--add-host", "'1.2.3'"},
	{"--add-host 'a b:1.2.3.4'", "--add-host", "column 2"},
	{"--add-host 'a\nb:1.2.3.4'", "--add-host", "column 2"},
	{"--dns x", "--dns", "address"},
	{"--dns-search 'a b'", "--dns-search", "column 2"},
	{"--dns-search 'a\nnameserver'", "--dns-search", "column 2"},
	{"--dns-option ''", "--dns-option", "empty"},
	{"-u 1000x", "--user", "'1000x'"},
	{"-u -1", "--user", "'-1'"},
	{"-u 4294967295", "--user", "'4294967295'"},
	{"-u 4294967296", "--user", "'4294967296'"},
	{"-u ''", "--user", "empty"},
	{"-u :0", "--user", "empty"},
	{"-u a:", "--user", "empty"},
	{"-u a:b:c", "--user", "'b:c'"},
	{"-u 'a b'", "--user", "column 2"},
	{"--group-add 1x", "--group-add", "'1x'"},
	{"--userns none", "--userns", "'none'"},
	{"--userns map=", "--userns", "empty"},
	{"--userns map=0:0", "--userns", "'0:0'"},
	{"--uidmap 0:0:0", "--uidmap", "count"},
	{"--uidmap 0:0:x", "--uidmap", "'x'"},
	{"--uidmap 0:-1:1", "--uidmap", "'-1'"},
	{"--uidmap 4294967294:0:2", "--uidmap", "beyond"},
	{"--gidmap 0:4294967295:1", "--gidmap", "'4294967295'"},
	{"--gidmap 0:0:1,", "--gidmap", "''"},
	{"--cap-add nosuch", "--cap-add", "'nosuch'"},
	{"--cap-add chown,nosuch", "--cap-add", "'nosuch'"},
	{"--cap-add chown,", "--cap-add", "''"},
	{"--cap-add 0", "--cap-add", "'0'"},
	{"--cap-drop ''", "--cap-drop", "''"},
	{"--ulimit nofile", "--ulimit", "NAME=SOFT"},
	{"--ulimit nofile=", "--ulimit", "empty"},
	{"--ulimit nosuch=1", "--ulimit", "'nosuch'"},
	{"--ulimit nofile=x", "--ulimit", "'x'"},
	{"--ulimit nofile=1:", "--ulimit", "''"},
	{"--ulimit nofile=2:1", "--ulimit", "above"},
	{"--ulimit nofile=1:2:3", "--ulimit", "'2:3'"},
	{"--timeout -1", "--timeout", "seconds"},
	{"--timeout 1s", "--timeout", "seconds"},
	{"--timeout ''", "--timeout", "seconds"},
	{"--name ''", "--name", "column 1"},
	{"--name ../x", "--name", "column 1"},
	{"--name a/b", "--name", "column 2"},
	{"--cidfile ''", "--cidfile", "empty"},
	{"--root ''", "--root", "empty"},
	{"--rootfs ''", "--rootfs", "empty"},
	{"--rootfs :O", "--rootfs", "empty"},
	{"--log-level loud", "--log-level", "debug"},
	{"--pull sometimes", "--pull", "missing, always, never, newer"},
	{"--pull always --pull never", "--pull", "given twice"},
	{"--platform arm64", "--platform", "OS/ARCH"},
	{"--platform linux/", "--platform", "OS/ARCH"},
	{"--store ''", "--store", "empty"},
};

static void test_bad(gconstpointer data)
{
	size_t i = GPOINTER_TO_SIZE(data);
	g_auto(RunOptions) options = {0};
	g_autoptr(GError) error = NULL;

	g_assert_false(parse(bad_lines[i].line, &options, &error));
	g_assert_null(options.spec);
	if (!error)
		return;
	if (!strstr(error->message, bad_lines[i].flag) ||
	    !strstr(error->message, bad_lines[i].cause)) {
		g_test_message("%s", error->message);
		g_test_fail();
	}
	g_assert_null(strchr(error->message + strlen(error->message) - 1, '\n'));
}

static void test_image(void)
{
	g_auto(RunOptions) options = {0}, more = {0};

	parse_spec("alpine", &options);
	g_assert_cmpstr(options.image, ==, "alpine");
	g_assert_cmpint(options.pull, ==, PULL_MISSING);
	g_assert_null(options.platform);
	parse_spec("--pull newer --platform linux/arm64 --entrypoint e -e A=1 quay.io/x:1 -l --rm",
		   &more);
	g_assert_cmpstr(more.image, ==, "quay.io/x:1");
	g_assert_cmpint(more.pull, ==, PULL_NEWER);
	g_assert_cmpstr(more.platform, ==, "linux/arm64");
	g_assert_cmpstr(more.entrypoint, ==, "e");
	assert_words(more.command, "-l|--rm");
	assert_words(more.env, "A=1");
}

static void test_help(void)
{
	g_auto(RunOptions) options = {0};

	parse_spec("--help --nonsense", &options);
	g_assert_true(options.help);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	g_test_add_func("/run_options/command", test_command);
	g_test_add_func("/run_options/switches", test_switches);
	g_test_add_func("/run_options/bare-on-terminal", test_bare_on_terminal);
	g_test_add_func("/run_options/env", test_env);
	g_test_add_func("/run_options/env-file", test_env_file);
	g_test_add_func("/run_options/root", test_root);
	g_test_add_func("/run_options/mounts", test_mounts);
	g_test_add_func("/run_options/network", test_network);
	g_test_add_func("/run_options/publish", test_publish);
	g_test_add_func("/run_options/userns", test_userns);
	g_test_add_func("/run_options/capabilities", test_capabilities);
	g_test_add_func("/run_options/capabilities-bridge", test_capabilities_bridge);
	g_test_add_func("/run_options/ulimits", test_ulimits);
	g_test_add_func("/run_options/container", test_container);
	g_test_add_func("/run_options/image", test_image);
	g_test_add_func("/run_options/help", test_help);
	for (size_t i = 0; i < G_N_ELEMENTS(bad_lines); i++) {
		g_autofree char *escaped = g_strdelimit(g_strdup(bad_lines[i].line), "/\n", '~');
		g_autofree char *path = g_strdup_printf("/run_options/bad/%s", escaped);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_bad);
	}
	return g_test_run();
}
