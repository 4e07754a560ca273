/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thousands of descriptors in the net process's loop, as one: epoll(7).  GLib and libslirp look at
 * each of theirs in every round.
 */
#pragma once

#include <sys/epoll.h>

#include "feature/net_loop.h"

typedef struct NetEpoll NetEpoll;
typedef struct NetWatch NetWatch;

/* A part of who watches. */
struct NetWatch {
	int fd;		 /* -1: none */
	uint32_t events; /* EPOLL*, as it is registered; 0: it is not */
	void (*ready)(NetWatch *watch, uint32_t events);
};

/* NULL with *error set on failure. */
NetEpoll *net_epoll_new(GError **error);

/* Join the loop. */
void net_epoll_start(NetEpoll *epoll, NetLoop *loop);

/*
 * Wait for these events from now on; 0: for none, not even an error or a hang-up.  A descriptor
 * that is watched is to be closed by net_epoll_close().
 */
void net_epoll_watch(NetEpoll *epoll, NetWatch *watch, uint32_t events);

/* Close watch->fd, and call ready() no more. */
void net_epoll_close(NetEpoll *epoll, NetWatch *watch);

/* g_free() what holds a watch, when no event of this round can mean it any more. */
void net_epoll_free_later(NetEpoll *epoll, gpointer owner);
