/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file of events, and the one before it. */
#include "container/events.h"

#include "base/fd.h"
#include "fuzz.h"

static bool take(const Event *event, void *data)
{
	g_assert_nonnull(event->action);
	g_assert_nonnull(event->id);
	g_assert_cmpint(event->time, >, 5);
	++*(unsigned *)data;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *root;
	static int dir = -1;
	g_autofree char *text = fuzz_text(data, size);
	g_autoptr(GError) error = NULL;
	const EventsQuery query = {.since = 5, .ended = -1};
	unsigned seen = 0;

	if (dir < 0) {
		root = g_dir_make_tmp("events.XXXXXX", NULL);
		g_assert_nonnull(root);
		dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	fuzz_put(dir, "events.1", text);
	fuzz_put(dir, "events", text);
	g_assert_true(events_read(root, &query, take, &seen, &error));

	/* what is told is read, whatever stands in front of it */
	fuzz_put(dir, "events", "\n");
	events_add(root, "start", "0123", text, NULL, -1, text);
	seen = 0;
	g_assert_true(events_read(root, &query, take, &seen, &error));
	g_assert_cmpuint(seen, >=, 1);
	unlinkat(dir, "events", 0);
	unlinkat(dir, "events.1", 0);
	return 0;
}
