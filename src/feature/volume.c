/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/volume.h"

bool volume_plan(const Spec *spec, Plan *plan, GError **error)
{
	(void)spec;
	(void)plan;
	(void)error;
	return true;
}

bool volume_child(Container *container, GError **error)
{
	(void)container;
	(void)error;
	return true;
}

