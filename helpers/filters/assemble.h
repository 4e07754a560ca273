/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Assemble: a table of system calls becomes a program of classic BPF, as seccomp(2) loads it. */
#pragma once

#include <glib.h>
#include <linux/filter.h>

#include "filter_table.h"

/*
 * The program for a processor, by the name that uname(1) has for it: "x86_64", "aarch64", …  A
 * GArray of struct sock_filter; NULL for a processor that is not known.
 */
GArray *assemble(const FilterTable *table, const char *processor);
