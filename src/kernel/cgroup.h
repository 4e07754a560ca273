/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Control groups, version 2: the directory of a cgroup, its files, its end.  See cgroups(7) and the
 * kernel's Documentation/admin-guide/cgroup-v2.rst.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define CGROUP_ROOT	"/sys/fs/cgroup"
#define CGROUP_FILE_MAX 65536

/* Bits of a set of controllers */
typedef enum {
	CGROUP_CPU = 1 << 0,
	CGROUP_CPUSET = 1 << 1,
	CGROUP_IO = 1 << 2,
	CGROUP_MEMORY = 1 << 3,
	CGROUP_PIDS = 1 << 4,
	CGROUP_HUGETLB = 1 << 5,
	CGROUP_RDMA = 1 << 6,
	CGROUP_MISC = 1 << 7,
} CgroupController;

/* Is version 2 what is mounted on CGROUP_ROOT, as on a host that is not hybrid? */
bool cgroup_is_mounted(void);

/* "cpu memory", each with prefix in front. Caller frees. */
char *cgroup_controllers_text(unsigned controllers, const char *prefix);

/* The controller that a file belongs to, by what stands before its first dot; 0: none. */
unsigned cgroup_controller_of(const char *file);

/*
 * The directory of the cgroup that a process (0: this one) is in, as a path below CGROUP_ROOT, as
 * far as it can be seen from here.  Caller frees; NULL with *error.
 */
char *cgroup_of(pid_t pid, GError **error);

/* Those of the set that a file like "cgroup.controllers" of the directory names. */
unsigned cgroup_read_controllers(const char *directory, const char *file);

/* Give children of this cgroup these controllers. */
bool cgroup_enable(const char *directory, unsigned controllers, GError **error);

/* Open the directory of a cgroup. -1 with *error. */
int cgroup_open(const char *directory, GError **error);

/*
 * Where a process can be started beside pid: an open cgroup that gives controllers to cgroups below
 * it can hold none itself (cgroups(7), "no internal processes" rule), so *cgroup becomes the one
 * that pid is in.
 */
bool cgroup_follow(int *cgroup, pid_t pid, GError **error);

/* Write a file of an open cgroup; the error says which and what. */
bool cgroup_write(int cgroup, const char *file, const char *value, GError **error);

/* The number behind a word in a file of lines "word number", such as memory.events; 0: none. */
uint64_t cgroup_read_key(int cgroup, const char *file, const char *key);

/* A file that is one number ("max" is UINT64_MAX); false if there is none. */
bool cgroup_read_number(int cgroup, const char *file, uint64_t *ret_number);

/* Wait until cgroup.events says this of key, or the time is over (false, errno ETIMEDOUT). */
bool cgroup_await(int cgroup, const char *key, uint64_t value, int timeout_ms);

/* Has it been told to freeze? */
bool cgroup_is_frozen(int cgroup);

/* Freeze or thaw all processes in it, and wait until it is done. */
bool cgroup_freeze(int cgroup, bool freeze, GError **error);

/*
 * Kill what is in the cgroup and below, and remove it all.  One that is not there is no error.
 * Waits a while for what dies slowly.
 */
bool cgroup_remove(const char *directory, GError **error);
