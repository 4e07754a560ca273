/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stragglers: processes of a container whose PID 1 is not its own (--pid host, container:NAME).
 *
 * With a pid namespace of its own the kernel ends all processes with the first.  Without one they
 * would go on as children of somebody else.  What tells them from the others is the container's
 * mount namespace, which nobody else is in: its supervisor holds it open, so that no other can come
 * to have the same number.
 */
#pragma once

#include "model/container.h"

/* supervisor, when init is dead and before join_cleanup(): kill what is left, until nothing is. */
void stragglers_end(const Container *container);
