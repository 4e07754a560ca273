/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libslirp, loaded by the net process: every other start of rlc is spared it.  Types and constants
 * are those of its header; its functions are called through this table.
 */
#pragma once

#include <glib.h>
#include <slirp/libslirp.h>
#include <stdbool.h>

typedef struct {
	__typeof__(slirp_new) *new;
	__typeof__(slirp_input) *input;
	__typeof__(slirp_pollfds_fill) *pollfds_fill;
	__typeof__(slirp_pollfds_poll) *pollfds_poll;
	__typeof__(slirp_add_hostxfwd) *add_hostxfwd;
	__typeof__(slirp_add_unix) *add_unix;
} NetLibslirp;

/* All NULL before net_libslirp_load(). */
extern NetLibslirp net_libslirp;

/*
 * The net process, while it sees the host's files.  The library stays loaded as long as the process
 * lives.  RLC_ERROR_UNSUPPORTED when it is missing, or lacks one of the functions.
 */
bool net_libslirp_load(GError **error);
