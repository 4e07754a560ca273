/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/ps_filter.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cmd/containers.h"
#include "cmd/filter.h"
#include "image/reference.h"

PsContainer *ps_container_new(const char *root, const StateEntry *entry)
{
	Spec *spec = state_load_spec(root, entry->id, NULL);
	PsContainer *container;

	if (!spec)
		return NULL;
	container = g_new0(PsContainer, 1);
	container->entry = entry;
	container->spec = spec;
	return container;
}

void ps_container_free(PsContainer *container)
{
	if (!container)
		return;
	spec_free(container->spec);
	g_free(container);
}

/* --- filters --- */

static bool match_id(const void *object, const char *value)
{
	const PsContainer *container = object;

	return g_str_has_prefix(container->entry->id, value);
}

static bool match_name(const void *object, const char *value)
{
	const PsContainer *container = object;

	return container->entry->name && filter_match_part(container->entry->name, value);
}

static bool match_status(const void *object, const char *value)
{
	const PsContainer *container = object;
	const Status *status = &container->entry->status;

	return strcmp(status_name(status->state), value) == 0 ||
	       (status->state == STATUS_STOPPED && strcmp(value, "exited") == 0);
}

static bool match_exited(const void *object, const char *value)
{
	const PsContainer *container = object;
	const Status *status = &container->entry->status;

	return status->state == STATUS_STOPPED && status->exit_code == atoi(value);
}

static bool match_health(const void *object, const char *value)
{
	const PsContainer *container = object;

	return strcmp(status_health_name(container->entry->status.health), value) == 0;
}

/* As it was typed, or another way to write the same */
static bool match_ancestor(const void *object, const char *value)
{
	const PsContainer *container = object;
	g_autofree char *image = spec_image(container->spec);
	g_autoptr(Reference) asked = reference_parse(value, NULL);
	g_autoptr(Reference) own = reference_parse(image, NULL);
	g_autofree char *asked_name = NULL, *own_name = NULL;

	if (strcmp(image, value) == 0)
		return true;
	if (!asked || !own || asked->transport != TRANSPORT_DOCKER ||
	    own->transport != TRANSPORT_DOCKER)
		return false;
	asked_name = reference_name(asked);
	own_name = reference_name(own);
	return strcmp(asked_name, own_name) == 0;
}

static bool match_label(const void *object, const char *value)
{
	const PsContainer *container = object;
	const GPtrArray *labels = container->spec->rlc.labels;

	for (guint i = 0; i < labels->len; i++) {
		const char *label = g_ptr_array_index(labels, i);

		if (strcmp(label, value) == 0 ||
		    (!strchr(value, '=') && strcspn(label, "=") == strlen(value) &&
		     g_str_has_prefix(label, value)))
			return true;
	}
	return false;
}

static bool is_code(const char *value)
{
	return g_ascii_string_to_unsigned(value, 10, 0, 255, NULL, NULL);
}

static bool is_state(const char *value)
{
	for (StatusState state = 0; state <= STATUS_PAUSED; state++) {
		if (strcmp(status_name(state), value) == 0)
			return true;
	}
	return strcmp(value, "exited") == 0;
}

static bool is_health(const char *value)
{
	for (HealthState state = 0; state <= HEALTH_STATE_UNHEALTHY; state++) {
		if (strcmp(status_health_name(state), value) == 0)
			return true;
	}
	return false;
}

static const Filter filters[] = {
	{"id", match_id, NULL, NULL, false},
	{"name", match_name, filter_is_part, FILTER_PART, false},
	{"status", match_status, is_state,
	 "created, running, paused, restarting, stopped or exited", false},
	{"exited", match_exited, is_code, "a number from 0 to 255", false},
	{"health", match_health, is_health, "none, starting, healthy or unhealthy", false},
	{"ancestor", match_ancestor, NULL, NULL, false},
	{"label", match_label, NULL, NULL, true},
	{NULL, NULL, NULL, NULL, false},
};

bool ps_filter_check(char *const *texts, GError **error)
{
	return filter_check(filters, PS_FILTERS, texts, error);
}

bool ps_filter_match(char *const *texts, const PsContainer *container)
{
	return filter_match(filters, texts, container);
}

/* --- sorting --- */

static int by_id(const PsContainer *a, const PsContainer *b)
{
	return strcmp(a->entry->id, b->entry->id);
}

static int by_image(const PsContainer *a, const PsContainer *b)
{
	g_autofree char *first = spec_image(a->spec), *second = spec_image(b->spec);

	return g_strcmp0(first, second);
}

static int by_names(const PsContainer *a, const PsContainer *b)
{
	return g_strcmp0(a->entry->name, b->entry->name);
}

static int by_status(const PsContainer *a, const PsContainer *b)
{
	return strcmp(status_name(a->entry->status.state), status_name(b->entry->status.state));
}

static int by_command(const PsContainer *a, const PsContainer *b)
{
	return g_strcmp0(g_ptr_array_index(a->spec->process.args, 0),
			 g_ptr_array_index(b->spec->process.args, 0));
}

typedef int (*Compare)(const PsContainer *a, const PsContainer *b);

static const struct {
	const char *key;
	Compare compare; /* NULL: as they come */
} sorts[] = {
	{"created", NULL},   {"id", by_id},	    {"image", by_image},
	{"names", by_names}, {"status", by_status}, {"command", by_command},
};

bool ps_sort_check(const char *key, GError **error)
{
	for (size_t i = 0; key && i < G_N_ELEMENTS(sorts); i++) {
		if (strcmp(sorts[i].key, key) == 0)
			return true;
	}
	return !key || error_set(error, RLC_ERROR_USAGE, "parse --sort '%s': it is " PS_SORTS, key);
}

static int compare(gconstpointer a, gconstpointer b, gpointer data)
{
	const PsContainer *const *first = a, *const *second = b;

	return (*(const Compare *)data)(*first, *second);
}

void ps_sort(GPtrArray *containers, const char *key)
{
	for (size_t i = 0; key && i < G_N_ELEMENTS(sorts); i++) {
		Compare chosen = sorts[i].compare;

		if (chosen && strcmp(sorts[i].key, key) == 0)
			g_ptr_array_sort_with_data(containers, compare, &chosen);
	}
}
