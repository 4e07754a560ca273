/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control: how other rlc processes talk to the supervisor of a container that runs.
 *
 *     command                                       supervisor
 *        │ connect ROOT/containers/ID/control ────► │  checks SO_PEERCRED: the same user, or root
 *        │ ── ControlPacket: verb, number ────────► │
 *        │ ◄────── ControlPacket: CONTROL_OK + fds ─ │  or CONTROL_FAILED: errno and text
 *        │ ◄────────── ControlPacket: CONTROL_ENDED ─ │  CONTROL_WAIT only: at the container's end
 *
 * One SOCK_SEQPACKET socket with a path, in a directory of mode 0700: a packet arrives whole or not
 * at all, and no other user, nor anything in a network namespace, can reach it.  A connection may
 * carry several requests; each has exactly one answer.  The supervisor never waits for a client:
 * one that does not read for long is dropped.  End of file without CONTROL_ENDED means that the
 * supervisor died.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/container.h"

#define CONTROL_SOCKET	 "control"
#define CONTROL_TEXT_MAX 512
#define CONTROL_FDS	 10

typedef enum {
	/* requests */
	CONTROL_SIGNAL = 1, /* send signal `number` to the payload (by way of init) */
	CONTROL_STOP,	    /* the same, and whatever the restart policy: this is meant to end it */
	CONTROL_JOIN,	    /* OK carries the descriptors of ControlJoin */
	CONTROL_ATTACH,	    /* OK, then CONTROL_OUTPUT as it comes, and CONTROL_ENDED */
	CONTROL_INPUT,	/* after ATTACH, without answer: bytes for standard input; none: its end */
	CONTROL_RESIZE, /* the terminal: `number` is rows << 16 | columns */
	CONTROL_WAIT,	/* OK now, CONTROL_ENDED with the exit code as `number` at the end */
	/* answers */
	CONTROL_OK,
	CONTROL_FAILED, /* `number` is an errno or 0; text says what went wrong */
	CONTROL_ENDED,
	CONTROL_OUTPUT, /* bytes of stream `number`: 1 or 2 */
} ControlVerb;

typedef struct {
	uint32_t verb;
	int32_t number;
	char text[CONTROL_TEXT_MAX]; /* NUL-terminated */
} ControlPacket;

/* INPUT and OUTPUT: as long as it has bytes */
#define CONTROL_BYTES_MAX 16384
typedef struct {
	uint32_t verb;
	int32_t number;
	char bytes[CONTROL_BYTES_MAX];
} ControlBytes;

/*
 * CONTROL_JOIN: what it takes to enter the container.  `number` of the answer is a bit set of the
 * entries below that are there (bit 1 << CONTROL_PIDFD, …); their descriptors come in this order.
 * A namespace that the container shares with the supervisor's host has no descriptor.
 */
typedef enum {
	CONTROL_PIDFD, /* of init; always there */
	CONTROL_USER,
	CONTROL_MNT,
	CONTROL_PID,
	CONTROL_NET,
	CONTROL_UTS,
	CONTROL_IPC,
	CONTROL_CGROUP,
	CONTROL_TIME,
	CONTROL_NAMESPACES_END,
	CONTROL_UPPER = CONTROL_NAMESPACES_END, /* directory that the root's overlay writes to */
	CONTROL_JOIN_COUNT,
} ControlJoin;

/* supervisor: the step that makes container->control, the socket that listens. */
bool control_parent(Container *container, GError **error);

/*
 * Connect to the supervisor of the container. The descriptor, or -1: RLC_ERROR_STATE where it does
 * not run.
 */
int control_connect(const char *state_root, const char *id, GError **error);

/*
 * Send a request and wait for its answer. fds (of CONTROL_FDS elements) takes the descriptors that
 * come with it, which are then the caller's, and *ret_count how many; both may be NULL. False with
 * the supervisor's error for CONTROL_FAILED.  *ret_number (may be NULL) is the answer's number.
 */
bool control_call(int socket, ControlVerb verb, int32_t number, int32_t *ret_number, int *fds,
		  unsigned *ret_count, GError **error);

/* The two halves of control_call(). */
bool control_ask(int socket, ControlVerb verb, int32_t number, GError **error);
bool control_answer(int socket, int32_t *ret_number, int *fds, unsigned *ret_count, GError **error);

/*
 * Wait for CONTROL_ENDED after CONTROL_WAIT. timeout_ms as in poll(2). 1 and the container's exit
 * code; 0 when the time is over; -1 if the supervisor died without a word.
 */
int control_wait(int socket, int timeout_ms, int *ret_exit_code);

/* Send a packet that has no answer, with descriptors or none. errno on failure. */
bool control_send(int socket, const ControlPacket *packet, const int *fds, unsigned count,
		  int flags);

/*
 * CONTROL_JOIN: fds (of CONTROL_JOIN_COUNT elements, by ControlJoin) are the caller's to close; -1
 * where there is none.
 */
bool control_join(const char *state_root, const char *id, int *fds, GError **error);
