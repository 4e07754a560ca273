/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Profile: a filter of system calls in JSON, in either form: linux.seccomp of the OCI's
 * config-linux.md, or docker's, which has archMap, and rules that hold by capability, processor or
 * kernel.
 */
#pragma once

#include <glib.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>

/* What rules may depend on. */
typedef struct {
	uint64_t capabilities;
	const char *processor; /* docker's name: "amd64", … */
	unsigned kernel[2];    /* version and patch level */
} ProfileHost;

typedef struct {
	scmp_filter_ctx filter;	 /* seccomp_release() it */
	unsigned flags;		 /* SECCOMP_FILTER_FLAG_* */
	uint32_t default_action; /* SCMP_ACT_* */
	GArray *newest;		 /* of ProfileNewest */
} Profile;

/* The highest number of a system call that the profile names, by ABI. */
typedef struct {
	uint32_t abi; /* SCMP_ARCH_* */
	int number;
} ProfileNewest;

/* RLC_ERROR_USAGE names the place of what is wrong: line and column, or the member. */
bool profile_parse(const char *text, const ProfileHost *host, Profile *ret_profile, GError **error);
void profile_clear(Profile *profile);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Profile, profile_clear)
