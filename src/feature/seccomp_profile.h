/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A profile of the user's: --security-opt seccomp=FILE, or linux.seccomp of the OCI.  rlc-seccomp
 * compiles it, which takes some 40 ms; what it said is kept below the state directory under the
 * digest of all that it depends on, and used again.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/plan.h"

#define SECCOMP_MAGIC 0x31636c72U /* "rlc1" */

/* In front of the code, in what rlc-seccomp writes. */
typedef struct {
	uint32_t magic;
	uint32_t flags; /* SECCOMP_FILTER_FLAG_* */
	uint32_t count; /* of struct sock_filter */
} SeccompHeader;

/*
 * Supervisor: the filter of a profile, for a process with these powers (a mask of capabilities).
 * ret_plan's code is the caller's to free.  RLC_ERROR_USAGE names the place in the profile.
 */
bool seccomp_profile_plan(const char *state_root, const char *profile, uint64_t powers,
			  SeccompPlan *ret_plan, GError **error);
