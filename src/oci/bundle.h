/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bundle: what the front end keeps of a container beside what created.h does.
 *
 *     ROOT/ID/state.json   the state without what changes: "ociVersion", "id", "bundle", "rootfs",
 *                          "created", "annotations", as the runtime specification has it
 *     ROOT/ID/config.json  the bundle's, as it was read
 *
 * delete, exec and the hooks of later verbs go by these alone: the bundle may have changed.
 */
#pragma once

#include <jansson.h>

#include "container/created.h"
#include "model/spec.h"
#include "oci/field.h"

#define BUNDLE_CONFIG "config.json"

/* Write both into a container's directory. */
bool bundle_save(const Created *created, const char *id, const char *bundle, const Spec *spec,
		 const FieldDocument *document, GError **error);

/* The state.json of a container. json_decref() it. NULL with *error. */
json_t *bundle_state(const Created *created, GError **error);

/* The Spec of a container's config.json. Caller frees. */
Spec *bundle_spec(const Created *created, GError **error);

/* The state as the specification has it: state.json, with pid (0: none) and status. Caller frees.
 */
char *bundle_describe(const json_t *state, pid_t pid, const char *status);

/* Has its cgroup been told to freeze? */
bool bundle_is_paused(const Created *created);

/* "creating", "created", "running", "paused" or "stopped" */
const char *bundle_status(const Created *created);
