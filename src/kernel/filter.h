/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Filter: what a process may ask of the kernel from now on, seccomp(2).
 *
 * Filters are generated when rlc is built, from the tables in helpers/filters/, so nothing is
 * compiled on the way to a container.  What depends on capabilities is open in the code: it returns
 * FILTER_IF, and is decided when the filter is loaded.
 */
#pragma once

#include <glib.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
	const struct sock_filter *code;
	size_t count;
	const uint64_t *conditions; /* each a mask of capabilities; 0 at the end */
} Filter;

/* Allowed for who has one of the capabilities of conditions[n]; for others EPERM, or ENOSYS. */
#define FILTER_IF(n)		  (SECCOMP_RET_ERRNO | (0x800U + (n)))
#define FILTER_IF_ELSE_UNKNOWN(n) (SECCOMP_RET_ERRNO | (0xc00U + (n)))

/* Stands beside the capabilities: user namespaces may be made. */
#define FILTER_NESTED (UINT64_C(1) << 63)

extern const Filter filter_payload; /* the default of a container's processes */
extern const Filter filter_net;	    /* the net process */
extern const Filter filter_unpack;  /* rlc-image, while it unpacks */
extern const Filter filter_reaper;  /* PID 1 of a container */
extern const Filter filter_compile; /* rlc-seccomp, while it reads a profile */

/* The code with what is open decided by capabilities: count instructions, g_free() them. */
struct sock_filter *filter_decide(const Filter *filter, uint64_t capabilities);

/*
 * Load into the calling process, which has no_new_privs or CAP_SYS_ADMIN in its user namespace.
 * flags: SECCOMP_FILTER_FLAG_*.  ret_listener (may be NULL): the descriptor that
 * SECCOMP_FILTER_FLAG_NEW_LISTENER makes; -1 without that flag.
 */
bool filter_load(const struct sock_filter *code, size_t count, unsigned flags, int *ret_listener,
		 GError **error);

/*
 * For a process of ours that parses what is hostile: no new privileges, no look into its memory,
 * and the filter from here on.
 */
bool filter_seal(const Filter *filter, GError **error);
