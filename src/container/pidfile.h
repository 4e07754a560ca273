/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --pidfile: the pid of a container's PID 1, for who watches processes by such files. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "model/container.h"

/* supervisor: the step that writes it, in each life anew, whole or not at all. */
bool pidfile_parent(Container *container, GError **error);

/* supervisor: when the life is over. Idempotent. */
void pidfile_cleanup(Container *container);
