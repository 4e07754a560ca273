/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device nodes and links that every OCI container has (config-linux.md, "Default Devices"), and
 * those of linux.devices[].
 */
#pragma once

#include "model/container.h"

/*
 * init, after the mounts: make them in the root.  Where nodes may not be made, in a user namespace,
 * the host's are bound.  A /dev that is bound from the host is left as it is.
 */
bool nodes_child(Container *container, GError **error);
