/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rlc-image/progress.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/screen.h"

#define BAR_WIDTH 20 /* a line has room for 80 columns then */

struct Progress {
	ProgressBar *bars; /* shared */
	guint count;
	bool quiet, terminal;
	guint drawn; /* lines on the terminal that are ours */
};

Progress *progress_new(guint count, bool quiet)
{
	Progress *progress = g_new0(Progress, 1);

	progress->bars = mmap(NULL, (count + 1) * sizeof(ProgressBar), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (progress->bars == MAP_FAILED)
		g_error("map %u progress bars", count);
	progress->count = count;
	progress->quiet = quiet;
	progress->terminal = screen_moves(STDERR_FILENO) && !g_getenv("NO_COLOR");
	return progress;
}

void progress_free(Progress *progress)
{
	if (!progress)
		return;
	munmap(progress->bars, (progress->count + 1) * sizeof(ProgressBar));
	g_free(progress);
}

ProgressBar *progress_bar(Progress *progress, guint i)
{
	return &progress->bars[i];
}

/* "1.2 MB of 30 MB   8 MB/s   3 s left" */
static void add_numbers(const ProgressBar *bar, GString *text)
{
	double seconds = (double)(g_get_monotonic_time() - bar->start) / G_USEC_PER_SEC;
	g_autofree char *done = screen_bytes(bar->done), *total = screen_bytes(bar->total);
	uint64_t rate = seconds > 0 ? (uint64_t)((double)bar->done / seconds) : 0;
	g_autofree char *speed = screen_bytes(rate);

	g_string_append_printf(text, " %s of %s", done, total);
	if (bar->done < bar->total && rate > 0)
		g_string_append_printf(text, "  %s/s  %" G_GUINT64_FORMAT " s left", speed,
				       (bar->total - bar->done) / rate + 1);
}

static void add_bar(const ProgressBar *bar, guint columns, GString *text)
{
	g_autoptr(GString) line = g_string_new(NULL);
	guint filled = bar->total ? (guint)(bar->done * BAR_WIDTH / bar->total) : BAR_WIDTH;

	g_string_append_printf(line, "%s [", bar->name);
	for (guint i = 0; i < BAR_WIDTH; i++)
		g_string_append_c(line, i < MIN(filled, BAR_WIDTH) ? '=' : ' ');
	g_string_append_c(line, ']');
	if (bar->ended)
		g_string_append(line, " done");
	else if (bar->start)
		add_numbers(bar, line);
	else
		g_string_append(line, " waiting");
	g_string_append_c(text, '\r');
	screen_append(text, line->str, columns);
	g_string_append(text, SCREEN_END_LINE "\n");
}

/* Where there are more than lines, those that have ended give way, and then the last. */
static void draw_bars(Progress *progress, GString *text)
{
	guint rows, columns, left, hidden;

	screen_size(STDERR_FILENO, &rows, &columns);
	if (progress->drawn)
		g_string_append_printf(text, SCREEN_UP, MIN(progress->drawn, rows - 1));
	left = MIN(progress->count, rows - 1);
	hidden = progress->count - left;
	progress->drawn = left;
	for (guint i = 0; i < progress->count && left > 0; i++) {
		if (hidden > 0 && progress->bars[i].ended) {
			hidden--;
			continue;
		}
		add_bar(&progress->bars[i], columns, text);
		left--;
	}
}

static void tell_ended(Progress *progress, GString *text)
{
	for (guint i = 0; i < progress->count; i++) {
		ProgressBar *bar = &progress->bars[i];
		g_autofree char *size = screen_bytes(bar->total);

		if (!bar->ended || bar->told)
			continue;
		bar->told = true;
		g_string_append_printf(text, "%s: done (%s)\n", bar->name, size);
	}
}

void progress_draw(Progress *progress)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (progress->quiet)
		return;
	(progress->terminal ? draw_bars : tell_ended)(progress, text);
	if (text->len && write(STDERR_FILENO, text->str, text->len) < 0)
		progress->quiet = true; /* nobody is there to see it */
}
