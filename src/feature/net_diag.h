/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who listens inside: sock_diag(7), asked on a socket that was opened in the container's network.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* init: a socket to ask the calling process's network namespace. -1 with *error set. */
int net_diag_open(GError **error);

/*
 * Does a TCP socket of this family (AF_INET6: one that serves IPv4 as well counts) listen on port,
 * on another address than the loopback's?  unknown when the kernel does not say.
 */
bool net_diag_listens(int diag, int family, uint16_t port, bool unknown);
