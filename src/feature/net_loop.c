/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_loop.h"

#include <errno.h>
#include <unistd.h>

#include "base/log.h"

GSource *net_loop_watch(NetLoop *loop, int fd, GUnixFDSourceFunc function, gpointer data)
{
	GSource *source = g_unix_fd_source_new(fd, G_IO_IN);

	g_source_set_callback(source, G_SOURCE_FUNC(function), data, NULL);
	g_source_set_can_recurse(source, TRUE); /* nothing does; it saves GLib's blocking */
	g_source_attach(source, loop->context);
	g_source_unref(source);
	return source;
}

void net_loop_send(const NetLoop *loop, const void *frame, size_t length)
{
	if (TEMP_FAILURE_RETRY(write(loop->tap, frame, length)) < 0)
		log_debug("net: write a frame of %zu bytes: %s", length, g_strerror(errno));
}

void net_loop_unwatch(GSource **source)
{
	if (*source)
		g_source_destroy(*source);
	*source = NULL;
}
