/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/seccomp_listener.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

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

/* Text as a JSON string, with its quotes. */
static void append_string(GString *json, const char *text)
{
	g_string_append_c(json, '"');
	for (; *text; text++) {
		if ((unsigned char)*text < ' ')
			g_string_append_printf(json, "\\u%04x", *text);
		else if (*text == '"' || *text == '\\')
			g_string_append_printf(json, "\\%c", *text);
		else
			g_string_append_c(json, *text);
	}
	g_string_append_c(json, '"');
}

static char *describe(const SpecSeccomp *seccomp, const char *state, pid_t pid)
{
	g_autoptr(GString) json = g_string_new("{\"ociVersion\":\"" OCI_VERSION "\",");

	g_string_append_printf(json, "\"fds\":[\"seccompFd\"],\"pid\":%d,", pid);
	if (seccomp->listener_metadata) {
		g_string_append(json, "\"metadata\":");
		append_string(json, seccomp->listener_metadata);
		g_string_append_c(json, ',');
	}
	g_string_append_printf(json, "\"state\":%s}", state);
	return g_string_free(g_steal_pointer(&json), FALSE);
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_fd socket_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	if (socket_ < 0 || connect(socket_, (struct sockaddr *)&address, sizeof address) < 0)
		return -1;
	return fd_steal(&socket_);
}

/* The descriptor goes with the first bytes. */
static bool send_with(int socket_, const char *text, int listener)
{
	union {
		char buffer[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {(char *)text, strlen(text)};
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buffer,
		.msg_controllen = sizeof control.buffer,
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header);
	ssize_t n;

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &listener, sizeof listener);
	n = TEMP_FAILURE_RETRY(sendmsg(socket_, &header, MSG_NOSIGNAL));
	while (n >= 0 && (size_t)n < iov.iov_len) {
		iov.iov_base = (char *)iov.iov_base + n;
		iov.iov_len -= (size_t)n;
		n = TEMP_FAILURE_RETRY(send(socket_, iov.iov_base, iov.iov_len, MSG_NOSIGNAL));
	}
	return n >= 0;
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
	agent = connect_to(seccomp->listener_path);
	if (agent >= 0 && send_with(agent, text, listener))
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
