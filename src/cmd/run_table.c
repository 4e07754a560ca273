/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/run_table.h"

static const RunGroup *const groups[] = {
	&run_process_group, &run_fetch_group,	 &run_files_group,
	&run_network_group, &run_identity_group, &run_container_group,
};

const RunGroup *run_table_group(size_t index)
{
	return index < G_N_ELEMENTS(groups) ? groups[index] : NULL;
}

const RunOption *run_table_row(size_t index)
{
	for (size_t i = 0; i < G_N_ELEMENTS(groups); i++) {
		if (index < groups[i]->length)
			return &groups[i]->rows[index];
		index -= groups[i]->length;
	}
	return NULL;
}

size_t run_table_length(void)
{
	size_t length = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(groups); i++)
		length += groups[i]->length;
	return length;
}
