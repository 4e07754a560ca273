/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How each structure of a Spec that comes in an array is one word of a record. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
	/* Append the element as one word. */
	void (*append)(GString *row, const void *element);
	/* Append what the word's text says to the array; false where it is malformed. */
	bool (*read)(const char *text, GArray *array);
	size_t size; /* of an element */
} RecordStructure;

extern const RecordStructure record_id, record_idmap, record_rlimit, record_mount, record_publish,
	record_device, record_device_rule, record_device_rate, record_hugepage_limit;
