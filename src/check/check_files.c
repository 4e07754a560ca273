/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rlc check: where things are kept, and what the root of a container can be. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "check/check.h"
#include "check/trial.h"
#include "container/state.h"
#include "image/store.h"

#define SPACE_ENOUGH (UINT64_C(256) << 20)

static CheckStatus probe_state(char **ret_text, GError **error)
{
	*ret_text = state_root_choose(g_getenv("RLC_ROOT"), error);
	return *ret_text ? CHECK_OK : CHECK_FAILED;
}

/* The store, or where it would be made. */
static bool try_store(const char *path, GError **error)
{
	g_autofree char *probe = g_build_filename(path, "tmp", "check-XXXXXX", NULL);
	g_autoptr(Store) store = store_open(path, true, error);
	auto_fd fd = -1;

	if (!store)
		return false;
	fd = mkostemp(probe, O_CLOEXEC);
	if (fd < 0)
		return error_errno(error, errno, "write to the store '%s'", path);
	unlink(probe);
	return true;
}

static CheckStatus probe_store(char **ret_text, GError **error)
{
	g_autofree char *path = store_default_path();
	struct statvfs fs;
	uint64_t free_bytes;

	if (!try_store(path, error))
		return CHECK_REDUCED;
	if (statvfs(path, &fs) < 0) {
		error_errno(error, errno, "measure '%s'", path);
		return CHECK_REDUCED;
	}
	free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (free_bytes < SPACE_ENOUGH) {
		error_errno(error, ENOSPC,
			    "keep images in '%s': %" G_GUINT64_FORMAT " MiB are left", path,
			    free_bytes >> 20);
		return CHECK_REDUCED;
	}
	if (store_is_on_overlay(path)) {
		error_errno(error, EPERM, "keep deletions of images in '%s'", path);
		hint_add(error, HINT_STORE_OVERLAY, path);
		return CHECK_REDUCED;
	}
	*ret_text = g_strdup_printf("%s, %" G_GUINT64_FORMAT " MiB free", path, free_bytes >> 20);
	return CHECK_OK;
}

/* An overlay of the host's own root: nothing of it is written. */
static CheckStatus probe_overlay(char **ret_text, GError **error)
{
	static const char *const command[] = {"/bin/sh", "-c", ": >/rlc-check", NULL};
	g_autoptr(Spec) spec = trial_spec();
	g_auto(Trial) trial = {0};

	spec->root.kind = ROOT_OVERLAY;
	spec->root.path = g_strdup("/");
	if (!trial_run(spec, command, &trial, error))
		return CHECK_REDUCED;
	if (trial.exit_code != 0) {
		error_set(error, RLC_ERROR_FAILED, "write above an overlay: %s", trial.output);
		return CHECK_REDUCED;
	}
	*ret_text = g_strdup("the host's root was the lower directory of one");
	return CHECK_OK;
}

const CheckProbe check_files_probes[] = {
	{"state", NULL, "no container can be made", probe_state},
	{"store", NULL, "images cannot be kept", probe_store},
	{"overlay", "container", "images are copied for each container; --rootfs DIR:O fails",
	 probe_overlay},
	{0},
};
