/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/containers.h"

#include <signal.h>

#include "base/error.h"
#include "base/fd.h"
#include "cmd/command.h"
#include "cmd/run_values.h"
#include "container/control.h"

#define CONNECT_PAUSE_US 2000

StateEntry *containers_get(const char *name, char **ret_root, GError **error)
{
	g_autofree char *root = state_root_choose(NULL, error);
	StateEntry *entry = root ? state_get(root, name, error) : NULL;

	if (entry)
		*ret_root = g_steal_pointer(&root);
	return entry;
}

static bool act(const char *name, ContainersAction action, void *data, GError **error)
{
	g_autofree char *root = NULL;
	g_autoptr(StateEntry) entry = containers_get(name, &root, error);

	return entry && action(root, entry, name, data, error);
}

int containers_each(char *const *names, ContainersAction action, void *data)
{
	int code = 0;

	for (; *names; names++) {
		g_autoptr(GError) error = NULL;

		if (!act(*names, action, data, &error))
			code = command_fail(error);
	}
	return code;
}

int containers_all(ContainersWhich which, ContainersAction action, void *data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *root = state_root_choose(NULL, &error);
	g_autoptr(GPtrArray) entries = root ? state_list(root, &error) : NULL;
	int code = 0;

	if (!entries)
		return command_fail(error);
	for (guint i = 0; i < entries->len; i++) {
		const StateEntry *entry = g_ptr_array_index(entries, i);
		g_autoptr(GError) failed = NULL;

		if ((which & (entry->alive ? CONTAINERS_RUNNING : CONTAINERS_ENDED)) &&
		    !action(root, entry, entry->id, data, &failed))
			code = command_fail(failed);
	}
	return code;
}

int containers_given(const char *command, char *const *names, bool all, ContainersWhich which,
		     ContainersAction action, void *data)
{
	g_autoptr(GError) error = NULL;

	if (all != (names[0] == NULL)) {
		error_set(&error, RLC_ERROR_USAGE,
			  "read arguments of %s: they are CONTAINER..., or --all", command);
		return command_fail(error);
	}
	return all ? containers_all(which, action, data) : containers_each(names, action, data);
}

char *containers_time(int64_t microseconds)
{
	g_autoptr(GDateTime) seconds = NULL;
	g_autofree char *text = NULL;

	if (microseconds == 0)
		return NULL;
	seconds = g_date_time_new_from_unix_utc(microseconds / G_USEC_PER_SEC);
	text = g_date_time_format(seconds, "%Y-%m-%dT%H:%M:%S");
	return g_strdup_printf("%s.%06dZ", text, (int)(microseconds % G_USEC_PER_SEC));
}

const char *containers_network(const Spec *spec)
{
	static const char *const modes[] = {
		[NET_SLIRP] = "slirp",	 [NET_NONE] = "none",	   [NET_HOST] = "host",
		[NET_BRIDGE] = "bridge", [NET_JOIN] = "container",
	};

	return modes[spec->rlc.network.mode];
}

int containers_connect(const char *root, const char *id, GError **error)
{
	for (;;) {
		g_autoptr(GError) failed = NULL;
		int socket = control_connect(root, id, &failed);

		if (socket >= 0)
			return socket;
		if (!g_error_matches(failed, RLC_ERROR, RLC_ERROR_STATE) ||
		    !state_is_running(root, id)) {
			g_propagate_error(error, g_steal_pointer(&failed));
			return -1;
		}
		g_usleep(CONNECT_PAUSE_US);
	}
}

/* Signal it and wait; *ret_ended false when the time is over. */
static bool end(int socket, int signal_number, int timeout_ms, bool *ret_ended, GError **error)
{
	g_autoptr(GError) refused = NULL;
	int exit_code;

	if (!control_call(socket, CONTROL_STOP, signal_number, NULL, NULL, NULL, &refused)) {
		*ret_ended = g_error_matches(refused, RLC_ERROR, RLC_ERROR_STATE);
		if (!*ret_ended)
			g_propagate_error(error, g_steal_pointer(&refused));
		return *ret_ended;
	}
	*ret_ended = control_wait(socket, timeout_ms, &exit_code) != 0;
	return true;
}

bool containers_stop_time(const char *text, int *ret_seconds, GError **error)
{
	guint64 seconds;

	*ret_seconds = -1;
	if (!text)
		return true;
	if (!run_value_number(text, G_MAXUINT64, &seconds))
		return error_set(error, RLC_ERROR_USAGE,
				 "parse --time '%s': not a number of seconds; to wait without end, "
				 "'rlc kill --signal TERM' and 'rlc wait'",
				 text);
	*ret_seconds = (int)MIN(seconds, G_MAXINT / 1000); /* of milliseconds */
	return true;
}

void containers_await_end(const char *root, const char *id)
{
	auto_fd successor = containers_connect(root, id, NULL);
}

bool containers_stop(const char *root, const char *id, int signal_number, int timeout_ms,
		     GError **error)
{
	g_autoptr(GError) refused = NULL;
	auto_fd socket = containers_connect(root, id, &refused);
	bool ended = false;

	if (socket >= 0 && control_call(socket, CONTROL_WAIT, 0, NULL, NULL, NULL, &refused)) {
		if (!end(socket, signal_number, timeout_ms, &ended, error) ||
		    (!ended && !end(socket, SIGKILL, -1, &ended, error)))
			return false;
	} else if (!g_error_matches(refused, RLC_ERROR, RLC_ERROR_STATE)) {
		g_propagate_error(error, g_steal_pointer(&refused));
		return false;
	}
	if (socket >= 0)
		containers_await_end(root, id);
	return true;
}

bool containers_stop_gently(const char *root, const char *id, const Spec *spec, int seconds,
			    GError **error)
{
	return containers_stop(root, id, spec->rlc.stop_signal ? spec->rlc.stop_signal : SIGTERM,
			       (seconds >= 0 ? seconds : (int)spec->rlc.stop_timeout) * 1000,
			       error);
}

void containers_kill(const char *root, const char *id)
{
	auto_fd socket = control_connect(root, id, NULL);

	if (socket >= 0)
		control_call(socket, CONTROL_STOP, SIGKILL, NULL, NULL, NULL, NULL);
}
