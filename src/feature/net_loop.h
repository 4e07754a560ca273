/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the net process share: its main loop, and the way to the container. */
#pragma once

#include <glib-unix.h>
#include <stdbool.h>

#include "feature/net_frame.h"

typedef struct {
	GMainContext *context;
	int tap;
	uint8_t mac[6];		      /* the tap's: where frames to the container go */
	size_t mtu;		      /* bytes of an IP packet */
	uint16_t fragmented;	      /* the id of the last packet that was */
	uint8_t reply[NET_FRAME_MAX]; /* where replies are built, one at a time */
} NetLoop;

/*
 * Call function whenever fd is readable, until it returns G_SOURCE_REMOVE or g_source_destroy().
 * The source returned belongs to the loop.
 */
GSource *net_loop_watch(NetLoop *loop, int fd, GUnixFDSourceFunc function, gpointer data);

/* Give the container a frame. A frame that the tap refuses is lost, as on any wire. */
void net_loop_send(const NetLoop *loop, const void *frame, size_t length);

/*
 * The same with a datagram for it, in fragments where it is longer than the tap's MTU.  What is too
 * long for that is lost: IPv6 has none from routers.
 */
void net_loop_send_udp(NetLoop *loop, const NetReturn *back, const uint8_t *data, size_t length);

/* End a source and forget it. NULL is fine. */
void net_loop_unwatch(GSource **source);
