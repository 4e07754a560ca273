/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The container's own names: hostname, /etc/hostname, /etc/hosts, /etc/resolv.conf. */
#pragma once

#include "model/container.h"

/* Is name a hostname: at most 64 bytes of letters, digits, '-' and '.', as RFC 1123 has it? */
bool names_check_hostname(const char *name, GError **error);

/*
 * Is text NAME:ADDRESS or NAME=ADDRESS (of --add-host)?  The address is IPv4, IPv6 or
 * "host-gateway", which stands for the gateway's.  ret_name and ret_address (either may be NULL)
 * are the caller's to free.
 */
bool names_check_host(const char *text, char **ret_name, char **ret_address, GError **error);

/* After net_plan(): the texts of plan->names. */
bool names_plan(const Spec *spec, Plan *plan, GError **error);

/*
 * init, before the pivot: set the hostname and lay the files over the image's, which stay as they
 * are.  The files lie on a tmpfs of their own, so root inside may edit them.
 */
bool names_child(Container *container, GError **error);

/* init of an OCI container: hostname and domainname alone, where they are given. */
bool names_child_oci(Container *container, GError **error);

void names_explain(const Plan *plan, GString *script);
