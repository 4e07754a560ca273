/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --explain: the plan as a shell script whose comments name the system calls. Runs nothing. */
#pragma once

#include "model/spec.h"

/* The script for this spec. Caller frees. NULL with *error set if the spec must be refused. */
char *container_explain(const Spec *spec, const char *state_root, GError **error);
