/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "feature/cgroup_handle.h"
#include "oci/config.h"
#include "oci/verb.h"

#define STATE_FILE "state.json"
#define FILE_MAX   (16 << 20)

static bool write_file(int dir, const char *name, const char *text, GError **error)
{
	auto_fd fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || !fd_write_all(fd, text, strlen(text)))
		return error_errno(error, errno, "write '%s'", name);
	return true;
}

static json_t *annotations_of(const Spec *spec)
{
	json_t *annotations = json_object();

	for (guint i = 0; i < spec->annotations->len; i++) {
		const char *entry = g_ptr_array_index(spec->annotations, i);
		g_autofree char *name = g_strndup(entry, strcspn(entry, "="));

		json_object_set_new(annotations, name, json_string(strchr(entry, '=') + 1));
	}
	return annotations;
}

static json_t *state_new(const char *id, const char *bundle, const Spec *spec)
{
	g_autoptr(GDateTime) moment = g_date_time_new_now_utc();
	g_autofree char *second = g_date_time_format(moment, "%Y-%m-%dT%H:%M:%S");
	g_autofree char *now =
		g_strdup_printf("%s.%06dZ", second, g_date_time_get_microsecond(moment));
	g_autofree char *rootfs = g_canonicalize_filename(spec->root.path, bundle);

	return json_pack("{sssssssssssssoss}", "ociVersion", OCI_VERSION, "id", id, "status", "",
			 "bundle", bundle, "rootfs", rootfs, "created", now, "annotations",
			 annotations_of(spec), "owner", "");
}

bool bundle_save(const Created *created, const char *id, const char *bundle, const Spec *spec,
		 const FieldDocument *document, GError **error)
{
	json_t *state = state_new(id, bundle, spec);
	g_autofree char *text = state ? json_dumps(state, JSON_COMPACT) : NULL;

	json_decref(state);
	if (!text)
		return error_set(error, RLC_ERROR_USAGE, "write the state of '%s': not UTF-8", id);
	return write_file(created->dir, STATE_FILE, text, error) &&
	       write_file(created->dir, BUNDLE_CONFIG, document->text, error);
}

json_t *bundle_state(const Created *created, GError **error)
{
	g_autofree char *text = fd_read_file(created->dir, STATE_FILE, FILE_MAX, error);
	json_t *state = text ? json_loads(text, 0, NULL) : NULL;

	if (text && !state)
		error_set(error, RLC_ERROR_STATE, "read the container's state: it is not whole");
	return state;
}

Spec *bundle_spec(const Created *created, GError **error)
{
	char *text = fd_read_file(created->dir, BUNDLE_CONFIG, FILE_MAX, error);
	g_auto(FieldDocument) document = {0};

	if (!text || !field_parse(BUNDLE_CONFIG, text, &document, error))
		return NULL;
	return config_read(&document, error);
}

char *bundle_describe(const json_t *state, pid_t pid, const char *status)
{
	json_t *whole = json_copy((json_t *)state);
	char *text;

	json_object_set_new(whole, "status", json_string(status));
	json_object_set_new(whole, "pid", json_integer(pid));
	text = json_dumps(whole, JSON_INDENT(2));
	json_decref(whole);
	return text;
}

bool bundle_is_paused(const Created *created)
{
	g_auto(CgroupHandle) cgroup = CGROUP_HANDLE_NONE;

	return cgroup_handle_open(created->dir, &cgroup, NULL) && cgroup_handle_is_frozen(&cgroup);
}

const char *bundle_status(const Created *created)
{
	static const char *const names[] = {
		[CREATED_CREATING] = "creating",
		[CREATED_CREATED] = "created",
		[CREATED_RUNNING] = "running",
		[CREATED_STOPPED] = "stopped",
	};

	CreatedState state = created_state(created);

	return state == CREATED_RUNNING && bundle_is_paused(created) ? "paused" : names[state];
}
