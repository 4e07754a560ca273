/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said to the caller of an OCI runtime: lines as logrus writes them, for callers parse
 * them.
 *
 *     time="2026-01-02T03:04:05Z" level=error msg="…"                 --log-format text
 *     {"level":"error","msg":"…","time":"2026-01-02T03:04:05Z"}       --log-format json
 *
 * They go to --log, or else to standard error; an error goes to both.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* path: NULL is standard error. */
bool report_open(const char *path, const char *format, bool debug, GError **error);

/* Say the error. Returns 1, the exit code that stands for it. */
int report_error(const GError *error);
