/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: numbers are read as doubles, for Go writes "unlimited" as 2^64-1, which
 * jansson would refuse as an integer.
 *
 * jansson says where a text is no JSON, but not where a value stood that is of
 * the wrong type.  So a value is read together with the way that led to it; only when something is
 * wrong the text, of which is known by then that it is well formed, is walked along that way once
 * more and the lines are counted.
 */
#include "oci/field.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json_text.h"

#define DOCUMENT_MAX (16 << 20)
#define UINT64_END   18446744073709551616.0 /* 2^64, the first that does not fit */

/* --- the document --- */

bool field_parse(const char *path, char *text, FieldDocument *ret_document, GError **error)
{
	json_error_t wrong;
	json_t *root = json_loads(text, JSON_DECODE_INT_AS_REAL, &wrong);

	if (!root) {
		g_free(text);
		return error_set(error, RLC_ERROR_USAGE, "%s:%d:%d: %s", path, wrong.line,
				 wrong.column, wrong.text);
	}
	*ret_document = (FieldDocument){.path = path, .text = text, .root = root};
	return true;
}

bool field_load(const char *path, FieldDocument *ret_document, GError **error)
{
	char *text = strcmp(path, "-") == 0
			     ? fd_read_all(STDIN_FILENO, "standard input", DOCUMENT_MAX, error)
			     : fd_read_file(AT_FDCWD, path, DOCUMENT_MAX, error);

	return text && field_parse(path, text, ret_document, error);
}

void field_document_clear(FieldDocument *document)
{
	json_decref(document->root);
	document->root = NULL;
	g_clear_pointer(&document->text, g_free);
}

FieldAt field_root(const FieldDocument *document)
{
	return (FieldAt){.document = document, .value = document->root};
}

/* --- where a value stands; the text is well formed --- */

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t\r\n");
}

/* Is that what the string between these means? It may be written with \u0061 and the like. */
static bool is_string(const char *start, const char *end, const char *wanted)
{
	json_t *string = json_loadb(start, (size_t)(end - start), JSON_DECODE_ANY, NULL);
	bool is = string && strcmp(json_string_value(string), wanted) == 0;

	json_decref(string);
	return is;
}

/* The value of key, in the object that begins at at. Of several, jansson has the last. */
static const char *find_member(const char *at, const char *key)
{
	const char *found = NULL;

	if (*at != '{')
		return NULL;
	at = skip_blanks(at + 1);
	while (*at == '"') {
		const char *name = at, *end = json_text_skip_string(at);
		const char *value = skip_blanks(end);

		value = skip_blanks(value + (*value ? 1 : 0));
		if (is_string(name, end, key))
			found = value;
		at = skip_blanks(json_text_skip_value(value));
		at = skip_blanks(at + (*at ? 1 : 0));
	}
	return found;
}

static const char *find_element(const char *at, size_t index)
{
	if (*at != '[')
		return NULL;
	at = skip_blanks(at + 1);
	while (index-- > 0) {
		at = skip_blanks(json_text_skip_value(at));
		at = skip_blanks(at + (*at ? 1 : 0));
	}
	return at;
}

static const char *find_text(const FieldAt *at)
{
	const char *up, *found;

	if (!at->up)
		return skip_blanks(at->document->text);
	up = find_text(at->up);
	found = at->key ? find_member(up, at->key) : find_element(up, at->index);
	return found ? found : up;
}

char *field_text(const FieldAt *at)
{
	const char *start = find_text(at);

	return g_strndup(start, (size_t)(json_text_skip_value(start) - start));
}

static void add_name(const FieldAt *at, GString *name)
{
	if (!at->up)
		return;
	add_name(at->up, name);
	if (!at->key)
		g_string_append_printf(name, "[%zu]", at->index);
	else
		g_string_append_printf(name, "%s%s", name->len ? "." : "", at->key);
}

bool field_wrong(const FieldAt *at, GError **error, const char *format, ...)
{
	g_autoptr(GString) name = g_string_new(NULL);
	const char *place = find_text(at), *start = at->document->text;
	g_autofree char *what = NULL;
	unsigned line = 1;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	for (const char *c = start; c < place; c++) {
		if (*c == '\n') {
			line++;
			start = c + 1;
		}
	}
	add_name(at, name);
	return error_set(error, RLC_ERROR_USAGE, "%s:%u:%zu: %s%s%s", at->document->path, line,
			 (size_t)(place - start) + 1, name->str, name->len ? ": " : "", what);
}

/* --- values --- */

const char *field_string(const FieldAt *at, GError **error)
{
	if (json_is_string(at->value) &&
	    strlen(json_string_value(at->value)) == json_string_length(at->value))
		return json_string_value(at->value);
	field_wrong(at, error, "not a string");
	return NULL;
}

static bool take_string(const FieldAt *at, char **target, GError **error)
{
	const char *text = field_string(at, error);

	if (!text)
		return false;
	g_free(*target);
	*target = g_strdup(text);
	return true;
}

static bool take_bool(const FieldAt *at, bool *target, GError **error)
{
	if (!json_is_boolean(at->value))
		return field_wrong(at, error, "neither true nor false");
	*target = json_is_true(at->value);
	return true;
}

/* A double holds whole numbers up to here; beyond, the text itself is read once more. */
#define EXACT 9007199254740992.0

static bool out_of_range(const FieldAt *at, GError **error)
{
	return field_wrong(at, error, "%.0f is out of range", json_real_value(at->value));
}

/* The text of a whole number, as two's complement; not one like 1e19, which is as exact as it is.
 */
static bool read_exact(const FieldAt *at, double value, int64_t *ret, GError **error)
{
	const char *text = find_text(at);
	char *end;

	errno = 0;
	*ret = value < 0 ? g_ascii_strtoll(text, &end, 10)
			 : (int64_t)g_ascii_strtoull(text, &end, 10);
	if (*end != '.' && *end != 'e' && *end != 'E')
		return errno == 0 || out_of_range(at, error);
	if (value < (double)INT64_MIN || value >= UINT64_END)
		return out_of_range(at, error);
	*ret = value < 0 ? (int64_t)value : (int64_t)(uint64_t)value;
	return true;
}

/* As two's complement, for values up to UINT64_MAX. */
static bool read_integer(const FieldAt *at, int64_t min, uint64_t max, int64_t *ret, GError **error)
{
	double value = json_real_value(at->value);

	if (!json_is_real(at->value) || (value > -EXACT && value < EXACT && value != trunc(value)))
		return field_wrong(at, error, "not a whole number");
	if (value < (double)min || value > (double)max)
		return out_of_range(at, error);
	if (value > -EXACT && value < EXACT)
		*ret = (int64_t)value;
	else if (!read_exact(at, value, ret, error))
		return false;
	return value < 0 || (uint64_t)*ret <= max || out_of_range(at, error);
}

static bool take_number(const FieldAt *at, FieldKind kind, void *target, GError **error)
{
	static const struct {
		int64_t min;
		uint64_t max;
		size_t size;
	} ranges[] = {
		[FIELD_UINT32] = {0, UINT32_MAX, sizeof(uint32_t)},
		[FIELD_INT] = {INT32_MIN, INT32_MAX, sizeof(int)},
		[FIELD_INT64] = {INT64_MIN, INT64_MAX, sizeof(int64_t)},
		[FIELD_UINT64] = {0, UINT64_MAX, sizeof(uint64_t)},
	};
	int64_t value = 0;

	if (!read_integer(at, ranges[kind].min, ranges[kind].max, &value, error))
		return false;
	if (ranges[kind].size == sizeof value)
		*(int64_t *)target = value;
	else
		*(int32_t *)target = (int32_t)value;
	return true;
}

static FieldAt element_of(const FieldAt *at, size_t index)
{
	return (FieldAt){.document = at->document,
			 .up = at,
			 .index = index,
			 .value = json_array_get(at->value, index)};
}

static bool take_strings(const FieldAt *at, GPtrArray *strings, GError **error)
{
	if (!json_is_array(at->value))
		return field_wrong(at, error, "not an array");
	for (size_t i = 0; i < json_array_size(at->value); i++) {
		const FieldAt element = element_of(at, i);
		const char *text = field_string(&element, error);

		if (!text)
			return false;
		g_ptr_array_add(strings, g_strdup(text));
	}
	return true;
}

bool field_take(const FieldAt *at, FieldKind kind, void *target, GError **error)
{
	switch (kind) {
	case FIELD_BOOL:
		return take_bool(at, target, error);
	case FIELD_STRING:
		return take_string(at, target, error);
	case FIELD_STRINGS:
		return take_strings(at, *(GPtrArray **)target, error);
	case FIELD_UINT32:
	case FIELD_INT:
	case FIELD_INT64:
	case FIELD_UINT64:
		return take_number(at, kind, target, error);
	case FIELD_CALL:
	case FIELD_EACH:
	case FIELD_MAP:
		break;
	}
	g_assert_not_reached();
}

bool field_pass_string(const FieldAt *at, void *target, GError **error)
{
	(void)target;
	return field_string(at, error) != NULL;
}

bool field_take_wide(const FieldAt *at, void *target, GError **error)
{
	uint32_t number;

	if (!field_take(at, FIELD_UINT32, &number, error))
		return false;
	*(int64_t *)target = number;
	return true;
}

static bool take_each(const FieldAt *at, FieldFunction take, void *target, GError **error)
{
	if (!json_is_array(at->value))
		return field_wrong(at, error, "not an array");
	for (size_t i = 0; i < json_array_size(at->value); i++) {
		const FieldAt element = element_of(at, i);

		if (!take(&element, target, error))
			return false;
	}
	return true;
}

static bool take_map(const FieldAt *at, FieldFunction take, void *target, GError **error)
{
	const char *key;
	json_t *value;

	if (!json_is_object(at->value))
		return field_wrong(at, error, "not an object");
	json_object_foreach(at->value, key, value)
	{
		const FieldAt member = {
			.document = at->document, .up = at, .key = key, .value = value};

		if (!take(&member, target, error))
			return false;
	}
	return true;
}

static bool read_one(const FieldAt *at, const Field *field, void *target, GError **error)
{
	void *place = (char *)target + field->offset;

	switch (field->kind) {
	case FIELD_CALL:
		return field->take(at, place, error);
	case FIELD_EACH:
		return take_each(at, field->take, place, error);
	case FIELD_MAP:
		return take_map(at, field->take, place, error);
	default:
		return field_take(at, field->kind, place, error);
	}
}

bool field_read(const FieldAt *at, const Field *fields, size_t n, void *target, GError **error)
{
	if (!json_is_object(at->value))
		return field_wrong(at, error, "not an object");
	for (size_t i = 0; i < n; i++) {
		const FieldAt member = {
			.document = at->document,
			.up = at,
			.key = fields[i].name,
			.value = json_object_get(at->value, fields[i].name),
		};

		if (!member.value || json_is_null(member.value)) {
			if (fields[i].required)
				return field_wrong(at, error, "'%s' is missing", fields[i].name);
			continue;
		}
		if (!read_one(&member, &fields[i], target, error))
			return false;
	}
	return true;
}
