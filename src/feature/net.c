/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/net.h"

bool net_plan(const Spec *spec, Plan *plan, GError **error)
{
	(void)spec;
	(void)plan;
	(void)error;
	return true;
}

bool net_parent(Container *container, GError **error)
{
	(void)container;
	(void)error;
	return true;
}

bool net_child(Container *container, GError **error)
{
	(void)container;
	(void)error;
	return true;
}

bool net_child_wait(Container *container, GError **error)
{
	(void)container;
	(void)error;
	return true;
}

