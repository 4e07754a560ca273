/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/seccomp_listener.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json_text.h"
#include "kernel/socket.h"

bool seccomp_listener_wanted(const Spec *spec)
{
	const SpecSeccomp *seccomp = &spec->linux_.seccomp;

	return seccomp->kind == SECCOMP_PROFILE && seccomp->listener_path &&
	       *seccomp->listener_path && strstr(seccomp->profile, "\"SCMP_ACT_NOTIFY\"");
}

bool seccomp_listener_is_early(const Spec *spec)
{
	return seccomp_listener_wanted(spec) && !spec->process.no_new_privileges;
}

bool seccomp_listener_give(const Spec *spec, Sync *sync, int listener, GError **error)
{
	return !seccomp_listener_wanted(spec) || (sync_send(sync, SYNC_SECCOMP, listener, error) &&
						  sync_expect(sync, SYNC_START, NULL, error));
}

static char *describe(const SpecSeccomp *seccomp, const char *state, pid_t pid)
{
	g_autoptr(GString) json = g_string_new("{\"ociVersion\":\"" OCI_VERSION "\",");

	g_string_append_printf(json, "\"fds\":[\"seccompFd\"],\"pid\":%d,", pid);
	if (seccomp->listener_metadata) {
		g_string_append(json, "\"metadata\":");
		json_text_append_string(json, seccomp->listener_metadata);
		g_string_append_c(json, ',');
	}
	g_string_append_printf(json, "\"state\":%s}", state);
	return g_string_free(g_steal_pointer(&json), FALSE);
}

bool seccomp_listener_receive(const Spec *spec, Sync *sync, const char *state, pid_t pid,
			      GError **error)
{
	const SpecSeccomp *seccomp = &spec->linux_.seccomp;
	g_autofree char *text = NULL;
	auto_fd listener = -1, agent = -1;

	if (!sync_expect_any(sync, SYNC_SECCOMP, &listener, error))
		return false;
	if (listener < 0)
		return true;
	text = describe(seccomp, state, pid);
	agent = socket_connect_stream(seccomp->listener_path);
	if (agent >= 0 && sync_send_text(agent, text, listener))
		return true;
	return error_errno(error, errno, "send to the seccomp listener '%s'",
			   seccomp->listener_path);
}

bool seccomp_listener_take(const Spec *spec, Sync *sync, const char *state, pid_t pid,
			   GError **error)
{
	return seccomp_listener_receive(spec, sync, state, pid, error) &&
	       sync_send(sync, SYNC_START, -1, error);
}
