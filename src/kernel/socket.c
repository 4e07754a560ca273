/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/socket.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"

#define BACKLOG 16

static struct sockaddr_un socket_address(int dir, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", dir, name);
	return address;
}

int socket_listen(int dir, const char *name, int flags)
{
	auto_fd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);
	struct sockaddr_un address = socket_address(dir, name);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return -1;
	return fd_steal(&fd);
}

int socket_connect(int dir, const char *name)
{
	auto_fd fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = socket_address(dir, name);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		return -1;
	return fd_steal(&fd);
}

int socket_connect_stream(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		return -1;
	return fd_steal(&fd);
}
