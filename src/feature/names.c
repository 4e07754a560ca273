/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/names.h"

bool names_plan(const Spec *spec, Plan *plan, GError **error)
{
	(void)spec;
	(void)plan;
	(void)error;
	return true;
}

bool names_child(Container *container, GError **error)
{
	(void)container;
	(void)error;
	return true;
}

