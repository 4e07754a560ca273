/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "selftest/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/hint.h"
#include "selftest/host.h"

#define TOOLS	     "/.rlc-selftest"
#define BUSYBOX	     TOOLS "/busybox"
#define SECONDS	     120 /* for a container; an image may have to be fetched for the first */
#define LAST_SECONDS 10
#define RLC_FAILED   125
#define MESSAGES_MAX (64 << 10)

static const char prelude[] = "ready() { echo payload=$$; echo ready; read -r _; }\n";

/* --------------------------------------------------------------------------------- the verdict */

void subject_skip(Selftest *test, const char *code, const char *reason)
{
	SelftestResult *result = test->result;

	if (result->status != SELFTEST_PASSED)
		return;
	result->status = SELFTEST_SKIPPED;
	result->reason = g_strdup(reason);
	result->code = g_strdup(code);
}

void expect(Selftest *test, bool holds, const char *what, const char *got, const char *wanted)
{
	SelftestProblem *problem;

	if (holds)
		return;
	problem = g_new0(SelftestProblem, 1);
	problem->what = what;
	problem->got = g_strdup(got);
	problem->wanted = g_strdup(wanted);
	g_ptr_array_add(test->result->problems, problem);
	test->result->status = SELFTEST_FAILED;
}

void expect_equal(Selftest *test, const char *what, const char *got, const char *wanted)
{
	expect(test, strcmp(got, wanted) == 0, what, got, wanted);
}

/* ---------------------------------------------------------------------------------- the command */

static GPtrArray *make_command(const Selftest *test, const char *const *options, const char *script)
{
	GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
	const char *const always[] = {"run", "-i", "--entrypoint", BUSYBOX, "--workdir", "/"};
	bool other_user = false;

	g_ptr_array_add(words, g_strdup(test->options->program));
	for (size_t i = 0; i < G_N_ELEMENTS(always); i++)
		g_ptr_array_add(words, g_strdup(always[i]));
	g_ptr_array_add(words, g_strdup_printf("--pidfile=%s/pid", test->directory));
	g_ptr_array_add(words, g_strdup_printf("--volume=%s/tools:" TOOLS ":ro", test->directory));
	for (; options && *options; options++) {
		other_user |= g_str_has_prefix(*options, "--user=");
		g_ptr_array_add(words, g_strdup(*options));
	}
	if (!other_user)
		g_ptr_array_add(words, g_strdup("--user=0:0"));
	g_ptr_array_add(words, g_strdup(test->options->image));
	g_ptr_array_add(words, g_strdup("sh"));
	g_ptr_array_add(words, g_strdup("-c"));
	g_ptr_array_add(words, g_strconcat(prelude, script, NULL));
	g_ptr_array_add(words, NULL);
	return words;
}

/* As one would type it. */
static char *command_text(const GPtrArray *words)
{
	g_autoptr(GString) text = g_string_new("rlc");

	for (guint i = 1; i + 1 < words->len; i++) {
		g_autofree char *quoted = g_shell_quote(g_ptr_array_index(words, i));

		g_string_append_printf(text, " %s", quoted);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static G_GNUC_NORETURN void run_child(const GPtrArray *words, int input, int output, int errors)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
	    dup2(errors, STDERR_FILENO) >= 0)
		execvp(words->pdata[0], (char **)words->pdata);
	dprintf(STDERR_FILENO, "execute %s: %s\n", (const char *)words->pdata[0], strerror(errno));
	_exit(RLC_FAILED);
}

/* -1 in test->rlc if it failed */
static void spawn(Selftest *test, const GPtrArray *words)
{
	int input[2] = {-1, -1}, output[2] = {-1, -1}, errors[2] = {-1, -1};

	test->rlc = -1;
	if (pipe2(input, O_CLOEXEC) == 0 && pipe2(output, O_CLOEXEC) == 0 &&
	    pipe2(errors, O_CLOEXEC) == 0)
		test->rlc = fork();
	if (test->rlc == 0)
		run_child(words, input[0], output[1], errors[1]);
	if (test->rlc < 0)
		g_string_printf(test->messages, "start rlc: %s", strerror(errno));
	fd_close(&input[0]);
	fd_close(&output[1]);
	fd_close(&errors[1]);
	test->input = input[1];
	test->output = output[0];
	test->errors = errors[0];
}

/* ------------------------------------------------------------------------------------ what it says
 */

static void take_line(Selftest *test, const char *line)
{
	const char *equals = strchr(line, '=');
	g_autofree char *key = equals ? g_strndup(line, (gsize)(equals - line)) : NULL;
	const char *old;

	if (!key)
		return;
	old = g_hash_table_lookup(test->facts, key);
	g_hash_table_replace(test->facts, g_strdup(key),
			     old ? g_strconcat(old, "\n", equals + 1, NULL) : g_strdup(equals + 1));
}

/* The complete lines of what was read. True if one was "ready". */
static bool take_lines(Selftest *test)
{
	bool ready = false;
	char *end;

	while ((end = strchr(test->line->str, '\n'))) {
		*end = '\0';
		ready |= strcmp(test->line->str, "ready") == 0;
		take_line(test, test->line->str);
		g_string_erase(test->line, 0, end + 1 - test->line->str);
	}
	return ready;
}

/* Append what there is to read. The descriptor is closed at its end. */
static void read_some(int *fd, GString *text)
{
	char data[4096];
	ssize_t n = TEMP_FAILURE_RETRY(read(*fd, data, sizeof data));

	if (n <= 0)
		fd_close(fd);
	else if (text->len < MESSAGES_MAX)
		g_string_append_len(text, data, n);
}

/* Until the payload is ready (if that counts), or both streams have ended. True in the first case.
 */
static bool listen_to(Selftest *test, bool until_ready)
{
	gint64 deadline = g_get_monotonic_time() + SECONDS * G_USEC_PER_SEC;
	bool interrupted = false;

	while (test->output >= 0 || test->errors >= 0) {
		struct pollfd fds[] = {{.fd = test->output, .events = POLLIN},
				       {.fd = test->errors, .events = POLLIN},
				       {.fd = interrupted ? -1 : test->signals, .events = POLLIN}};
		gint64 left = (deadline - g_get_monotonic_time()) / 1000;

		if (left <= 0 || poll(fds, G_N_ELEMENTS(fds), (int)left) == 0) {
			expect(test, false, "end of the container", "it did not come", "in time");
			subject_kill(test);
			return false;
		}
		if (fds[2].revents && !interrupted) {
			/* gently, and not for long: rlc run clears away what it made */
			kill(test->rlc, SIGTERM);
			deadline = g_get_monotonic_time() + LAST_SECONDS * G_USEC_PER_SEC;
			interrupted = true;
		}
		if (fds[1].revents)
			read_some(&test->errors, test->messages);
		if (fds[0].revents)
			read_some(&test->output, test->line);
		if (fds[0].revents && take_lines(test) && until_ready)
			return true;
	}
	return false;
}

bool subject_interrupted(const Selftest *test)
{
	struct pollfd signals = {.fd = test->signals, .events = POLLIN};

	return poll(&signals, 1, 0) == 1;
}

const char *subject_fact(const Selftest *test, const char *key)
{
	const char *value = g_hash_table_lookup(test->facts, key);

	return value ? value : "";
}

/* ------------------------------------------------------------------------------------- its life */

static void find_payload(Selftest *test)
{
	g_autofree char *path = g_build_filename(test->directory, "pid", NULL), *text = NULL;
	pid_t inner = atoi(subject_fact(test, "payload"));

	if (g_file_get_contents(path, &text, NULL, NULL))
		test->payload = host_find_process(atoi(text), inner);
	expect(test, test->payload > 0, "the payload among the host's processes", "not found",
	       "a child of the container's PID 1");
}

static void begin(Selftest *test, const char *const *options, const char *script)
{
	g_autoptr(GPtrArray) words = make_command(test, options, script);

	g_hash_table_remove_all(test->facts);
	g_string_truncate(test->line, 0);
	g_string_truncate(test->messages, 0);
	g_free(test->result->command);
	test->result->command = command_text(words);
	test->payload = 0;
	test->exit_code = -1;
	spawn(test, words);
}

static void reap(Selftest *test)
{
	int status = 0;

	fd_close(&test->input);
	if (test->rlc == 0)
		return;
	listen_to(test, false);
	if (test->rlc > 0 && TEMP_FAILURE_RETRY(waitpid(test->rlc, &status, 0)) == test->rlc)
		test->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	test->rlc = 0;
	fd_close(&test->output);
	fd_close(&test->errors);
	g_free(test->result->messages);
	test->result->messages = g_strdup(test->messages->str);
}

/* `rlc run` refused: either this host cannot do what the check is about, or it has failed. */
static void judge_refusal(Selftest *test)
{
	g_auto(HintParts) parts = hint_split(test->messages->str);
	const char *skip = test->result->check->skip;

	if (skip && parts.code && g_str_has_prefix(parts.code, skip)) {
		subject_skip(test, parts.code,
			     parts.cause + (g_str_has_prefix(parts.cause, "rlc: ") ? 5 : 0));
		return;
	}
	expect(test, false, "the container", test->messages->str, "one that runs");
}

bool subject_start(Selftest *test, const char *const *options, const char *script)
{
	begin(test, options, script);
	if (listen_to(test, true)) {
		find_payload(test);
		return true;
	}
	reap(test);
	judge_refusal(test);
	return false;
}

void subject_finish(Selftest *test)
{
	reap(test);
}

bool subject_run(Selftest *test, const char *const *options, const char *script)
{
	begin(test, options, script);
	/* its standard input stays open: an end must be of its own making */
	listen_to(test, false);
	reap(test);
	if (test->exit_code != RLC_FAILED)
		return true;
	judge_refusal(test);
	return false;
}

void subject_kill(Selftest *test)
{
	if (test->rlc > 0)
		kill(test->rlc, SIGKILL);
}
