/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "kernel/socket.h"

bool control_parent(Container *container, GError **error)
{
	auto_fd dir = -1;

	if (container->control >= 0)
		return true; /* it outlives a payload that is started again */
	dir = open(container->plan->state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	container->control = dir < 0 ? -1 : socket_listen(dir, CONTROL_SOCKET, SOCK_NONBLOCK);
	if (container->control < 0)
		return error_errno(error, errno, "listen on '%s/" CONTROL_SOCKET "'",
				   container->plan->state_dir);
	return true;
}

int control_connect(const char *state_root, const char *id, GError **error)
{
	g_autofree char *path = g_build_filename(state_root, "containers", id, NULL);
	auto_fd dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = dir < 0 ? -1 : socket_connect(dir, CONTROL_SOCKET);

	if (fd >= 0)
		return fd;
	if (errno == ENOENT || errno == ECONNREFUSED)
		error_set(error, RLC_ERROR_STATE, "reach container %.12s: it is not running", id);
	else
		error_errno(error, errno, "reach container %.12s", id);
	return -1;
}

bool control_send(int socket, const ControlPacket *packet, const int *fds, unsigned count,
		  int flags)
{
	union {
		char buffer[CMSG_SPACE(CONTROL_FDS * sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {(void *)packet, sizeof *packet};
	struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};

	if (count > 0) {
		header.msg_control = control.buffer;
		header.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, count * sizeof(int));
	}
	return TEMP_FAILURE_RETRY(sendmsg(socket, &header, MSG_NOSIGNAL | flags)) == sizeof *packet;
}

/* Descriptors beyond what the caller has room for are closed. */
static void take_fds(const struct msghdr *header, int *fds, unsigned *ret_count)
{
	const struct cmsghdr *cmsg = CMSG_FIRSTHDR(header);
	unsigned count = 0;

	if (cmsg && cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS)
		count = (unsigned)((cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	for (unsigned i = 0; i < count; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof fd, sizeof fd);
		if (fds && i < CONTROL_FDS)
			fds[i] = fd;
		else
			close(fd);
	}
	if (ret_count)
		*ret_count = fds ? MIN(count, CONTROL_FDS) : 0;
}

static ssize_t receive(int socket, ControlPacket *packet, int *fds, unsigned *ret_count)
{
	union {
		char buffer[CMSG_SPACE(CONTROL_FDS * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {packet, sizeof *packet};
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buffer,
		.msg_controllen = sizeof control.buffer,
	};
	ssize_t n = TEMP_FAILURE_RETRY(recvmsg(socket, &header, MSG_CMSG_CLOEXEC));

	if (n > 0)
		take_fds(&header, fds, ret_count);
	if (n > 0 && n != sizeof *packet) {
		errno = EPROTO;
		return -1;
	}
	packet->text[sizeof packet->text - 1] = '\0';
	return n;
}

/* One that is gone is found so when there is no answer. */
bool control_ask(int socket, ControlVerb verb, int32_t number, GError **error)
{
	ControlPacket packet = {.verb = verb, .number = number};

	return control_send(socket, &packet, NULL, 0, 0) || errno == EPIPE || errno == ECONNRESET ||
	       error_errno(error, errno, "ask the supervisor");
}

bool control_answer(int socket, int32_t *ret_number, int *fds, unsigned *ret_count, GError **error)
{
	ControlPacket packet;
	unsigned count = 0;
	ssize_t n = receive(socket, &packet, fds, &count);

	if (n < 0 && errno != ECONNRESET)
		return error_errno(error, errno, "wait for the supervisor's answer");
	if (n <= 0)
		return error_set(error, RLC_ERROR_STATE, "ask the supervisor: it has ended");
	if (packet.verb == CONTROL_OK) {
		if (ret_number)
			*ret_number = packet.number;
		if (ret_count)
			*ret_count = count;
		return true;
	}
	for (unsigned i = 0; i < count; i++)
		fd_close(&fds[i]);
	if (packet.verb == CONTROL_ENDED)
		return error_set(error, RLC_ERROR_STATE, "ask the supervisor: it has ended");
	/* as the supervisor's error has it, with its hint */
	g_set_error_literal(error, RLC_ERROR, RLC_ERROR_FAILED, packet.text);
	return false;
}

bool control_call(int socket, ControlVerb verb, int32_t number, int32_t *ret_number, int *fds,
		  unsigned *ret_count, GError **error)
{
	return control_ask(socket, verb, number, error) &&
	       control_answer(socket, ret_number, fds, ret_count, error);
}

int control_wait(int socket, int timeout_ms, int *ret_exit_code)
{
	gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
	struct pollfd readable = {.fd = socket, .events = POLLIN};
	ControlPacket packet;
	int ready, left = timeout_ms;

	while ((ready = poll(&readable, 1, left)) < 0 && errno == EINTR) {
		if (timeout_ms > 0)
			left = (int)MAX((deadline - g_get_monotonic_time()) / 1000, 0);
	}
	if (ready <= 0)
		return ready;
	if (receive(socket, &packet, NULL, NULL) <= 0 || packet.verb != CONTROL_ENDED)
		return -1;
	*ret_exit_code = packet.number;
	return 1;
}

bool control_join(const char *state_root, const char *id, int *fds, GError **error)
{
	auto_fd socket = control_connect(state_root, id, error);
	int received[CONTROL_FDS];
	int32_t present = 0;
	unsigned count = 0, next = 0;

	if (socket < 0 || !control_call(socket, CONTROL_JOIN, 0, &present, received, &count, error))
		return false;
	for (int i = 0; i < CONTROL_JOIN_COUNT; i++) {
		fds[i] = -1;
		if (present & (1 << i) && next < count)
			fds[i] = received[next++];
	}
	while (next < count)
		fd_close(&received[next++]);
	/* recvmsg(2) leaves out what RLIMIT_NOFILE forbids; a namespace less would be the host's */
	if (count == (unsigned)__builtin_popcount((unsigned)present))
		return true;
	for (int i = 0; i < CONTROL_JOIN_COUNT; i++)
		fd_close(&fds[i]);
	return error_errno(error, EMFILE, "take the container's namespaces");
}
