/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two connected TCP sockets made one connection: what comes in at one goes out at the other,
 * without a copy, by splice(2) through a pipe.  Ends, resets and urgent bytes are passed on; a slow
 * reader slows the writer.
 */
#pragma once

#include "feature/net_epoll.h"

typedef struct NetSplice NetSplice;

/*
 * With the process's limit of open files as it is to be, of which so many are kept for others.
 * epoll is borrowed.
 */
NetSplice *net_splice_new(NetEpoll *epoll, guint others);

/* Set the options that a socket of the host's is to have here: before it connects, if it does. */
void net_splice_prepare(int fd);

/* Takes both sockets over. They are non-blocking, and SO_OOBINLINE. */
void net_splice_add(NetSplice *splice, int one, int other);

/* Pairs that are not at their end */
guint net_splice_count(const NetSplice *splice);

/* How many pairs may be added: the limit of open files allows no more. */
guint net_splice_room(const NetSplice *splice);

/* Close a connection so that the peer sees a reset. */
void net_splice_reset(int fd);
