/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The limits of a cgroup: a Spec's resources as what is written into the files of version 2.
 *
 * A limit is a string "FILE=VALUE", the same that `unified` of the OCI runtime specification has.
 * "FILE?=VALUE" is left out where the kernel has no such file.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "model/spec.h"

/*
 * What to write, in order. Devices that are named by a path are looked up.  Caller frees; NULL with
 * *error if a value cannot be right.
 */
GPtrArray *cgroup_limits_lines(const SpecResources *resources, GError **error);

/* Append a line, "FILE=VALUE", to such a list; of either version of cgroups. */
void cgroup_limits_add(GPtrArray *lines, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The controllers (kernel/cgroup.h) that it takes. */
unsigned cgroup_limits_controllers(const GPtrArray *lines);

/* supervisor: write them into an open cgroup. */
bool cgroup_limits_write(int cgroup, const GPtrArray *lines, GError **error);

/* The same by the shell's means, for --explain; directory is a word of the shell. */
void cgroup_limits_explain(const GPtrArray *lines, const char *directory, GString *script);

/*
 * cpu.weight (1 to 10000, others have 100) for shares of version 1 (2 to 262144, others have 1024):
 * the curve through the ends and the two defaults that runtimes have agreed on.
 */
unsigned cgroup_limits_cpu_weight(uint64_t shares);

/* io.weight (1 to 10000) for a weight of version 1 (10 to 1000), as runtimes convert it. */
unsigned cgroup_limits_io_weight(uint64_t weight);

/* 67108864 is "64m", in the largest unit without a rest. Caller frees. */
char *cgroup_limits_size_text(uint64_t bytes);
