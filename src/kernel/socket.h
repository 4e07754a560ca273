/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SOCK_SEQPACKET sockets that have a name in a directory of ours: unix(7).
 *
 * They are reached by a descriptor of the directory, whose path may be longer than sun_path.
 */
#pragma once

/* Bind and listen; not blocking with flags SOCK_NONBLOCK. Descriptor, or -1 with errno. */
int socket_listen(int dir, const char *name, int flags);

/* Descriptor, or -1 with errno: ECONNREFUSED where nobody listens any more. */
int socket_connect(int dir, const char *name);

/* A stream socket of another program's, by its whole path. Descriptor, or -1 with errno. */
int socket_connect_stream(const char *path);
