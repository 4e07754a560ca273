/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/rootfs.h"

bool rootfs_plan(const Spec *spec, Plan *plan, GError **error)
{
	(void)spec;
	(void)plan;
	(void)error;
	return true;
}

bool rootfs_child(Container *container, GError **error)
{
	(void)container;
	(void)error;
	return true;
}

bool rootfs_pivot(Container *container, GError **error)
{
	(void)container;
	(void)error;
	return true;
}

