/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --log-driver journald: what a detached container writes goes to systemd's journal, a line an
 * entry, with who wrote it (systemd.io/JOURNAL_NATIVE_PROTOCOL; no library is needed for that).
 *
 *     MESSAGE, PRIORITY (6; of standard error 3), SYSLOG_IDENTIFIER (the name, or the short id),
 *     CONTAINER_ID, CONTAINER_ID_FULL, CONTAINER_NAME, IMAGE_NAME,
 *     CONTAINER_PARTIAL_MESSAGE=true where a line was too long for one entry
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "model/plan.h"

typedef struct Journal Journal;

/* supervisor: NULL with *error where no journal listens. */
Journal *journal_open(const Plan *plan, GError **error);

/*
 * supervisor: write what came from a stream (1 or 2).  It never waits: where the journal does not
 * take entries as fast they are counted, and an entry says how many were lost.
 */
void journal_write(Journal *journal, int stream, const char *data, size_t length);

/* supervisor: what has no newline yet goes, too. NULL is fine. */
void journal_close(Journal *journal);
