/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/tty.h"

bool tty_plan(const Spec *spec, Plan *plan, GError **error)
{
	(void)spec;
	(void)plan;
	(void)error;
	return true;
}

bool tty_parent(Container *container, GError **error)
{
	(void)container;
	(void)error;
	return true;
}

bool tty_child(Container *container, GError **error)
{
	(void)container;
	(void)error;
	return true;
}

