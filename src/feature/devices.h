/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that were asked for beside those that every /dev has: --device, linux.devices[].
 *
 * What the host has a node of is bound from there, which any user may do with what he may open.  A
 * node that the host lacks is made, which takes root without a user namespace; a FIFO anyone makes.
 */
#pragma once

#include "model/container.h"

/* Fill plan->devices; a directory of the host's stands for all devices below it. Needs idmap. */
bool devices_plan(const Spec *spec, Plan *plan, GError **error);

/* A GArray's clear function for PlanDevice. */
void devices_clear(void *data);

/* init, when /dev is there and the host is still in sight. */
bool devices_child(Container *container, GError **error);

void devices_explain(const Plan *plan, GString *script);
