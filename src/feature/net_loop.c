/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_loop.h"

#include <errno.h>
#include <netinet/ip.h>
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

/* Headers of a fragment lie over the end of the one before it, which has been sent. */
static void send_fragments(NetLoop *loop, const NetReturn *back, size_t length)
{
	size_t header = net_frame_header(back), room = (loop->mtu - sizeof(struct iphdr)) & ~7UL;
	uint8_t *body = loop->reply + header;

	loop->fragmented++;
	length -= header;
	for (size_t at = 0; at < length; at += room) {
		size_t part = MIN(room, length - at);
		const uint8_t *frame = net_frame_fragment(back, body + at, part, at,
							  at + part < length, loop->fragmented);

		net_loop_send(loop, frame, header + part);
	}
}

void net_loop_send_udp(NetLoop *loop, const NetReturn *back, const uint8_t *data, size_t length)
{
	bool whole = length <= net_frame_udp_room(back, loop->mtu);

	if (!whole && (back->family != AF_INET || length > net_frame_udp_room(back, UINT16_MAX)))
		return;
	length = net_frame_udp(back, data, length, loop->reply);
	if (whole)
		net_loop_send(loop, loop->reply, length);
	else
		send_fragments(loop, back, length);
}

void net_loop_unwatch(GSource **source)
{
	if (*source)
		g_source_destroy(*source);
	*source = NULL;
}
