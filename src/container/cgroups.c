/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "container/cgroups.h"

#include <fcntl.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "container/state.h"
#include "feature/cgroup.h"
#include "feature/cgroup_limits.h"
#include "kernel/cgroup.h"

static bool read_record(const char *state_root, const char *id, CgroupRecord *ret_record,
			GError **error)
{
	g_autofree char *text = state_read(state_root, id, CGROUP_RECORD, error);

	if (text)
		cgroup_record_parse(text, ret_record);
	return text != NULL;
}

static bool open_record(const CgroupRecord *record, int *ret_cgroup, GError **error)
{
	*ret_cgroup = record->directory ? cgroup_open(record->directory, error) : -1;
	return *ret_cgroup >= 0 || !record->directory;
}

bool cgroups_open(const char *state_root, const char *id, int *ret_cgroup, GError **error)
{
	g_auto(CgroupRecord) record = {0};

	return read_record(state_root, id, &record, error) &&
	       open_record(&record, ret_cgroup, error);
}

char *cgroups_path(const char *state_root, const char *id)
{
	g_auto(CgroupRecord) record = {0};

	return read_record(state_root, id, &record, NULL) ? g_steal_pointer(&record.directory)
							  : NULL;
}

bool cgroups_enter(const char *state_root, const char *id, int *ret_cgroup, GError **error)
{
	g_auto(CgroupRecord) record = {0};
	auto_fd cgroup = -1;

	if (!read_record(state_root, id, &record, error) || !open_record(&record, &cgroup, error))
		return false;
	if (cgroup >= 0 && cgroup_is_frozen(cgroup))
		return error_set(error, RLC_ERROR_STATE,
				 "join container %.12s: it is paused; first: rlc unpause %.12s", id,
				 id);
	if (cgroup >= 0 && !cgroup_approach(&record, error))
		return false;
	*ret_cgroup = fd_steal(&cgroup);
	return true;
}

bool cgroups_pause(const char *state_root, const char *id, bool pause, GError **error)
{
	auto_fd cgroup = -1;

	if (!cgroups_open(state_root, id, &cgroup, error))
		return false;
	if (cgroup < 0) {
		error_set(error, RLC_ERROR_STATE, "%s container %.12s: it has no cgroup",
			  pause ? "pause" : "unpause", id);
		return hint_add(error, HINT_CGROUP_NONE, NULL);
	}
	if (cgroup_is_frozen(cgroup) == pause)
		return error_set(error, RLC_ERROR_STATE, "%s container %.12s: it is %s",
				 pause ? "pause" : "unpause", id,
				 pause ? "paused already" : "not paused");
	return cgroup_freeze(cgroup, pause, error);
}

/* What the cgroup was made without cannot come later. */
static bool check_controllers(const CgroupRecord *record, const GPtrArray *limits, GError **error)
{
	unsigned missing = cgroup_limits_controllers(limits) &
			   ~cgroup_read_controllers(record->directory, "cgroup.controllers");
	g_autofree char *text = cgroup_controllers_text(missing, "");

	if (missing == 0)
		return true;
	error_set(error, RLC_ERROR_UNSUPPORTED, "limit the cgroup '%s': it lacks %s",
		  record->directory, text);
	return hint_add(error, HINT_CGROUP_LACKS, text);
}

static bool write_limits(const char *state_root, const char *id, const GPtrArray *limits,
			 GError **error)
{
	g_auto(CgroupRecord) record = {0};
	auto_fd cgroup = -1;

	if (!read_record(state_root, id, &record, error) || !open_record(&record, &cgroup, error))
		return false;
	if (cgroup < 0) {
		error_set(error, RLC_ERROR_STATE, "limit container %.12s: it has no cgroup", id);
		return hint_add(error, HINT_CGROUP_NONE, NULL);
	}
	return check_controllers(&record, limits, error) &&
	       cgroup_limits_write(cgroup, limits, error);
}

bool cgroups_update(const char *state_root, const char *id, bool alive, const Spec *spec,
		    GError **error)
{
	g_autoptr(GPtrArray) limits = cgroup_limits_lines(&spec->linux_.resources, error);

	return limits && (!alive || write_limits(state_root, id, limits, error)) &&
	       state_save_spec(state_root, id, spec, error);
}
