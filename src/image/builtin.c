/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/builtin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "builtin_digest.h"

extern const char builtin_busybox[], builtin_busybox_end[];

const char builtin_digest[] = BUILTIN_DIGEST;

static const char *const applets[] = {
#include "busybox_applets.h"
};

static const struct {
	const char *path;
	mode_t mode;
} directories[] = {
	{"bin", 0755},	    {"sbin", 0755}, {"usr", 0755},  {"usr/bin", 0755},
	{"usr/sbin", 0755}, {"etc", 0755},  {"root", 0700}, {"home", 0755},
	{"tmp", 01777},	    {"run", 0755},  {"var", 0755},  {"var/tmp", 01777},
	{"mnt", 0755},	    {"proc", 0755}, {"sys", 0755},  {"dev", 0755},
};

static const struct {
	const char *path;
	const char *text;
} files[] = {
	{"etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"
		       "daemon:x:1:1:daemon:/:/bin/false\n"
		       "nobody:x:65534:65534:nobody:/:/bin/false\n"},
	{"etc/group", "root:x:0:\ndaemon:x:1:\ntty:x:5:\nnogroup:x:65534:\n"},
	{"etc/shells", "/bin/sh\n/bin/ash\n"},
	{"etc/profile", "export PS1='\\u@\\h:\\w\\$ '\n"},
};

static bool builtin_write(int root, const char *path, const char *data, size_t length, mode_t mode,
			  GError **error)
{
	auto_fd fd = openat(root, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0)
		return error_errno(error, errno, "make '/%s'", path);
	if (!fd_write_all(fd, data, length))
		return error_errno(error, errno, "write '/%s'", path);
	return true;
}

static bool builtin_make_directories(int root, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(directories); i++) {
		if (mkdirat(root, directories[i].path, directories[i].mode) < 0)
			return error_errno(error, errno, "make '/%s'", directories[i].path);
	}
	return true;
}

static bool builtin_link_applets(int root, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(applets); i++) {
		if (strcmp(applets[i], "bin/busybox") != 0 &&
		    symlinkat("/bin/busybox", root, applets[i]) < 0 && errno != EEXIST)
			return error_errno(error, errno, "link '/%s'", applets[i]);
	}
	return true;
}

/* The program's pages that were read for it are of no use to PID 1, which stays. */
static void builtin_let_go(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = ((uintptr_t)builtin_busybox + page - 1) / page * page;
	uintptr_t end = (uintptr_t)builtin_busybox_end / page * page;

	if (end > start)
		madvise((void *)start, end - start, MADV_DONTNEED);
}

bool builtin_child(Container *container, GError **error)
{
	return container->plan->rootfs.kind != ROOT_BUILTIN || container->unpacked ||
	       builtin_fill(container->root, error);
}

bool builtin_write_program(int dirfd, const char *path, GError **error)
{
	return builtin_write(dirfd, path, builtin_busybox,
			     (size_t)(builtin_busybox_end - builtin_busybox), 0755, error);
}

bool builtin_fill(int root, GError **error)
{
	if (!builtin_make_directories(root, error) ||
	    !builtin_write_program(root, "bin/busybox", error))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		if (!builtin_write(root, files[i].path, files[i].text, strlen(files[i].text), 0644,
				   error))
			return false;
	}
	builtin_let_go();
	return builtin_link_applets(root, error);
}

void builtin_explain(const Plan *plan, GString *script)
{
	if (plan->rootfs.kind != ROOT_BUILTIN)
		return;
	g_string_append(script,
			"# mkdirat, write, symlinkat: rlc carries a busybox; by hand, take the "
			"host's (busybox-static)\nmkdir");
	for (size_t i = 0; i < G_N_ELEMENTS(directories); i++)
		g_string_append_printf(script, " \"$root/%s\"", directories[i].path);
	g_string_append(script,
			"\nchmod 1777 \"$root/tmp\" \"$root/var/tmp\"\n"
			"chmod 0700 \"$root/root\"\n"
			"cp \"$(command -v busybox)\" \"$root/bin/busybox\"\n"
			"for applet in $(\"$root/bin/busybox\" --list-full); do\n"
			"  [ -e \"$root/$applet\" ] || ln -s /bin/busybox \"$root/$applet\"\n"
			"done\n");
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *quoted = g_shell_quote(files[i].text);

		g_string_append_printf(script, "printf %%s %s >\"$root/%s\"\n", quoted,
				       files[i].path);
	}
}
