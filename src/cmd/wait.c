/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "cmd/command.h"
#include "cmd/containers.h"
#include "cmd/options.h"
#include "container/control.h"
#include "container/events.h"
#include "container/health.h"

/* The supervisor is gone: what the record says, or if that is gone too, that it was killed. */
static int recorded_code(const char *root, const char *id)
{
	g_autoptr(StateEntry) entry = NULL;

	containers_await_end(root, id);
	entry = state_get(root, id, NULL);
	return entry ? entry->status.exit_code : 128 + SIGKILL;
}

static int wait_for_end(const char *root, const char *id)
{
	auto_fd socket = containers_connect(root, id, NULL);
	int exit_code;

	if (socket >= 0 && control_call(socket, CONTROL_WAIT, 0, NULL, NULL, NULL, NULL) &&
	    control_wait(socket, -1, &exit_code) > 0)
		return exit_code;
	return recorded_code(root, id);
}

/* --- other conditions than its end --- */

typedef struct {
	const char *name;
	bool (*met)(const Status *status);
} Condition;

static bool is_running(const Status *status)
{
	return status->state == STATUS_RUNNING;
}

static bool is_healthy(const Status *status)
{
	return is_running(status) && status->health == HEALTH_STATE_HEALTHY;
}

static bool is_unhealthy(const Status *status)
{
	return is_running(status) && status->health == HEALTH_STATE_UNHEALTHY;
}

static const Condition conditions[] = {
	{"stopped", NULL},
	{"running", is_running},
	{"healthy", is_healthy},
	{"unhealthy", is_unhealthy},
};

static const Condition *find_condition(const char *name, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(conditions); i++) {
		if (strcmp(conditions[i].name, name) == 0)
			return &conditions[i];
	}
	error_set(error, RLC_ERROR_USAGE,
		  "parse --condition '%s': not one of stopped, running, healthy, unhealthy", name);
	return NULL;
}

typedef struct {
	const Condition *condition;
	const char *root, *id;
	bool met;
} Awaited;

static bool look(Awaited *awaited)
{
	g_autoptr(StateEntry) entry = state_get(awaited->root, awaited->id, NULL);

	awaited->met = entry && awaited->condition->met(&entry->status);
	return awaited->met;
}

/* Each event of the container's is a reason to look again. */
static bool take_event(const Event *event, void *data)
{
	Awaited *awaited = data;

	return strcmp(event->id, awaited->id) != 0 || !look(awaited);
}

/* The supervisor's end ends the waiting, too. */
static bool wait_until(const char *root, const StateEntry *entry, const char *name,
		       const Condition *condition, GError **error)
{
	Awaited awaited = {.condition = condition, .root = root, .id = entry->id};
	EventsQuery query = {.since = g_get_real_time(), .follow = true};
	auto_fd socket = control_connect(root, entry->id, error);

	if (socket < 0 || !control_call(socket, CONTROL_WAIT, 0, NULL, NULL, NULL, error))
		return false;
	query.ended = socket;
	if (!look(&awaited) && !events_read(root, &query, take_event, &awaited, error))
		return false;
	return awaited.met ||
	       error_set(error, RLC_ERROR_STATE, "wait until '%s' is %s: it has ended", name,
			 condition->name);
}

static bool has_check(const char *root, const StateEntry *entry, const char *name, GError **error)
{
	g_autoptr(Spec) spec = state_load_spec(root, entry->id, error);

	return spec &&
	       (health_is_checked(&spec->rlc.health) ||
		error_set(error, RLC_ERROR_STATE,
			  "wait for the health of '%s': it has no check (run --health-cmd)", name));
}

static bool wait_for(const char *root, const StateEntry *entry, const char *name, void *data,
		     GError **error)
{
	const Condition *condition = data;

	if (condition->met && condition->met != is_running && !has_check(root, entry, name, error))
		return false;
	if (condition->met)
		return wait_until(root, entry, name, condition, error);
	printf("%d\n", entry->alive ? wait_for_end(root, entry->id) : entry->status.exit_code);
	fflush(stdout);
	return true;
}

int cmd_wait(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "wait",
		.arguments = "CONTAINER...",
		.summary = "Wait until containers have ended, and print their exit codes.",
		.min = 1,
		.max = -1,
	};
	g_autofree char *name = NULL;
	const GOptionEntry entries[] = {
		{"condition", 0, 0, G_OPTION_ARG_STRING, &name,
		 "stopped (default), or wait until it is running, healthy or unhealthy",
		 "CONDITION"},
		{NULL},
	};
	const Condition *condition;
	g_autoptr(GError) error = NULL;

	if (!options_parse(&argc, &argv, entries, &usage, &error))
		return command_fail(error);
	condition = find_condition(name ? name : "stopped", &error);
	if (!condition)
		return command_fail(error);
	return containers_each(argv + 1, wait_for, (void *)condition);
}
