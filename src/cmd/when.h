/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times as --since and --until take them. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define WHEN_HELP "A TIME is 2026-01-31T12:00:00Z, seconds since 1970, or how long ago: 10m, 1h30m."

/* Microseconds since 1970; *ret_when is left alone if text is NULL. RLC_ERROR_USAGE. */
bool when_parse(const char *option, const char *text, int64_t *ret_when, GError **error);
