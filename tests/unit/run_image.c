/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an image wishes for its process, and what flags make of it. */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cmd/run_image.h"

/* Lists of an image, with '|' between the members. */
typedef struct {
	const char *entrypoint, *cmd, *env, *volumes, *user, *workdir, *ports, *stop_signal,
		*health;
} Wishes;

static void fill(GPtrArray *list, const char *text)
{
	g_auto(GStrv) words = g_strsplit(text ? text : "", "|", -1);

	for (char **word = words; *word; word++)
		store_list_add(list, *word);
}

static StoreImage *image_new(const Wishes *wishes)
{
	StoreImage *image = store_image_new();

	fill(image->entrypoint, wishes->entrypoint);
	fill(image->cmd, wishes->cmd);
	fill(image->env, wishes->env);
	fill(image->volumes, wishes->volumes);
	fill(image->ports, wishes->ports);
	fill(image->healthcheck, wishes->health);
	image->health_interval = 7;
	image->health_retries = G_MAXINT64;
	image->user = g_strdup(wishes->user);
	image->workdir = g_strdup(wishes->workdir);
	image->stop_signal = g_strdup(wishes->stop_signal);
	return image;
}

/* "run LINE", with the image's wishes. */
static bool apply(const char *line, const Wishes *wishes, RunOptions *ret_options, GError **error)
{
	g_autofree char *full = g_strconcat("run ", line, NULL);
	g_autoptr(StoreImage) image = image_new(wishes);
	g_auto(GStrv) argv = NULL;
	int argc;

	g_assert_true(g_shell_parse_argv(full, &argc, &argv, NULL));
	if (!run_options_parse(argc, argv, false, ret_options, error))
		return false;
	return run_image_apply(ret_options, image, error);
}

static Spec *apply_spec(const char *line, const Wishes *wishes, RunOptions *options)
{
	g_autoptr(GError) error = NULL;

	if (!apply(line, wishes, options, &error)) {
		g_test_message("%s: %s", line, error->message);
		g_test_fail();
		if (!options->spec)
			options->spec = spec_new();
	}
	return options->spec;
}

static void assert_words(const GPtrArray *words, const char *expected)
{
	g_autofree char *joined = g_strjoinv("|", (char **)words->pdata);

	g_assert_cmpstr(joined, ==, expected);
}

static void test_args(void)
{
	static const struct {
		const char *line, *entrypoint, *cmd, *args;
	} cases[] = {
		{"i", NULL, "sh", "sh"},
		{"i", "entry", NULL, "entry"},
		{"i", "entry|-e", "cmd|-c", "entry|-e|cmd|-c"},
		{"i x y", "entry", "cmd", "entry|x|y"},
		{"i x", NULL, "cmd", "x"},
		{"i ''", NULL, "cmd", ""},
		{"--entrypoint e i", "entry", "cmd", "e"},
		{"--entrypoint e i x", "entry", "cmd", "e|x"},
		{"--entrypoint '' i x", "entry", "cmd", "x"},
		{"i --privileged", NULL, "cmd", "--privileged"},
		{"i", NULL, "--privileged|-v|/:/host", "--privileged|-v|/:/host"},
		{"i", NULL, "|", "|"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(RunOptions) options = {0};
		Wishes wishes = {.entrypoint = cases[i].entrypoint, .cmd = cases[i].cmd};

		assert_words(apply_spec(cases[i].line, &wishes, &options)->process.args,
			     cases[i].args);
	}
}

static void test_health(void)
{
	static const struct {
		const char *health;
		SpecHealthKind kind;
		const char *test;
	} cases[] = {
		{NULL, HEALTH_UNSET, ""},
		{"NONE", HEALTH_NONE, ""},
		{"CMD|a|b c", HEALTH_COMMAND, "a|b c"},
		{"CMD-SHELL|a && b", HEALTH_SHELL, "a && b"},
	};
	static const char *const bad[] = {"x", "CMD", "CMD-SHELL", "CMD-SHELL|a|b"};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(RunOptions) options = {0};
		Wishes wishes = {.cmd = "x"};
		const SpecHealth *health;

		wishes.health = cases[i].health;
		health = &apply_spec("i", &wishes, &options)->rlc.health;
		g_assert_cmpint(health->kind, ==, cases[i].kind);
		g_assert_cmpint(health->interval, ==, 7);
		g_assert_cmpuint(health->retries, ==, UINT32_MAX);
		assert_words(health->test, cases[i].test);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_auto(RunOptions) options = {0};
		g_autoptr(GError) error = NULL;
		Wishes wishes = {.cmd = "x", .health = bad[i]};

		g_assert_false(apply("i", &wishes, &options, &error));
		g_assert_error(error, RLC_ERROR, RLC_ERROR_USAGE);
	}
}

static void test_no_command(void)
{
	static const char *const lines[] = {"i:1", "--entrypoint '' i:1"};
	Wishes wishes[] = {{0}, {.cmd = "cmd", .entrypoint = "entry"}};

	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_auto(RunOptions) options = {0};
		g_autoptr(GError) error = NULL;

		g_assert_false(apply(lines[i], &wishes[i], &options, &error));
		g_assert_error(error, RLC_ERROR, RLC_ERROR_USAGE);
		g_assert_nonnull(strstr(error->message, "'i:1'"));
	}
}

/* rlc's defaults, the image, files and flags, in this order; the host's variables never. */
static void test_env(void)
{
	Wishes wishes = {.cmd = "x", .env = "PATH=/image|A=image|B=image|TERM=dumb|RLC_T=|C=a=b"};
	g_auto(RunOptions) options = {0}, terminal = {0};
	Spec *spec;

	g_setenv("RLC_T", "the host's", TRUE);
	spec = apply_spec("-e A=flag i", &wishes, &options);
	g_assert_cmpstr(spec_get_env(spec, "PATH"), ==, "/image");
	g_assert_cmpstr(spec_get_env(spec, "A"), ==, "flag");
	g_assert_cmpstr(spec_get_env(spec, "B"), ==, "image");
	g_assert_cmpstr(spec_get_env(spec, "C"), ==, "a=b");
	g_assert_cmpstr(spec_get_env(spec, "RLC_T"), ==, "");
	g_assert_cmpstr(spec_get_env(spec, "container"), ==, "rlc");
	spec = apply_spec("-t i", &wishes, &terminal);
	g_assert_cmpstr(spec_get_env(spec, "TERM"), ==, "dumb");
}

static void test_user(void)
{
	g_autofree char *self = g_strdup_printf("%u:%u", getuid(), getgid());
	const struct {
		const char *line, *user, *expected;
	} cases[] = {
		{"i", NULL, "0"},
		{"i", "", "0"},
		{"i", "www-data", "www-data"},
		{"i", "1000:1000", "1000:1000"},
		{"-u 5 i", "www-data", "5"},
		{"--userns keep-id i", "www-data", self},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(RunOptions) options = {0};
		Wishes wishes = {.cmd = "x", .user = cases[i].user};

		g_assert_cmpstr(apply_spec(cases[i].line, &wishes, &options)->process.user.name, ==,
				cases[i].expected);
	}
}

static void test_bad_user(void)
{
	static const char *const users[] = {"1000x", "-1", "4294967296", "a:b:c", ":", "a b"};

	for (size_t i = 0; i < G_N_ELEMENTS(users); i++) {
		g_auto(RunOptions) options = {0};
		g_autoptr(GError) error = NULL;
		Wishes wishes = {.cmd = "x", .user = users[i]};

		g_assert_false(apply("evil i", &wishes, &options, &error));
		if (error)
			g_assert_nonnull(strstr(error->message, users[i]));
	}
}

static void test_workdir(void)
{
	static const struct {
		const char *line, *workdir, *cwd;
	} cases[] = {
		{"i", NULL, "/"},
		{"i", "", "/"},
		{"i", "/srv", "/srv"},
		{"i", "srv/x", "/srv/x"},
		{"-w /w i", "/srv", "/w"},
		{"-w / i", "/srv", "/"},
		{"i", "/../../etc", "/etc"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(RunOptions) options = {0};
		Wishes wishes = {.cmd = "x", .workdir = cases[i].workdir};

		g_assert_cmpstr(apply_spec(cases[i].line, &wishes, &options)->process.cwd, ==,
				cases[i].cwd);
	}
}

static void test_stop_signal(void)
{
	static const struct {
		const char *line, *wish;
		int stop_signal;
	} cases[] = {
		{"i", NULL, 0},
		{"i", "", 0},
		{"i", "SIGQUIT", SIGQUIT},
		{"i", "WINCH", SIGWINCH},
		{"i", "10", 10},
		{"--stop-signal INT i", "SIGQUIT", SIGINT},
	};
	g_auto(RunOptions) bad = {0};
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(RunOptions) options = {0};
		Wishes wishes = {.cmd = "x", .stop_signal = cases[i].wish};

		g_assert_cmpint(apply_spec(cases[i].line, &wishes, &options)->rlc.stop_signal, ==,
				cases[i].stop_signal);
	}
	g_assert_false(apply("i", &(Wishes){.cmd = "x", .stop_signal = "SIGNONE"}, &bad, &error));
	g_assert_nonnull(strstr(error->message, "StopSignal 'SIGNONE'"));
}

static void assert_mounts(const Spec *spec, const char *expected)
{
	g_autoptr(GString) all = g_string_new(NULL);

	for (guint i = 0; i < spec->mounts->len; i++) {
		const SpecMount *mount = &g_array_index(spec->mounts, SpecMount, i);

		g_string_append_printf(all, "%s%s:%s", i > 0 ? " " : "", mount->type,
				       mount->destination);
	}
	g_assert_cmpstr(all->str, ==, expected);
}

static void test_volumes(void)
{
	static const struct {
		const char *line, *volumes, *mounts;
	} cases[] = {
		{"i", "/a|/b", "volume:/a volume:/b"},
		{"-v /x:/b/c i", "/b", "volume:/b bind:/b/c"},
		{"-v /x:/b i", "/a|/b", "volume:/a bind:/b"},
		{"--tmpfs /b/ i", "/b", "tmpfs:/b/"},
		{"i", "/a/../b|rel|/../..", "volume:/b volume:/rel volume:/"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(RunOptions) options = {0};
		Wishes wishes = {.cmd = "x", .volumes = cases[i].volumes};

		assert_mounts(apply_spec(cases[i].line, &wishes, &options), cases[i].mounts);
	}
}

static void test_ports(void)
{
	static const struct {
		const char *line, *published;
	} cases[] = {
		{"i", ""},
		{"-P i", "80/6 53/17"},
		{"-P -p 8080:80 i", "80/6 53/17"},
		{"-P -p 1053:53/udp -p 1:1 i", "53/17 1/6 80/6"},
	};
	Wishes wishes = {.cmd = "x", .ports = "80/tcp|53/udp"};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(RunOptions) options = {0};
		const GArray *all =
			apply_spec(cases[i].line, &wishes, &options)->rlc.network.publish;
		g_autoptr(GString) text = g_string_new(NULL);

		for (guint j = 0; j < all->len; j++) {
			const SpecPublish *publish = &g_array_index(all, SpecPublish, j);

			g_string_append_printf(text, "%s%u/%d", j > 0 ? " " : "", publish->port,
					       publish->protocol);
		}
		g_assert_cmpstr(text->str, ==, cases[i].published);
	}
}

/* No port of the host's, and no address, by the image's word. */
static void test_bad_ports(void)
{
	static const char *const ports[] = {"22:80", "0.0.0.0:22:80/tcp", "x/tcp", "80/icmp", "0",
					    ""};

	for (size_t i = 0; i < G_N_ELEMENTS(ports); i++) {
		g_auto(RunOptions) options = {0};
		g_autoptr(GError) error = NULL;
		g_autoptr(StoreImage) image = image_new(&(Wishes){.cmd = "x"});
		char run[] = "run", flag[] = "-P", name[] = "i";
		char *argv[] = {run, flag, name, NULL};

		store_list_add(image->ports, ports[i]);
		g_assert_true(run_options_parse(3, argv, false, &options, NULL));
		g_assert_false(run_image_apply(&options, image, &error));
		g_assert_nonnull(error);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	g_test_add_func("/run_image/health", test_health);
	g_test_add_func("/run_image/args", test_args);
	g_test_add_func("/run_image/no-command", test_no_command);
	g_test_add_func("/run_image/env", test_env);
	g_test_add_func("/run_image/user", test_user);
	g_test_add_func("/run_image/bad-user", test_bad_user);
	g_test_add_func("/run_image/workdir", test_workdir);
	g_test_add_func("/run_image/stop_signal", test_stop_signal);
	g_test_add_func("/run_image/volumes", test_volumes);
	g_test_add_func("/run_image/ports", test_ports);
	g_test_add_func("/run_image/bad-ports", test_bad_ports);
	return g_test_run();
}
