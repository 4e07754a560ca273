/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capabilities of the payload and of the reaper: capabilities(7). */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/spec.h"

/*
 * Parse a capability's name, with or without CAP_, in any case, or ALL, as bits of a mask.
 * false for any other word.
 */
bool caps_parse(const char *name, uint64_t *ret_mask);

/* Payload, while it has CAP_SETPCAP: take from the bounding set what caps does not have. */
bool caps_drop_bounding(const SpecCapabilities *caps, GError **error);

/*
 * Payload, after its ids are set with PR_SET_KEEPCAPS: the final sets. uid 0 has the permitted and
 * effective sets of caps, anybody else the ambient one alone.  Nothing is inheritable but what is
 * ambient.  With caps->exact all five sets are as caps has them.  Capabilities that the kernel does
 * not know, or this process does not have, are left out.
 */
bool caps_set(const SpecCapabilities *caps, uint32_t uid, GError **error);

/* Reaper: keep nothing but CAP_KILL, for payloads that run as somebody else. */
bool caps_keep_kill(GError **error);

/* Make all that is permitted effective again, after a change of the file system ids took some. */
bool caps_raise_permitted(GError **error);
