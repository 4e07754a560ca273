/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/process.h"

bool process_plan(const Spec *spec, Plan *plan, GError **error)
{
	(void)spec;
	(void)plan;
	(void)error;
	return true;
}

bool process_child(Container *container, GError **error)
{
	(void)container;
	(void)error;
	return true;
}

