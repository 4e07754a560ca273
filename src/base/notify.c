/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/notify.h"

#include <errno.h>
#include <glib.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"
#include "base/log.h"

static const char *socket_name(void)
{
	const char *name = g_getenv("NOTIFY_SOCKET");

	/* a path, or a name in the abstract name space behind '@' */
	return name && (*name == '/' || *name == '@') && name[1] ? name : NULL;
}

bool notify_wanted(void)
{
	return socket_name() != NULL;
}

static bool send_text(const char *name, const char *text)
{
	auto_fd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(name);

	if (fd < 0)
		return false;
	if (length >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(address.sun_path, name, length);
	if (*name == '@')
		address.sun_path[0] = '\0';
	return sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&address,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) >= 0;
}

void notify_send(const char *format, ...)
{
	const char *name = socket_name();
	g_autofree char *text = NULL;
	va_list arguments;

	if (!name)
		return;
	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	if (!send_text(name, text))
		log_warn("tell the service manager by '%s': %s", name, g_strerror(errno));
}
