/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Theory of operation: a file of the cache is a header, the code and the digest of both.  Its name
 * is the digest of the profile, the capabilities and rlc's version; the kernel and libseccomp are
 * what they were when the machine started, as the state directory is.  The
 * directory is closed to others; a file counts only if it is a regular one of ours alone, and
 * whole.  What does not count is made anew: no error comes from the cache.
 */
#include "feature/seccomp_profile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "base/program.h"

#define PROGRAM	    "rlc-seccomp"
#define DIRECTORY   "seccomp"
#define DIGEST	    32
#define CODE_MAX    (BPF_MAXINSNS * sizeof(struct sock_filter))
#define FILE_MAX    (sizeof(SeccompHeader) + CODE_MAX + DIGEST)
#define MESSAGE_MAX 65536
#define FILES_MAX   64 /* then the cache begins anew */

/* A compiled profile as rlc-seccomp writes it: into a plan, if it is whole. */
static bool take_compiled(const uint8_t *data, size_t length, SeccompPlan *ret_plan)
{
	SeccompHeader header;
	size_t size;

	if (length < sizeof header)
		return false;
	memcpy(&header, data, sizeof header);
	size = (size_t)header.count * sizeof(struct sock_filter);
	if (header.magic != SECCOMP_MAGIC || header.count == 0 || header.count > BPF_MAXINSNS ||
	    length != sizeof header + size)
		return false;
	*ret_plan = (SeccompPlan){
		.code = g_memdup2(data + sizeof header, size),
		.count = header.count,
		.flags = header.flags,
	};
	return true;
}

/* All of a file, from its beginning, as bytes; false where it is longer than max. */
static bool read_bytes(int fd, uint8_t *buffer, size_t max, size_t *ret_length)
{
	size_t length = 0;
	ssize_t n;

	while ((n = TEMP_FAILURE_RETRY(pread(fd, buffer + length, max - length, (off_t)length))) >
	       0)
		length += (size_t)n;
	*ret_length = length;
	return n == 0 && length < max;
}

/* --- the cache --- */

static char *cache_name(const char *profile, uint64_t powers)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autofree char *head = g_strdup_printf(RLC_VERSION " %" G_GINT64_MODIFIER "x\n", powers);

	g_checksum_update(sum, (const guchar *)head, -1);
	g_checksum_update(sum, (const guchar *)profile, -1);
	return g_strdup(g_checksum_get_string(sum));
}

static void digest_of(const uint8_t *data, size_t length, uint8_t *ret_digest)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	gsize size = DIGEST;

	g_checksum_update(sum, data, (gssize)length);
	g_checksum_get_digest(sum, ret_digest, &size);
}

static bool is_ours(int fd, mode_t type)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid() &&
	       !(st.st_mode & 077) && (type == S_IFDIR || st.st_nlink == 1);
}

static int cache_open(const char *state_root)
{
	auto_fd root = open(state_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd dir = -1;

	if (root < 0 || (mkdirat(root, DIRECTORY, 0700) < 0 && errno != EEXIST))
		return -1;
	dir = openat(root, DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return dir >= 0 && is_ours(dir, S_IFDIR) ? fd_steal(&dir) : -1;
}

static bool cache_get(int dir, const char *name, SeccompPlan *ret_plan)
{
	g_autofree uint8_t *data = g_malloc(FILE_MAX + 1);
	auto_fd fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	uint8_t digest[DIGEST];
	size_t length;

	if (fd < 0 || !is_ours(fd, S_IFREG) || !read_bytes(fd, data, FILE_MAX + 1, &length) ||
	    length < DIGEST)
		return false;
	digest_of(data, length - DIGEST, digest);
	return memcmp(digest, data + length - DIGEST, DIGEST) == 0 &&
	       take_compiled(data, length - DIGEST, ret_plan);
}

/* Profiles that were in use once are not kept for ever. */
static void cache_trim(int dir)
{
	DIR *list = fd_list(dir);
	unsigned count = 0;

	if (!list)
		return;
	for (int pass = 0; pass < 2; pass++, rewinddir(list)) {
		for (struct dirent *entry; (entry = readdir(list));) {
			if (pass == 0)
				count++;
			else if (entry->d_name[0] != '.' && count > FILES_MAX)
				unlinkat(dir, entry->d_name, 0);
		}
	}
	closedir(list);
}

/* The name is there when the file is whole. */
static void cache_put(int dir, const char *name, const uint8_t *data, size_t length)
{
	g_autofree char *temporary = g_strdup_printf(".%s.%d", name, getpid());
	uint8_t digest[DIGEST];
	auto_fd fd = -1;

	cache_trim(dir);
	digest_of(data, length, digest);
	fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || !fd_write_all(fd, data, length) || !fd_write_all(fd, digest, DIGEST) ||
	    renameat(dir, temporary, dir, name) < 0) {
		log_debug("seccomp: the compiled profile is not kept: %s", g_strerror(errno));
		unlinkat(dir, temporary, 0);
	}
}

/* --- rlc-seccomp --- */

static int make_file(const char *text)
{
	auto_fd fd = memfd_create(PROGRAM, MFD_CLOEXEC);

	if (fd < 0 || !fd_write_all(fd, text, strlen(text)) || lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	return fd_steal(&fd);
}

/* What it said is the error. */
static bool said(int errors, int status, GError **error)
{
	g_autofree char *text = NULL;

	if (lseek(errors, 0, SEEK_SET) == 0)
		text = fd_read_all(errors, PROGRAM, MESSAGE_MAX, NULL);
	if (text && *g_strstrip(text))
		return error_set(error, RLC_ERROR_USAGE, "read the profile: %s",
				 g_strdelimit(text, "\n", ' '));
	return error_set(error, RLC_ERROR_FAILED, "run " PROGRAM ": it ended with wait status %#x",
			 (unsigned)status);
}

static bool compile(const char *program, const char *profile, uint64_t powers, int output,
		    GError **error)
{
	g_autofree char *mask = g_strdup_printf("%" G_GINT64_MODIFIER "x", powers);
	char *const arguments[] = {(char *)program, mask, NULL};
	auto_fd input = make_file(profile), errors = make_file("");
	int failed, status = 0;
	pid_t pid;

	if (input < 0 || errors < 0)
		return error_errno(error, errno, "make a file for " PROGRAM);
	failed = program_spawn(&pid, arguments, input, output, errors);
	if (failed)
		return error_errno(error, failed, "run " PROGRAM);
	if (TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) < 0)
		return error_errno(error, errno, "wait for " PROGRAM);
	return status == 0 || said(errors, status, error);
}

static bool compile_and_keep(const char *profile, uint64_t powers, int cache, const char *name,
			     SeccompPlan *ret_plan, GError **error)
{
	g_autofree char *program = program_need_helper(PROGRAM, HINT_SECCOMP_PROGRAM, error);
	g_autofree uint8_t *data = g_malloc(FILE_MAX + 1);
	auto_fd output = make_file("");
	size_t length = 0;

	if (!program)
		return false;
	if (output < 0)
		return error_errno(error, errno, "make a file for " PROGRAM);
	if (!compile(program, profile, powers, output, error))
		return false;
	if (!read_bytes(output, data, FILE_MAX + 1, &length) ||
	    !take_compiled(data, length, ret_plan))
		return error_set(error, RLC_ERROR_FAILED, "run " PROGRAM ": what it wrote is odd");
	if (cache >= 0)
		cache_put(cache, name, data, length);
	return true;
}

bool seccomp_profile_plan(const char *state_root, const char *profile, uint64_t powers,
			  SeccompPlan *ret_plan, GError **error)
{
	g_autofree char *name = cache_name(profile, powers);
	auto_fd cache = cache_open(state_root);

	return (cache >= 0 && cache_get(cache, name, ret_plan)) ||
	       compile_and_keep(profile, powers, cache, name, ret_plan, error);
}
