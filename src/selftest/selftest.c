/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "selftest/selftest.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "image/builtin.h"
#include "kernel/tree.h"
#include "selftest/subject.h"

static const SelftestCheck *const topics[] = {
	selftest_isolation_checks,
	selftest_kernel_checks,
	selftest_network_checks,
	selftest_limits_checks,
};

const char *selftest_status_name(SelftestStatus status)
{
	static const char *const names[] = {
		[SELFTEST_PASSED] = "passed",
		[SELFTEST_FAILED] = "failed",
		[SELFTEST_SKIPPED] = "skipped",
	};

	return names[status];
}

static void problem_free(gpointer data)
{
	SelftestProblem *problem = data;

	g_free(problem->got);
	g_free(problem->wanted);
	g_free(problem);
}

static void result_free(gpointer data)
{
	SelftestResult *result = data;

	g_free(result->reason);
	g_free(result->code);
	g_free(result->command);
	g_free(result->messages);
	g_ptr_array_unref(result->problems);
	g_free(result);
}

static bool is_wanted(const SelftestOptions *options, const SelftestCheck *check)
{
	return !options->only || fnmatch(options->only, check->name, 0) == 0;
}

guint selftest_count(const SelftestOptions *options)
{
	guint count = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(topics); i++) {
		for (const SelftestCheck *check = topics[i]; check->name; check++)
			count += is_wanted(options, check);
	}
	return count;
}

static SelftestResult *check_run(const SelftestCheck *check, Selftest *test)
{
	SelftestResult *result = g_new0(SelftestResult, 1);
	gint64 begin = g_get_monotonic_time();

	result->check = check;
	result->problems = g_ptr_array_new_with_free_func(problem_free);
	test->result = result;
	check->run(test);
	subject_finish(test); /* where a check gave up */
	result->microseconds = g_get_monotonic_time() - begin;
	return result;
}

/* Others may pass: the payload's ids are others. */
static bool fill_directory(const char *path, GError **error)
{
	g_autofree char *tools = g_build_filename(path, "tools", NULL);
	g_autofree char *busybox = g_build_filename(tools, "busybox", NULL);

	if (chmod(path, 0755) < 0 || mkdir(tools, 0755) < 0 || chmod(tools, 0755) < 0)
		return error_errno(error, errno, "make '%s'", tools);
	if (!builtin_write_program(AT_FDCWD, busybox, error))
		return false;
	return chmod(busybox, 0755) == 0 || error_errno(error, errno, "open up '%s'", busybox);
}

static GPtrArray *run_checks(Selftest *test)
{
	const SelftestOptions *options = test->options;
	GPtrArray *results = g_ptr_array_new_with_free_func(result_free);
	guint count = selftest_count(options);

	for (size_t i = 0; i < G_N_ELEMENTS(topics); i++) {
		for (const SelftestCheck *check = topics[i]; check->name; check++) {
			if (!is_wanted(options, check) || subject_interrupted(test))
				continue;
			g_ptr_array_add(results, check_run(check, test));
			if (options->report && !subject_interrupted(test))
				options->report(test->result, results->len, count);
		}
	}
	return results;
}

static GPtrArray *run_in_directory(const SelftestOptions *options, const char *path, int signals,
				   GError **error)
{
	g_autofree char *token = g_uuid_string_random();
	Selftest test = {
		.options = options,
		.directory = path,
		.token = token,
		.signals = signals,
		.input = -1,
		.output = -1,
		.errors = -1,
	};
	GPtrArray *results = NULL;

	test.line = g_string_new(NULL);
	test.messages = g_string_new(NULL);
	test.facts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (fill_directory(path, error))
		results = run_checks(&test);
	g_hash_table_unref(test.facts);
	g_string_free(test.messages, TRUE);
	g_string_free(test.line, TRUE);
	return results;
}

/* Where programs can be run from: many a /tmp is mounted noexec. */
static const char *choose_parent(void)
{
	const char *const parents[] = {g_get_tmp_dir(), "/var/tmp", g_get_home_dir()};

	for (size_t i = 0; i < G_N_ELEMENTS(parents); i++) {
		struct statvfs fs;

		if (access(parents[i], W_OK | X_OK) == 0 && statvfs(parents[i], &fs) == 0 &&
		    !(fs.f_flag & ST_NOEXEC))
			return parents[i];
	}
	return parents[0];
}

/*
 * A signal that would end this process is only looked for while there is something to clear away;
 * it stays pending, and does what it does when that is done.
 */
GPtrArray *selftest_run(const SelftestOptions *options, GError **error)
{
	g_autofree char *path = g_build_filename(choose_parent(), "rlc-selftest-XXXXXX", NULL);
	GPtrArray *results;
	auto_fd signals = -1;
	sigset_t ending, before;

	if (!g_mkdtemp(path)) {
		error_errno(error, errno, "make a directory '%s'", path);
		return NULL;
	}
	sigemptyset(&ending);
	sigaddset(&ending, SIGHUP);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	sigprocmask(SIG_BLOCK, &ending, &before);
	signals = signalfd(-1, &ending, SFD_CLOEXEC);
	results = run_in_directory(options, path, signals, error);
	tree_remove(AT_FDCWD, path, NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return results;
}
