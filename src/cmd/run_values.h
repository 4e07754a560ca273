/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The values of `rlc run`'s flags that have a syntax of their own.  Each function adds what value
 * says to the spec, or names the part of it that is wrong; the caller puts the flag in front.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "model/spec.h"

/* -v: SOURCE:DESTINATION[:OPTION,…] */
bool run_value_volume(Spec *spec, const char *value, GError **error);

/* --mount: type=bind|tmpfs,source=…,destination=…,… */
bool run_value_mount(Spec *spec, const char *value, GError **error);

/* --tmpfs: DESTINATION[:OPTION,…] */
bool run_value_tmpfs(Spec *spec, const char *value, GError **error);

/* --shm-size: SIZE of the tmpfs on /dev/shm */
bool run_value_shm_size(Spec *spec, const char *value, GError **error);

/* --network: slirp[:OPTION=VALUE,…], bridge[:NAME], none, host, container:NAME or ns:PATH */
bool run_value_network(Spec *spec, const char *value, GError **error);

/* --mac-address: a MAC that one host can have */
bool run_value_mac(const char *value, GError **error);

/* --userns: auto[:size=COUNT], host, keep-id or map=CONTAINER:HOST:COUNT[,…] */
bool run_value_userns(Spec *spec, const char *value, GError **error);

/* --uidmap, --gidmap: CONTAINER:HOST:COUNT[,…], appended to map (of SpecIdMap) */
bool run_value_idmap(GArray *map, const char *value, GError **error);

/* --ulimit: NAME=SOFT[:HARD] */
bool run_value_ulimit(Spec *spec, const char *value, GError **error);

/*
 * -e: NAME=VALUE as it is; NAME alone takes the host's value, or is left out where the host has
 * none.  Appended to env.
 */
bool run_value_env(GPtrArray *env, const char *value, GError **error);

/* --stop-signal, kill --signal: a name with or without SIG, or a number */
bool run_value_signal(const char *value, int *ret_signal, GError **error);

/* --log-opt: max-size=SIZE or max-file=COUNT */
bool run_value_log(Spec *spec, const char *value, GError **error);

/* --name, rename: a name that a container can have */
bool run_value_name(const char *value, GError **error);

/* --restart: no, on-failure[:COUNT], always, unless-stopped */
bool run_value_restart(Spec *spec, const char *value, GError **error);
