/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of system calls, from which make(1) generates the filters of kernel/filter.h.  What is in
 * this directory runs when rlc is built, never in a container.
 *
 * A verdict is what the filter returns: SECCOMP_RET_* or FILTER_IF*(n).
 */
#pragma once

#include <errno.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/filter.h"

#define FILTER_ALLOW   SECCOMP_RET_ALLOW
#define FILTER_REFUSE  (SECCOMP_RET_ERRNO | EPERM)
#define FILTER_UNKNOWN (SECCOMP_RET_ERRNO | ENOSYS)

/* The low half of an argument is what the kernel looks at, wherever one is compared here. */
typedef struct {
	unsigned argument;
	uint32_t mask, value;
	uint32_t verdict; /* where (argument & mask) == value */
} FilterTest;

#define FILTER_TESTS_MAX 5

typedef struct {
	const char *calls;		    /* names, blanks between them */
	uint32_t verdict;		    /* where no test has another */
	FilterTest tests[FILTER_TESTS_MAX]; /* up to the first without a mask; in order */
} FilterRule;

typedef struct {
	const char *name;
	const FilterRule *rules;
	size_t count;
	uint32_t otherwise; /* a system call that no rule names */
	bool all_abis;	    /* also the 32-bit calls of the processor */
	const uint64_t
		*conditions; /* of FILTER_IF*(n), see kernel/filter.h; 0 at the end; or NULL */
} FilterTable;

extern const FilterTable table_payload, table_net, table_unpack, table_reaper, table_compile;
