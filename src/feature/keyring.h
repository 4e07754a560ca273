/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The payload's session keyring: session-keyring(7). */
#pragma once

#include <glib.h>
#include <stdbool.h>

/*
 * The process that becomes the payload, or its PID 1: have a new session keyring, with none of the
 * caller's keys.  A kernel without keys, and a filter that forbids them, are no error.
 */
bool keyring_join_new(GError **error);
