/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feature/proc.h"

bool proc_child(Container *container, GError **error)
{
	(void)container;
	(void)error;
	return true;
}

bool proc_mask(Container *container, GError **error)
{
	(void)container;
	(void)error;
	return true;
}

