/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A fresh /dev: the harmless devices, pts, shm, mqueue and the customary links; see pts(4). */
#pragma once

#include "model/container.h"

/*
 * init: mount /dev. An ordinary user may not make device nodes, so they are bound from the host
 * after a look at their numbers; root does the same, so that there is one way.  With a terminal, an
 * empty /dev/console waits for tty_child().
 */
bool dev_child(Container *container, GError **error);

void dev_explain(const Plan *plan, GString *script);
