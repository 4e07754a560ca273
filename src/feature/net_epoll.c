/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net_epoll.h"

#include <errno.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"

/* Of one round; the next round serves the others, and libslirp in between. */
#define EVENTS_MAX 128

struct NetEpoll {
	int fd;
	GPtrArray *garbage;
};

NetEpoll *net_epoll_new(GError **error)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);
	NetEpoll *epoll;

	if (fd < 0) {
		error_errno(error, errno, "make an epoll descriptor");
		return NULL;
	}
	epoll = g_new0(NetEpoll, 1);
	epoll->fd = fd;
	epoll->garbage = g_ptr_array_new_with_free_func(g_free);
	return epoll;
}

static gboolean on_events(gint fd, GIOCondition condition, gpointer data)
{
	struct epoll_event events[EVENTS_MAX];
	NetEpoll *epoll = data;
	int count = epoll_wait(fd, events, EVENTS_MAX, 0);

	(void)condition;
	for (int i = 0; i < count; i++) {
		NetWatch *watch = events[i].data.ptr;

		if (watch->events) /* else an earlier event of this round ended it */
			watch->ready(watch, events[i].events);
	}
	g_ptr_array_set_size(epoll->garbage, 0);
	return G_SOURCE_CONTINUE;
}

void net_epoll_start(NetEpoll *epoll, NetLoop *loop)
{
	net_loop_watch(loop, epoll->fd, on_events, epoll);
}

void net_epoll_watch(NetEpoll *epoll, NetWatch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};
	int operation = !events ? EPOLL_CTL_DEL : !watch->events ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

	if (events == watch->events)
		return;
	if (epoll_ctl(epoll->fd, operation, watch->fd, &event) < 0)
		log_debug("net: watch descriptor %d: %s", watch->fd, g_strerror(errno));
	watch->events = events;
}

void net_epoll_close(NetEpoll *epoll, NetWatch *watch)
{
	(void)epoll; /* the kernel forgets a descriptor that is closed; each has one copy here */
	watch->events = 0;
	fd_close(&watch->fd);
}

void net_epoll_free_later(NetEpoll *epoll, gpointer owner)
{
	g_ptr_array_add(epoll->garbage, owner);
}
