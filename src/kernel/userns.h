/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The user namespace that this process is in: user_namespaces(7). */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Is it the host's?  podman's, of an ordinary user, is not, though he is root in it. */
bool userns_is_host(void);

/* What this process's effective user is called in the namespace above; of the host's: himself. */
uid_t userns_outer_uid(void);
