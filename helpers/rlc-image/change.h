/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Change: one instruction of a Dockerfile that changes what an image wishes for its processes. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "image/store.h"

/*
 * "CMD …", "ENTRYPOINT …", "ENV NAME=VALUE…", "EXPOSE …", "HEALTHCHECK …", "LABEL NAME=VALUE…",
 * "STOPSIGNAL …", "USER …", "VOLUME …" or "WORKDIR …" (also "NAME=VALUE" as podman has it:
 * "CMD=…").  RLC_ERROR_USAGE says what is wrong with it.
 */
bool change_apply(StoreImage *image, const char *text, GError **error);
