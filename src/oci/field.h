/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields: reading a JSON document into C structs by tables.
 *
 * What a table does not name is passed over, as the runtime specification demands; what it names
 * must be of its type.  Whatever is wrong with a value is said with its line, its column and its
 * name: "config.json:12:9: process.args[1]: not a string".
 */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct {
	const char *path; /* for messages */
	char *text;
	json_t *root;
} FieldDocument;

/* Read and parse a file, "-" is standard input. Errors are RLC_ERROR_USAGE with line and column. */
bool field_load(const char *path, FieldDocument *ret_document, GError **error);

/* The same of a text, which the document takes over. */
bool field_parse(const char *path, char *text, FieldDocument *ret_document, GError **error);

void field_document_clear(FieldDocument *document);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FieldDocument, field_document_clear)

/* A value, and the way to it. */
typedef struct FieldAt FieldAt;
struct FieldAt {
	const FieldDocument *document;
	const FieldAt *up; /* NULL: the document itself */
	const char *key;   /* of up's object; NULL: the element `index` of up's array */
	size_t index;
	json_t *value;
};

FieldAt field_root(const FieldDocument *document);

/* RLC_ERROR_USAGE about this value. Returns false. */
bool field_wrong(const FieldAt *at, GError **error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Takes a value into target. */
typedef bool (*FieldFunction)(const FieldAt *at, void *target, GError **error);

typedef enum {
	FIELD_BOOL,    /* bool */
	FIELD_STRING,  /* char *, freed and replaced */
	FIELD_STRINGS, /* GPtrArray *, to whose end copies are added */
	FIELD_UINT32,
	FIELD_INT, /* int */
	FIELD_INT64,
	FIELD_UINT64,
	FIELD_CALL, /* take() of the value */
	FIELD_EACH, /* take() of each element of an array */
	FIELD_MAP,  /* take() of each value of an object */
} FieldKind;

typedef struct {
	const char *name;
	FieldKind kind;
	size_t offset; /* of what is filled, within target */
	FieldFunction take;
	bool required;
} Field;

/* at must be an object. Fills target as the table says. A value null is as good as none. */
bool field_read(const FieldAt *at, const Field *fields, size_t n, void *target, GError **error);

/* One value of one kind. */
bool field_take(const FieldAt *at, FieldKind kind, void *target, GError **error);

/* FIELD_CALL of what must be a string, and is for other platforms. */
bool field_pass_string(const FieldAt *at, void *target, GError **error);

/* The same of a number of 32 bits that is wanted as an int64_t, in which -1 can be none. */
bool field_take_wide(const FieldAt *at, void *target, GError **error);

/* The value as it is written in the document. Caller frees. */
char *field_text(const FieldAt *at);

/* The string that at is; NULL with *error. Owned by the document. */
const char *field_string(const FieldAt *at, GError **error);
