/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host sees of a container, and what it offers to one. Texts are the caller's to free. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* A file or a link below /proc/PID, without the newline at its end; "" if it cannot be read. */
char *host_proc_read(pid_t pid, const char *name);
char *host_proc_link(pid_t pid, const char *name);

/* The value of a line "KEY:\tVALUE" of /proc/PID/status; "" if there is none. */
char *host_proc_status(pid_t pid, const char *key);

/* The process that is a descendant of ancestor and numbered inner in its own pid namespace; 0:
 * none. */
pid_t host_find_process(pid_t ancestor, pid_t inner);

/* A file of the cgroup (version 2) that the process is in. "" if there is none. */
char *host_cgroup_read(pid_t pid, const char *file);

/* All entries of a directory, sorted, with blanks between; "" if it cannot be read. */
char *host_list(const char *path);

/* The address by which this host reaches the world, else any but the loopback's. NULL: none. */
char *host_address(void);

/* The host's default gateway. NULL: none. */
char *host_gateway(void);

/* Does this IPv4 address answer a ping of the host's own? Waits up to two seconds. */
bool host_ping(const char *address);

/*
 * A socket of the host's at address (IPv4), on a port of the kernel's choice: listening if it is
 * SOCK_STREAM.  -1 where the address is none of this host's.
 */
int host_socket(const char *address, int type, guint16 *ret_port);

/* A listening socket of the abstract name, unix(7); or -1. */
int host_socket_abstract(const char *name);

/* What the first who connects sends until it ends, after it was sent answer. NULL: nobody came. */
char *host_serve_tcp(int listener, const char *answer, int milliseconds);

/* Answer DNS questions that come in with this address; true when one was for name. */
bool host_serve_dns(int fd, const char *name, const char *address, int milliseconds);

/* What a TCP server of the host's port sends to who connects to its loopback; NULL: refused. */
char *host_ask_tcp(guint16 port, const char *question);

/* Has somebody connected to the listening socket? */
bool host_was_asked(int listener);
