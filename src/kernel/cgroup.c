/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define FREEZE_WAIT_MS 10000
#define DEATH_WAIT_MS  5000
#define OWN_LINE       "0::" /* of /proc/PID/cgroup: the one hierarchy of version 2 */
#define DEPTH_MAX      64    /* of cgroups in cgroups */

static const char *const controllers[] = {"cpu",  "cpuset",  "io",   "memory",
					  "pids", "hugetlb", "rdma", "misc"};

bool cgroup_is_mounted(void)
{
	struct statfs fs;

	return statfs(CGROUP_ROOT, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

char *cgroup_controllers_text(unsigned set, const char *prefix)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(controllers); i++) {
		if (set & 1U << i)
			g_string_append_printf(text, "%s%s%s", text->len ? " " : "", prefix,
					       controllers[i]);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

unsigned cgroup_controller_of(const char *file)
{
	size_t length = strcspn(file, ".");

	for (size_t i = 0; i < G_N_ELEMENTS(controllers); i++) {
		if (strlen(controllers[i]) == length && strncmp(controllers[i], file, length) == 0)
			return 1U << i;
	}
	return 0;
}

char *cgroup_of(pid_t pid, GError **error)
{
	g_autofree char *file =
		pid ? g_strdup_printf("/proc/%d/cgroup", pid) : g_strdup("/proc/self/cgroup");
	g_autofree char *text = fd_read_file(AT_FDCWD, file, CGROUP_FILE_MAX, error);
	g_auto(GStrv) lines = text ? g_strsplit(text, "\n", -1) : NULL;

	for (char **line = lines; line && *line; line++) {
		const char *path = *line + strlen(OWN_LINE);

		/* "/../x": it lies outside of our cgroup namespace */
		if (g_str_has_prefix(*line, OWN_LINE) && !g_str_has_prefix(path, "/.."))
			return g_strdup_printf(CGROUP_ROOT "%s", strcmp(path, "/") ? path : "");
	}
	if (text)
		error_set(error, RLC_ERROR_UNSUPPORTED,
			  "read '%s': no cgroup of version 2 that can be seen from here", file);
	return NULL;
}

unsigned cgroup_read_controllers(const char *directory, const char *file)
{
	g_autofree char *path = g_build_filename(directory, file, NULL);
	g_autofree char *text = fd_read_file(AT_FDCWD, path, CGROUP_FILE_MAX, NULL);
	g_auto(GStrv) words = g_strsplit(text ? g_strchomp(text) : "", " ", -1);
	unsigned set = 0;

	for (char **word = words; *word; word++)
		set |= cgroup_controller_of(*word);
	return set;
}

bool cgroup_enable(const char *directory, unsigned set, GError **error)
{
	g_autofree char *path = g_build_filename(directory, "cgroup.subtree_control", NULL);
	g_autofree char *text = cgroup_controllers_text(
		set & ~cgroup_read_controllers(directory, "cgroup.subtree_control"), "+");

	return !*text || fd_write_file(AT_FDCWD, path, text, error);
}

int cgroup_open(const char *directory, GError **error)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		error_errno(error, errno, "open the cgroup '%s'", directory);
	return fd;
}

static bool is_divided(int cgroup)
{
	g_autofree char *controllers_below =
		fd_read_file(cgroup, "cgroup.subtree_control", CGROUP_FILE_MAX, NULL);

	return controllers_below && *g_strstrip(controllers_below);
}

bool cgroup_follow(int *cgroup, pid_t pid, GError **error)
{
	g_autofree char *directory = NULL;

	if (!is_divided(*cgroup))
		return true;
	close(*cgroup);
	*cgroup = -1;
	directory = cgroup_of(pid, error);
	if (directory)
		*cgroup = cgroup_open(directory, error);
	return *cgroup >= 0;
}

bool cgroup_write(int cgroup, const char *file, const char *value, GError **error)
{
	auto_fd fd = openat(cgroup, file, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(error, errno, "open the cgroup's %s", file);
	if (write(fd, value, strlen(value)) < 0)
		return error_errno(error, errno, "write '%s' to the cgroup's %s", value, file);
	return true;
}

static uint64_t find_key(const char *text, const char *key)
{
	size_t length = strlen(key);

	while (text) {
		if (strncmp(text, key, length) == 0 && text[length] == ' ')
			return g_ascii_strtoull(text + length + 1, NULL, 10);
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return 0;
}

uint64_t cgroup_read_key(int cgroup, const char *file, const char *key)
{
	g_autofree char *text = fd_read_file(cgroup, file, CGROUP_FILE_MAX, NULL);

	return find_key(text, key);
}

bool cgroup_read_number(int cgroup, const char *file, uint64_t *ret_number)
{
	g_autofree char *text = fd_read_file(cgroup, file, CGROUP_FILE_MAX, NULL);

	if (!text)
		return false;
	*ret_number = g_str_has_prefix(text, "max") ? UINT64_MAX : g_ascii_strtoull(text, NULL, 10);
	return true;
}

/* The kernel wakes who polls cgroup.events when a line of it has changed since he read it. */
bool cgroup_await(int cgroup, const char *key, uint64_t value, int timeout_ms)
{
	gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
	auto_fd fd = openat(cgroup, "cgroup.events", O_RDONLY | O_CLOEXEC);
	struct pollfd changed = {.fd = fd, .events = POLLPRI};
	char text[256];

	for (;;) {
		ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);
		gint64 left = (deadline - g_get_monotonic_time()) / 1000;

		if (n < 0)
			return false;
		text[n] = '\0';
		if (find_key(text, key) == value)
			return true;
		if (left <= 0 || (poll(&changed, 1, (int)left) < 0 && errno != EINTR)) {
			errno = ETIMEDOUT;
			return false;
		}
	}
}

bool cgroup_is_frozen(int cgroup)
{
	uint64_t frozen = 0;

	return cgroup_read_number(cgroup, "cgroup.freeze", &frozen) && frozen == 1;
}

bool cgroup_freeze(int cgroup, bool freeze, GError **error)
{
	if (!cgroup_write(cgroup, "cgroup.freeze", freeze ? "1" : "0", error))
		return false;
	return cgroup_await(cgroup, "frozen", freeze, FREEZE_WAIT_MS) ||
	       error_errno(error, errno, "wait until the cgroup is %s",
			   freeze ? "frozen" : "thawed");
}

/* From the leaves on. name is relative to at. */
static bool remove_tree(int at, const char *name, unsigned depth)
{
	auto_fd fd = -1;
	struct dirent *entry;
	DIR *list;

	if (unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return true;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	list = fd < 0 || depth == 0 ? NULL : fd_list(fd);
	while (list && (entry = readdir(list))) {
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			remove_tree(fd, entry->d_name, depth - 1);
	}
	if (list)
		closedir(list);
	return unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

bool cgroup_remove(const char *directory, GError **error)
{
	auto_fd cgroup = -1;

	if (rmdir(directory) == 0 || errno == ENOENT)
		return true;
	cgroup = cgroup_open(directory, error);
	if (cgroup < 0)
		return false;
	/* what is frozen dies all the same; Linux 5.14 */
	if (!cgroup_write(cgroup, "cgroup.kill", "1", error))
		return false;
	if (!cgroup_await(cgroup, "populated", 0, DEATH_WAIT_MS))
		return error_errno(error, errno, "wait for the end of the cgroup '%s'", directory);
	return remove_tree(AT_FDCWD, directory, DEPTH_MAX) ||
	       error_errno(error, errno, "remove the cgroup '%s'", directory);
}
