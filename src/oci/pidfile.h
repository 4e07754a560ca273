/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* --pid-file: whole or not at all, for who waits for it reads it at once. path NULL: none. */
bool pidfile_write(const char *path, pid_t pid, GError **error);
