/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/idmap.h"

bool idmap_plan(const Spec *spec, Plan *plan, GError **error)
{
	(void)spec;
	(void)plan;
	(void)error;
	return true;
}

bool idmap_parent(Container *container, GError **error)
{
	(void)container;
	(void)error;
	return true;
}

bool idmap_child(Container *container, GError **error)
{
	(void)container;
	(void)error;
	return true;
}

