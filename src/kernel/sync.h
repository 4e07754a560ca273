/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sync: the talk between supervisor and init while a container is made.
 *
 *     supervisor                                   init
 *        │  clone3 ───────────────────────────────► │
 *        │ ◄───────── SYNC_NAMESPACE + each of its own ─ │  (in another's pid namespace only)
 *        │ ── SYNC_MAPPED ────────────────────────► │  the id map is written; become root in it
 *        │ ── SYNC_NAMESPACE + its mounts ────────► │  (to be in at the end, where OCI asks for
 * none) │ ── SYNC_ROOT + mount of the rootfs ────► │  (where it is shifted into the id map only) │
 * ── SYNC_SHM + /dev/shm of another ─────► │  (with another's IPC namespace only) │ ── SYNC_VOLUME
 * + its mount ────────────► │  (for each volume that is shifted) │ │  private mounts, rootfs, lo,
 * tap … │ ◄─────────────────── SYNC_TAP + tap fd ─ │  (network slirp only) │ ◄────────── SYNC_DIAG
 * + sock_diag socket ─ │  (network slirp that publishes on IPv6) │ ◄──── SYNC_LANE + a socket, each
 * ──────── │  (network slirp with the express lane only) │ ◄──────── SYNC_NETLINK + rtnetlink
 * socket ─ │  (network bridge only) │ ◄────────────── SYNC_HOSTS + /etc/hosts ─ │  (network bridge
 * only) │  starts the net process                  │  /proc, /dev, volumes, pivot_root … │ ──
 * SYNC_NET_UP ────────────────────────► │  (network slirp only) │ ◄──────────── SYNC_CONSOLE + pty
 * master ─ │  (with a terminal only) │ ◄─── SYNC_READY + overlay's upper directory ─ │  all but
 * exec is done │ ── SYNC_START ─────────────────────────► │ │ ◄────────────────────────── end of
 * file ─ │  exec closed the last copy of the socket
 *
 * In place of any message init may send SYNC_ERROR, which carries its step's GError: domain, code
 * and text.  Before any message it may send SYNC_FUSE with a socket, on which it waits for what it
 * asks for; the supervisor sees to that and goes on waiting (feature/fuse_overlay.h).  End of file
 * means success after SYNC_START only; before it, init died.
 *
 * One SOCK_SEQPACKET socket pair: a message arrives whole or not at all.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
	SYNC_MAPPED = 1,
	SYNC_ROOT,
	SYNC_FUSE,
	SYNC_SHM,
	SYNC_VOLUME,
	SYNC_NAMESPACE,
	SYNC_TAP,
	SYNC_DIAG,
	SYNC_LANE,
	SYNC_NETLINK,
	SYNC_HOSTS,
	SYNC_SECCOMP, /* OCI: who is asked about system calls, or none; answered by START */
	SYNC_WATCH,   /* OCI, to the net process: a pidfd of init, whose end is its own */
	SYNC_NET_UP,
	SYNC_CONSOLE,
	SYNC_READY,
	SYNC_START,
	SYNC_HOOKS,    /* OCI: init's namespaces are there; and back: the hooks were run */
	SYNC_CREATED,  /* OCI: init waits at its gate, feature/gate.h */
	SYNC_CHILD,    /* of the process between of namespace_clone_in(), with the child's pidfd */
	SYNC_MESSAGES, /* of a supervisor on its own to its launcher: the file of its messages */
	SYNC_ERROR,
} SyncMessage;

/* One process's end. */
typedef struct {
	int fd;
	bool peer_failed; /* a SYNC_ERROR came: the error is the peer's and names its step already
			   */

	/* SYNC_FUSE came, whose descriptor is given away. NULL: it is not expected */
	void (*asked)(void *data, int fd);
	void *asked_data;
} Sync;

/* Make the pair; both ends close on exec. */
bool sync_pair(Sync *ret_supervisor, Sync *ret_init, GError **error);

/* Close this end; idempotent. */
void sync_close(Sync *sync);

/* Send a message, with a descriptor (kept by the caller) or -1. */
bool sync_send(Sync *sync, SyncMessage message, int fd, GError **error);

/*
 * Send text, and with its first byte a descriptor (kept by the caller), over a stream socket to a
 * program that is not rlc. errno is set on failure.
 */
bool sync_send_text(int socket, const char *text, int fd);

/*
 * Wait for exactly this message. ret_fd (may be NULL) takes the descriptor that came with it, which
 * is then the caller's.  A SYNC_ERROR in its place becomes *error as it was sent; an end of file or
 * another message is an error of its own.
 */
bool sync_expect(Sync *sync, SyncMessage message, int *ret_fd, GError **error);

/* The same where a descriptor may come or not; *ret_fd is -1 then. */
bool sync_expect_any(Sync *sync, SyncMessage message, int *ret_fd, GError **error);

/*
 * supervisor, after a failure of its own: did init send an error that nobody has read yet?  Then
 * that is what went wrong first, and replaces *error (error may be NULL).  Does not wait.
 */
bool sync_last_words(Sync *sync, GError **error);

/* init: send an error to the supervisor. Best effort: there is nobody else to tell. */
void sync_send_error(Sync *sync, const GError *reported);

/* supervisor, after SYNC_START: wait until exec closed the socket; false if init sent an error. */
bool sync_expect_exec(Sync *sync, GError **error);
