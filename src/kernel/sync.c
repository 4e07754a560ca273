/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/sync.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define SYNC_TEXT_MAX 4096

typedef struct {
	int message;
	int domain; /* SYNC_ERROR: 0 is RLC_ERROR, 1 is RLC_ERRNO */
	int code;
	char text[SYNC_TEXT_MAX];
} SyncPacket;

static const char *const sync_names[] = {
	[0] = "end of file",	    [SYNC_MAPPED] = "MAPPED",
	[SYNC_TAP] = "TAP",	    [SYNC_DIAG] = "DIAG",
	[SYNC_LANE] = "LANE",	    [SYNC_ROOT] = "ROOT",
	[SYNC_NETLINK] = "NETLINK", [SYNC_HOSTS] = "HOSTS",
	[SYNC_NET_UP] = "NET_UP",   [SYNC_CONSOLE] = "CONSOLE",
	[SYNC_READY] = "READY",	    [SYNC_START] = "START",
	[SYNC_CHILD] = "CHILD",	    [SYNC_MESSAGES] = "MESSAGES",
	[SYNC_HOOKS] = "HOOKS",	    [SYNC_SECCOMP] = "SECCOMP",
	[SYNC_WATCH] = "WATCH",	    [SYNC_CREATED] = "CREATED",
	[SYNC_ERROR] = "ERROR",	    [SYNC_SHM] = "SHM",
	[SYNC_VOLUME] = "VOLUME",   [SYNC_NAMESPACE] = "NAMESPACE",
	[SYNC_FUSE] = "FUSE",
};

bool sync_pair(Sync *ret_supervisor, Sync *ret_init, GError **error)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return error_errno(error, errno, "make the sync socket pair");
	*ret_supervisor = (Sync){.fd = ends[0]};
	*ret_init = (Sync){.fd = ends[1]};
	return true;
}

void sync_close(Sync *sync)
{
	fd_close(&sync->fd);
}

static ssize_t sync_send_bytes(int socket, const void *packet, size_t length, int fd)
{
	union {
		char buffer[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {(void *)packet, length};
	struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		struct cmsghdr *cmsg = &control.align;

		header.msg_control = control.buffer;
		header.msg_controllen = sizeof control.buffer;
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof fd);
	}
	return TEMP_FAILURE_RETRY(sendmsg(socket, &header, MSG_NOSIGNAL));
}

bool sync_send_text(int socket, const char *text, int fd)
{
	size_t left = strlen(text);
	ssize_t n = sync_send_bytes(socket, text, left, fd);

	while (n >= 0 && (size_t)n < left) {
		text += n;
		left -= (size_t)n;
		n = sync_send_bytes(socket, text, left, -1);
	}
	return n >= 0;
}

/* 0 is the end of file, for which packet->message becomes 0 too. */
static ssize_t sync_receive(Sync *sync, SyncPacket *packet, int *ret_fd, int flags)
{
	union {
		char buffer[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {packet, sizeof *packet};
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buffer,
		.msg_controllen = sizeof control.buffer,
	};
	ssize_t n;

	memset(packet, 0, sizeof *packet);
	flags |= MSG_CMSG_CLOEXEC;
	n = TEMP_FAILURE_RETRY(recvmsg(sync->fd, &header, flags));
	/* The peer died with a message of ours unread. Said once; what it sent comes after. */
	if (n < 0 && errno == ECONNRESET)
		n = TEMP_FAILURE_RETRY(recvmsg(sync->fd, &header, flags));
	if (n > 0 && header.msg_controllen >= CMSG_LEN(sizeof(int)) &&
	    control.align.cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(&control.align), sizeof *ret_fd);
	return n;
}

static bool sync_unpack_error(Sync *sync, const SyncPacket *packet, GError **error)
{
	sync->peer_failed = true;
	g_set_error(error, packet->domain ? RLC_ERRNO : RLC_ERROR, packet->code, "%.*s",
		    SYNC_TEXT_MAX - 1, packet->text);
	return false;
}

bool sync_last_words(Sync *sync, GError **error)
{
	SyncPacket packet;

	do {
		auto_fd fd = -1;

		if (sync_receive(sync, &packet, &fd, MSG_DONTWAIT) <= 0)
			return false;
	} while (packet.message != SYNC_ERROR);
	g_clear_error(error);
	return !sync_unpack_error(sync, &packet, error);
}

bool sync_send(Sync *sync, SyncMessage message, int fd, GError **error)
{
	SyncPacket packet = {.message = (int)message};
	int failure;

	if (sync_send_bytes(sync->fd, &packet, offsetof(SyncPacket, text), fd) >= 0)
		return true;
	failure = errno;
	if ((failure == EPIPE || failure == ECONNRESET) && sync_last_words(sync, error))
		return false;
	return error_errno(error, failure, "send %s", sync_names[message]);
}

bool sync_expect(Sync *sync, SyncMessage message, int *ret_fd, GError **error)
{
	auto_fd fd = -1;

	if (!sync_expect_any(sync, message, &fd, error))
		return false;
	if (ret_fd && fd < 0)
		return error_set(error, RLC_ERROR_FAILED,
				 "wait for %s: it came without what it brings",
				 sync_names[message]);
	if (ret_fd)
		*ret_fd = fd_steal(&fd);
	return true;
}

bool sync_expect_any(Sync *sync, SyncMessage message, int *ret_fd, GError **error)
{
	auto_fd fd = -1;
	SyncPacket packet;
	ssize_t n = sync_receive(sync, &packet, &fd, 0);

	if (n < 0)
		return error_errno(error, errno, "wait for %s", sync_names[message]);
	if (packet.message == SYNC_ERROR)
		return sync_unpack_error(sync, &packet, error);
	if (n == 0)
		return error_set(error, RLC_ERROR_FAILED,
				 "wait for %s: the other process ended without a word",
				 sync_names[message]);
	if (packet.message == SYNC_FUSE && sync->asked) {
		sync->asked(sync->asked_data, fd_steal(&fd));
		return sync_expect_any(sync, message, ret_fd, error);
	}
	if (packet.message != (int)message)
		return error_set(error, RLC_ERROR_FAILED, "wait for %s: another message came",
				 sync_names[message]);
	*ret_fd = fd_steal(&fd);
	return true;
}

void sync_send_error(Sync *sync, const GError *reported)
{
	SyncPacket packet = {
		.message = SYNC_ERROR,
		.domain = reported->domain == RLC_ERRNO,
		.code = reported->code,
	};

	g_strlcpy(packet.text, reported->message, sizeof packet.text);
	if (sync_send_bytes(sync->fd, &packet, sizeof packet, -1) < 0)
		return; /* the supervisor is gone, and with it whoever would read this */
}

bool sync_expect_exec(Sync *sync, GError **error)
{
	auto_fd fd = -1;
	SyncPacket packet;
	ssize_t n = sync_receive(sync, &packet, &fd, 0);

	if (n < 0)
		return error_errno(error, errno, "wait for the payload's exec");
	if (packet.message == SYNC_ERROR)
		return sync_unpack_error(sync, &packet, error);
	if (n > 0)
		return error_set(error, RLC_ERROR_FAILED, "wait for exec: another message came");
	return true;
}
