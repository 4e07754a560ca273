/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/selinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/xattr.h>
#include <stdint.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define SELINUXFS    "/sys/fs/selinux"
#define CONFIG	     "/etc/selinux/config"
#define LABEL_MAX    4096
#define ANSWER_MAX   128
#define CONTEXTS_MAX 65536

#define AVD_PERMISSIVE 1U /* the kernel's SELINUX_AVD_FLAGS_PERMISSIVE */

bool selinux_is_enabled(void)
{
	struct statfs fs;

	return statfs(SELINUXFS, &fs) == 0 && fs.f_type == SELINUX_MAGIC;
}

/* A file of selinuxfs that holds a number; 0 where there is none. */
static unsigned read_number(const char *path)
{
	g_autofree char *text = fd_read_file(AT_FDCWD, path, ANSWER_MAX, NULL);

	return text ? (unsigned)g_ascii_strtoull(text, NULL, 10) : 0;
}

bool selinux_is_enforcing(void)
{
	return selinux_is_enabled() && read_number(SELINUXFS "/enforce") != 0;
}

bool selinux_has_levels(void)
{
	return read_number(SELINUXFS "/mls") != 0;
}

char *selinux_own_label(GError **error)
{
	return fd_read_file(AT_FDCWD, "/proc/self/attr/current", LABEL_MAX, error);
}

bool selinux_knows(const char *label)
{
	auto_fd fd = open(SELINUXFS "/context", O_RDWR | O_CLOEXEC);

	return fd >= 0 && write(fd, label, strlen(label) + 1) >= 0;
}

/* By its link in /proc, for there is no fsetxattr(2) of an O_PATH descriptor. */
bool selinux_label_file(int fd, const char *label)
{
	g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);

	return setxattr(link, XATTR_NAME_SELINUX, label, strlen(label) + 1, 0) == 0;
}

/* The bit of a permission in an access vector; 0: the policy has no such class or permission. */
static uint32_t permission_bit(const char *class, const char *permission)
{
	g_autofree char *path = g_strdup_printf(SELINUXFS "/class/%s/perms/%s", class, permission);
	unsigned number = read_number(path);

	return number >= 1 && number <= 32 ? UINT32_C(1) << (number - 1) : 0;
}

/* Words of the kernel's answer to a question about access, in hexadecimal */
enum {
	ANSWER_ALLOWED,
	ANSWER_FLAGS = 5, /* between them what is decided and audited, and a sequence */
	ANSWER_WORDS,
};

/* One question and its answer */
static bool ask_access(const char *question, uint32_t *ret_allowed, uint32_t *ret_flags)
{
	auto_fd fd = open(SELINUXFS "/access", O_RDWR | O_CLOEXEC);
	g_auto(GStrv) words = NULL;
	char answer[ANSWER_MAX];
	ssize_t n;

	if (fd < 0 || write(fd, question, strlen(question) + 1) < 0)
		return false;
	n = read(fd, answer, sizeof answer - 1);
	if (n < 0)
		return false;
	answer[n] = '\0';
	words = g_strsplit(answer, " ", -1);
	if (g_strv_length(words) < ANSWER_WORDS)
		return false;
	*ret_allowed = (uint32_t)g_ascii_strtoull(words[ANSWER_ALLOWED], NULL, 16);
	*ret_flags = (uint32_t)g_ascii_strtoull(words[ANSWER_FLAGS], NULL, 16);
	return true;
}

bool selinux_allows(const char *source, const char *target, const char *class,
		    const char *permission)
{
	g_autofree char *index = g_strdup_printf(SELINUXFS "/class/%s/index", class);
	uint32_t bit = permission_bit(class, permission), allowed, flags;
	g_autofree char *question = g_strdup_printf("%s %s %u", source, target, read_number(index));

	return bit == 0 || !ask_access(question, &allowed, &flags) || ((allowed & bit) == bit) ||
	       (flags & AVD_PERMISSIVE);
}

/* The value behind "KEY =", of the quotes around it freed; or NULL. */
static char *line_value(const char *text, const char *key)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++) {
		char *equals = strchr(g_strstrip(*line), '=');
		char *value;

		if (!equals)
			continue;
		*equals = '\0';
		value = g_strstrip(equals + 1);
		if (strcmp(g_strchomp(*line), key) != 0)
			continue;
		if (*value == '"' && value[1] && g_str_has_suffix(value, "\"")) {
			value[strlen(value) - 1] = '\0';
			value++;
		}
		return g_strdup(value);
	}
	return NULL;
}

static char *read_value(const char *path, const char *key)
{
	g_autofree char *text = fd_read_file(AT_FDCWD, path, CONTEXTS_MAX, NULL);

	return text ? line_value(text, key) : NULL;
}

char *selinux_container_label(const char *key)
{
	g_autofree char *policy = read_value(CONFIG, "SELINUXTYPE");
	g_autofree char *path =
		g_strdup_printf("/etc/selinux/%s/contexts/lxc_contexts", policy ? policy : "");

	return policy && !strchr(policy, '/') ? read_value(path, key) : NULL;
}
