/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cgroup of a container that an OCI front end made, of either version, for its later verbs: by
 * the record in the container's directory (feature/cgroup.h).
 */
#pragma once

#include "feature/cgroup.h"

typedef struct {
	CgroupRecord record;
	int directory;	 /* version 2; -1: of version 1, or none */
	GPtrArray *left; /* cgroup_handle_enter(): where this process was, of version 1; or NULL */
} CgroupHandle;

#define CGROUP_HANDLE_NONE                                                                         \
	(CgroupHandle)                                                                             \
	{                                                                                          \
		.directory = -1                                                                    \
	}

/*
 * true without one, too: cgroup_handle_exists() tells. It may have been and be gone, for systemd
 * takes a scope away with its last process. false: it cannot be opened.
 */
bool cgroup_handle_open(int dir, CgroupHandle *ret_handle, GError **error);
bool cgroup_handle_exists(const CgroupHandle *handle);

/* RLC_ERROR_STATE where there is none, with the reason; what is wanted of it stands in front. */
bool cgroup_handle_demand(const CgroupHandle *handle, const char *what, GError **error);
void cgroup_handle_clear(CgroupHandle *handle);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CgroupHandle, cgroup_handle_clear)

/*
 * Let a child be born in it, or in the one called below ("a/b") within: version 2 by
 * CLONE_INTO_CGROUP (ret_cgroup, the caller's), version 1 by being there ourselves until
 * cgroup_handle_leave().
 */
bool cgroup_handle_enter(CgroupHandle *handle, const char *below, int *ret_cgroup, GError **error);
void cgroup_handle_leave(CgroupHandle *handle);

/* Hold it to what is asked for in resources; what is not asked for stays. Not of devices. */
bool cgroup_handle_limit(const CgroupHandle *handle, const SpecResources *resources,
			 GError **error);

bool cgroup_handle_is_frozen(const CgroupHandle *handle);
bool cgroup_handle_freeze(const CgroupHandle *handle, bool freeze, GError **error);

/* The processes in it and below, of pid_t. Caller frees. */
GArray *cgroup_handle_pids(const CgroupHandle *handle);

/* A file of it; of version 1 the first word names the hierarchy. NULL: none. Caller frees. */
char *cgroup_handle_read(const CgroupHandle *handle, const char *file);
