/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /etc/subuid and subgid; nsswitch.conf. */
#include "feature/subid.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = fuzz_text(data, size);
	g_autoptr(GArray) ranges = subid_parse(text, "alice", 1000);
	g_autoptr(GArray) disjoint = subid_disjoint(ranges, 1000);
	uint64_t total = 0;

	for (guint i = 0; i < ranges->len; i++) {
		const SubidRange *range = &g_array_index(ranges, SubidRange, i);

		g_assert_cmpuint(range->count, >, 0);
		g_assert_cmpuint((uint64_t)range->start + range->count, <=, UINT32_MAX);
		g_assert_true(subid_covers(ranges, range->start, range->count));
	}
	for (guint i = 0; i < disjoint->len; i++) {
		const SubidRange *range = &g_array_index(disjoint, SubidRange, i);

		total += range->count;
		g_assert_true(subid_covers(ranges, range->start, range->count));
		g_assert_true(range->start > 1000 || range->start + range->count <= 1000);
	}
	g_assert_cmpuint(total, <, UINT32_MAX);
	subid_needs_library(text);
	return 0;
}
