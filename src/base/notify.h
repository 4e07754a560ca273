/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a service manager wants to hear of its service: sd_notify(3)'s protocol, without its
 * library.  A service of Type=notify finds the name of a datagram socket in NOTIFY_SOCKET.
 */
#pragma once

#include <stdbool.h>

/* Does one listen? */
bool notify_wanted(void);

/*
 * Send lines such as "READY=1\nMAINPID=17", if one listens.  Whoever sends has to live until they
 * are read, or the manager cannot tell whose they are.  What cannot be sent is said in the log.
 */
void notify_send(const char *format, ...) __attribute__((format(printf, 1, 2)));
