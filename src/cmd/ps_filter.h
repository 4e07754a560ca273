/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which containers `rlc ps` lists, and in which order: --filter and --sort. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "container/state.h"

#define PS_FILTERS                                                                                 \
	"id=PREFIX, name=PART or ^NAME$, status=STATE, exited=CODE, "                              \
	"health=STATE,\nancestor=IMAGE, "                                                          \
	"label=NAME[=VALUE]"
#define PS_SORTS "created (newest first), id, image, names, status or command"

typedef struct {
	const StateEntry *entry; /* the caller's */
	Spec *spec;
} PsContainer;

/* NULL if there is no such container any more. The entry must outlive it. */
PsContainer *ps_container_new(const char *root, const StateEntry *entry);
void ps_container_free(PsContainer *container);

/* As filter_check() and filter_match(). texts may be NULL. */
bool ps_filter_check(char *const *texts, GError **error);
bool ps_filter_match(char *const *texts, const PsContainer *container);

/* key NULL: leave the order. */
bool ps_sort_check(const char *key, GError **error);
void ps_sort(GPtrArray *containers, const char *key);
