/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hooks: programs that the caller wants run at points of a container's life (config.md, "POSIX-
 * platform Hooks").  Each gets the container's state as JSON on standard input.
 */
#pragma once

#include "model/container.h"

/*
 * Run all hooks of a kind, one after the other, state (JSON) on their standard input.  Fails with
 * the first that fails, or whose time is over: that one is killed.
 */
bool hooks_run(const Spec *spec, SpecHookKind kind, const char *state, GError **error);

/* What went wrong with these is said, and the rest are run all the same: poststart, poststop. */
void hooks_run_all(const Spec *spec, SpecHookKind kind, const char *state);

/*
 * The two ends of a step: init says that its namespaces are there and waits; the runtime runs
 * prestart and createRuntime.  Then init runs createContainer.  Nothing is said where there are no
 * such hooks.
 */
bool hooks_parent(Container *container, GError **error);
bool hooks_child(Container *container, GError **error);
