/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: a check is a process of its own, `rlc healthcheck run ID`, which enters the
 * container as any `rlc exec` does.  The supervisor starts it, and waits for nothing: a pidfd tells
 * of its end, a pipe brings what it writes, a timer ends it.
 *
 * The timer kills the check and what it started inside, by its process group.  A check dies with
 * the supervisor (PR_SET_PDEATHSIG), its command inside with it in the same way, and what that left
 * behind with the container's PID 1.
 *
 * The next check begins when an interval is over since the end of the last one.  While the start
 * period lasts failures do not count, and checks come faster.
 */
#include "container/health.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "container/events.h"
#include "container/record_words.h"
#include "container/state.h"
#include "container/supervise.h"
#include "kernel/cgroup.h"

#define DEFAULT_INTERVAL       (30 * G_USEC_PER_SEC)
#define DEFAULT_START_INTERVAL (5 * G_USEC_PER_SEC)
#define DEFAULT_TIMEOUT	       (30 * G_USEC_PER_SEC)
#define DEFAULT_RETRIES	       3
#define RESULTS_KEPT	       5
#define RECORD		       "health"
#define CHILDREN_MAX	       4096

struct Health {
	const Container *container;
	const SpecHealth *spec;
	Status *status;
	HealthRecord record;
	gint64 began; /* monotonic */

	/* the check that runs */
	pid_t pid; /* 0: none */
	int pidfd, output;
	HealthResult *result;
	bool timed_out;
	guint end_source, output_source, timer_source; /* the timer: its end, or the next one */
};

/* --- what was asked for; microseconds in here --- */

static int64_t or_default(int64_t nanoseconds, int64_t microseconds)
{
	return nanoseconds > 0 ? MAX(nanoseconds / 1000, 1000) : microseconds;
}

int64_t health_timeout(const SpecHealth *health)
{
	return or_default(health->timeout, DEFAULT_TIMEOUT) * 1000;
}

bool health_is_checked(const SpecHealth *health)
{
	return (health->kind == HEALTH_COMMAND || health->kind == HEALTH_SHELL) &&
	       health->test->len > 1;
}

char **health_command(const SpecHealth *health)
{
	GPtrArray *words = g_ptr_array_new();

	if (health->kind == HEALTH_SHELL) {
		g_ptr_array_add(words, g_strdup("/bin/sh"));
		g_ptr_array_add(words, g_strdup("-c"));
	}
	for (guint i = 0; i + 1 < health->test->len; i++)
		g_ptr_array_add(words, g_strdup(g_ptr_array_index(health->test, i)));
	g_ptr_array_add(words, NULL);
	return (char **)g_ptr_array_free(words, FALSE);
}

static bool is_starting(const Health *health)
{
	return health->status->health == HEALTH_STATE_STARTING &&
	       g_get_monotonic_time() - health->began < health->spec->start_period / 1000;
}

static int64_t next_interval(const Health *health)
{
	return is_starting(health)
		       ? or_default(health->spec->start_interval, DEFAULT_START_INTERVAL)
		       : or_default(health->spec->interval, DEFAULT_INTERVAL);
}

/* --- the record --- */

static void result_free(gpointer data)
{
	HealthResult *result = data;

	if (result)
		g_free(result->output);
	g_free(result);
}

void health_record_free(HealthRecord *record)
{
	if (!record)
		return;
	g_ptr_array_unref(record->results);
	g_free(record);
}

static void append_result(GString *text, const HealthResult *result)
{
	g_autofree char *numbers = g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %d",
						   result->start, result->end, result->exit_code);
	g_autoptr(GString) row = g_string_new(NULL);

	record_append_word(row, numbers);
	record_append_word(row, result->output);
	g_string_append_printf(text, "%s\n", row->str);
}

static void save(const Health *health)
{
	g_autofree char *failing = g_strdup_printf("%u\n", health->record.failing);
	g_autoptr(GString) text = g_string_new(failing);
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < health->record.results->len; i++)
		append_result(text, g_ptr_array_index(health->record.results, i));
	if (!state_replace(health->container->plan, RECORD, text->str, &error))
		log_warn("health: %s", error->message);
}

static HealthResult *parse_result(const char *line)
{
	g_autoptr(GPtrArray) words = record_parse_words(line);
	HealthResult *result = g_new0(HealthResult, 1);

	if (words && words->len == 2 &&
	    sscanf(g_ptr_array_index(words, 0), "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %d",
		   &result->start, &result->end, &result->exit_code) == 3) {
		result->output = g_strdup(g_ptr_array_index(words, 1));
		return result;
	}
	result_free(result);
	return NULL;
}

HealthRecord *health_load(const char *state_root, const char *id)
{
	g_autofree char *text = state_read(state_root, id, RECORD, NULL);
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
	HealthRecord *record = g_new0(HealthRecord, 1);

	record->results = g_ptr_array_new_with_free_func(result_free);
	record->failing = lines[0] ? (unsigned)g_ascii_strtoull(lines[0], NULL, 10) : 0;
	for (guint i = 1; lines[0] && lines[i]; i++) {
		HealthResult *result = parse_result(lines[i]);

		if (result)
			g_ptr_array_add(record->results, result);
	}
	return record;
}

/* --- what a check says --- */

static void set_state(Health *health, HealthState state)
{
	g_autoptr(GError) error = NULL;

	if (health->status->health == state)
		return;
	health->status->health = state;
	if (!state_save_status(health->container->plan, health->status, &error))
		log_warn("health: %s", error->message);
	events_add_own(health->container, "health_status", -1, status_health_name(state));
}

static void judge(Health *health, bool well)
{
	unsigned retries = health->spec->retries > 0 ? health->spec->retries : DEFAULT_RETRIES;

	if (well)
		health->record.failing = 0;
	else if (!is_starting(health))
		health->record.failing++;
	save(health);
	if (well)
		set_state(health, HEALTH_STATE_HEALTHY);
	else if (health->record.failing >= retries)
		set_state(health, HEALTH_STATE_UNHEALTHY);
}

static void keep_result(Health *health, int exit_code, const char *note)
{
	HealthResult *result = g_steal_pointer(&health->result);

	result->end = g_get_real_time();
	result->exit_code = exit_code;
	if (note) {
		g_free(result->output);
		result->output = g_strdup(note);
	}
	g_ptr_array_add(health->record.results, result);
	if (health->record.results->len > RESULTS_KEPT)
		g_ptr_array_remove_index(health->record.results, 0);
	judge(health, exit_code == 0);
}

/* --- running it --- */

static void unwatch(guint *source)
{
	if (*source)
		g_source_remove(*source);
	*source = 0;
}

static gboolean begin(gpointer data);

static void schedule(Health *health, int64_t microseconds, GSourceFunc function)
{
	unwatch(&health->timer_source);
	health->timer_source =
		g_timeout_add((guint)MIN(microseconds / 1000, G_MAXINT), function, health);
}

/* What it started leads a session of its own inside, and so a process group. */
static void kill_groups(pid_t parent)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/children", parent, parent);
	g_autofree char *text = fd_read_file(AT_FDCWD, path, CHILDREN_MAX, NULL);
	g_auto(GStrv) children = g_strsplit(text ? text : "", " ", -1);

	for (char **child = children; *child; child++) {
		pid_t pid = (pid_t)g_ascii_strtoll(*child, NULL, 10);

		if (pid > 1 && kill(-pid, SIGKILL) < 0)
			log_debug("health: kill the group %d: %s", pid, g_strerror(errno));
	}
}

/* While it is stopped it reaps nothing, so its children's pids are theirs. */
static void kill_check(const Health *health)
{
	if (health->pid <= 0)
		return;
	kill(health->pid, SIGSTOP);
	kill_groups(health->pid);
	kill(health->pid, SIGKILL);
}

/* What is there now, as far as there is room for it. False at its end. */
static bool take_output(Health *health)
{
	char buffer[HEALTH_OUTPUT_MAX];
	ssize_t n = TEMP_FAILURE_RETRY(read(health->output, buffer, sizeof buffer));
	size_t had = strlen(health->result->output);
	char *output;

	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	if (had == HEALTH_OUTPUT_MAX)
		return true;
	output = g_strdup_printf("%s%.*s", health->result->output,
				 (int)MIN((size_t)n, HEALTH_OUTPUT_MAX - had), buffer);
	g_free(health->result->output);
	health->result->output = output;
	return true;
}

static gboolean readable(int fd, GIOCondition condition, gpointer data)
{
	Health *health = data;

	(void)fd;
	(void)condition;
	if (take_output(health))
		return G_SOURCE_CONTINUE;
	health->output_source = 0;
	return G_SOURCE_REMOVE;
}

static void forget_check(Health *health)
{
	unwatch(&health->output_source);
	unwatch(&health->end_source);
	unwatch(&health->timer_source);
	fd_close(&health->output);
	fd_close(&health->pidfd);
	health->pid = 0;
}

/* End it and reap it: that takes no time once it is killed. */
static void end_check(Health *health)
{
	kill_check(health);
	if (health->pid > 0)
		TEMP_FAILURE_RETRY(waitpid(health->pid, NULL, 0));
	forget_check(health);
}

static gboolean ended(int fd, GIOCondition condition, gpointer data)
{
	Health *health = data;
	int status = 0, code;

	(void)fd;
	(void)condition;
	health->end_source = 0;
	TEMP_FAILURE_RETRY(waitpid(health->pid, &status, 0));
	take_output(health); /* what it wrote at last */
	code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	forget_check(health);
	keep_result(health, health->timed_out ? HEALTH_TIMED_OUT : code,
		    health->timed_out ? "killed: it took longer than --health-timeout" : NULL);
	schedule(health, next_interval(health), begin);
	return G_SOURCE_REMOVE;
}

static gboolean time_over(gpointer data)
{
	Health *health = data;

	health->timer_source = 0;
	health->timed_out = true;
	kill_check(health);
	return G_SOURCE_REMOVE;
}

/* In the child: become `rlc healthcheck run`. */
static G_GNUC_NORETURN void run_check(const Health *health, int output, pid_t supervisor)
{
	const Plan *plan = health->container->plan;
	char program[] = "rlc", command[] = "healthcheck", verb[] = "run";
	char *argv[] = {program, command, verb, plan->id, NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	supervise_unblock_signals();
	if (setsid() < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != supervisor ||
	    dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
	    dup2(output, STDERR_FILENO) < 0)
		_exit(125);
	g_setenv("RLC_ROOT", plan->state_root, TRUE);
	execv("/proc/self/exe", argv);
	_exit(125);
}

static bool spawn(Health *health)
{
	pid_t supervisor = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	health->output = ends[0];
	health->pid = fork();
	if (health->pid == 0)
		run_check(health, ends[1], supervisor);
	close(ends[1]);
	if (health->pid < 0) {
		health->pid = 0;
		return false;
	}
	health->pidfd = (int)syscall(SYS_pidfd_open, health->pid, 0);
	return health->pidfd >= 0 && g_unix_set_fd_nonblocking(health->output, TRUE, NULL);
}

static bool is_frozen(const Container *container)
{
	return container->cgroup >= 0 && cgroup_is_frozen(container->cgroup);
}

static gboolean begin(gpointer data)
{
	Health *health = data;

	health->timer_source = 0;
	if (is_frozen(health->container)) { /* nobody could answer */
		schedule(health, next_interval(health), begin);
		return G_SOURCE_REMOVE;
	}
	health->timed_out = false;
	health->result = g_new0(HealthResult, 1);
	health->result->start = g_get_real_time();
	health->result->output = g_strdup("");
	if (!spawn(health)) {
		g_autofree char *note = g_strdup_printf("not started: %s", g_strerror(errno));

		end_check(health);
		keep_result(health, 125, note);
		schedule(health, next_interval(health), begin);
		return G_SOURCE_REMOVE;
	}
	health->end_source = g_unix_fd_add(health->pidfd, G_IO_IN, ended, health);
	health->output_source = g_unix_fd_add(health->output, G_IO_IN, readable, health);
	schedule(health, health_timeout(health->spec) / 1000, time_over);
	return G_SOURCE_REMOVE;
}

Health *health_start(const Container *container, Status *status)
{
	const SpecHealth *spec = &container->plan->spec->rlc.health;
	Health *health;

	if (!health_is_checked(spec))
		return NULL;
	health = g_new0(Health, 1);
	health->container = container;
	health->spec = spec;
	health->status = status;
	health->record.results = g_ptr_array_new_with_free_func(result_free);
	health->began = g_get_monotonic_time();
	health->pidfd = health->output = -1;
	save(health);
	schedule(health, next_interval(health), begin);
	return health;
}

void health_stop(Health *health)
{
	if (!health)
		return;
	end_check(health);
	result_free(health->result);
	g_ptr_array_unref(health->record.results);
	g_free(health);
}
