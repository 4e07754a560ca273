/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config.json of an OCI bundle, as a Spec: config.md of the runtime specification 1.3.
 *
 * One file per section: config_process.c, config_mounts.c (root and mounts), config_linux.c,
 * config_resources.c, config_hooks.c, config_annotations.c.  Fields that are not known are passed
 * over; those that are must be well formed, or the error says line and column.
 */
#pragma once

#include "model/spec.h"
#include "oci/field.h"

/* A Spec of the whole document; NULL with *error. Caller frees. */
Spec *config_read(const FieldDocument *document, GError **error);

/* The sections, called by config_read(). */
bool config_process(const FieldAt *at, void *spec, GError **error);
bool config_root(const FieldAt *at, void *spec, GError **error);
bool config_mount(const FieldAt *at, void *spec, GError **error);
bool config_hooks(const FieldAt *at, void *spec, GError **error);
bool config_linux(const FieldAt *at, void *spec, GError **error);
bool config_annotation(const FieldAt *at, void *spec, GError **error);

/* linux.resources, into a SpecResources */
bool config_resources(const FieldAt *at, void *resources, GError **error);

/* An element of uidMappings or gidMappings, appended to the GArray of SpecIdMap at *target. */
bool config_id_map(const FieldAt *at, void *target, GError **error);
