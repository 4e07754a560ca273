/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capabilities of this process as the kernel has them: capabilities(7), capget(2).  Without libcap,
 * which every start would load.  Sets are masks: bit CAP_X for each.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct {
	uint64_t effective, permitted, inheritable;
} Capabilities;

/* The sets of this process. false with errno. */
bool capability_get(Capabilities *ret_sets);
bool capability_set(const Capabilities *sets);

/* Take all but these from the bounding set. True also if they were not there; false with errno. */
bool capability_keep_bound(uint64_t mask);

/* Raise an ambient one, which is permitted and inheritable. False with errno. */
bool capability_raise_ambient(int capability);

/* The name without CAP_, in small letters; NULL: neither we nor the kernel know more than that. */
const char *capability_name(int capability);

/* The number of a name without CAP_, in any case; -1: none. */
int capability_find(const char *name);
