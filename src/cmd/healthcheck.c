/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/command.h"

#include "base/error.h"
#include "cmd/containers.h"
#include "cmd/options.h"
#include "container/enter.h"
#include "container/health.h"

#define NANOSECONDS INT64_C(1000000000)

/* The supervisor's own clock runs first; this one is for who runs a check by hand. */
static unsigned timeout_seconds(const SpecHealth *health)
{
	int64_t seconds = health_timeout(health) / NANOSECONDS + 2;

	return (unsigned)MIN(seconds, G_MAXINT32);
}

static bool check(const char *name, int *ret_exit_code, GError **error)
{
	g_autofree char *root = NULL;
	g_autoptr(StateEntry) entry = containers_get(name, &root, error);
	g_autoptr(Spec) spec = entry ? state_load_spec(root, entry->id, error) : NULL;
	g_auto(GStrv) command = NULL;
	char *no_variables[] = {NULL};

	if (!spec)
		return false;
	if (!health_is_checked(&spec->rlc.health))
		return error_set(error, RLC_ERROR_STATE,
				 "check the health of '%s': it has no check (run --health-cmd)",
				 name);
	command = health_command(&spec->rlc.health);
	return enter_exec(root, entry->id,
			  &(EnterOptions){
				  .args = command,
				  .env = no_variables,
				  .timeout = timeout_seconds(&spec->rlc.health),
				  .untold = true,
			  },
			  ret_exit_code, error);
}

static int healthcheck_run(int argc, char **argv)
{
	static const OptionsUsage usage = {
		.command = "healthcheck run",
		.arguments = "CONTAINER",
		.summary = "Run a container's health check now.",
		.text = "Its output is printed, and its code is that of the command: 0 is healthy. "
			"What "
			"the\nsupervisor found, 'rlc inspect' shows.",
		.min = 1,
		.max = 1,
	};
	static const GOptionEntry entries[] = {{NULL}};
	g_autoptr(GError) error = NULL;
	int exit_code;

	if (!options_parse(&argc, &argv, entries, &usage, &error) ||
	    !check(argv[1], &exit_code, &error))
		return command_fail(error);
	return exit_code;
}

int cmd_healthcheck(int argc, char **argv)
{
	static const Command table[] = {
		{"run", "CONTAINER", "run a container's health check now", healthcheck_run},
		{NULL, NULL, NULL, NULL},
	};

	return command_group("healthcheck", "Is the payload well?", table, argc, argv);
}
