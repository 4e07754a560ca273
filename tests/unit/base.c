/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The base floor: errors, hints, log levels, descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/hint.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/signals.h"

static void test_error_set(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(error_set(&error, RLC_ERROR_USAGE, "parse '%s': no good", "x"));
	g_assert_error(error, RLC_ERROR, RLC_ERROR_USAGE);
	g_assert_cmpstr(error->message, ==, "parse 'x': no good");
	g_assert_false(error_set(NULL, RLC_ERROR_USAGE, "nobody listens"));
}

static void test_error_errno(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(error_errno(&error, ENOENT, "open '%s'", "/x"));
	g_assert_error(error, RLC_ERRNO, ENOENT);
	g_assert_cmpstr(error->message, ==, "open '/x': No such file or directory");
	g_assert_true(error_is_errno(error, ENOENT));
	g_assert_false(error_is_errno(error, EPERM));
	g_assert_false(error_is_errno(NULL, ENOENT));
}

static void test_error_domains_differ(void)
{
	g_autoptr(GError) error = NULL;

	/* ENOENT is 2, and so is RLC_ERROR_NOT_FOUND */
	error_set(&error, RLC_ERROR_NOT_FOUND, "find it");
	g_assert_false(error_is_errno(error, ENOENT));
}

/* What terminals obey, and a line that pretends to be a hint's */
#define HOSTILE "\033]0;x\a\n  fix: do\302\233\377\303\244"
#define TAMED	"\\x1b]0;x\\x07\\n  fix: do\\xc2\\x9b\\xff\303\244"

static void test_printable(void)
{
	g_autofree char *copy = printable_copy(HOSTILE "\t\r", "");
	g_autofree char *again = printable_copy(copy, "");
	g_autofree char *kept = printable_copy("a\n\tb\033", "\n\t");

	g_assert_cmpstr(copy, ==, TAMED "\\t\\r");
	g_assert_cmpstr(again, ==, copy);
	g_assert_cmpstr(kept, ==, "a\n\tb\\x1b");
}

static void test_error_hostile(void)
{
	g_autoptr(GError) one = NULL, other = NULL;

	error_set(&one, RLC_ERROR_FAILED, "use '%s'", HOSTILE);
	g_assert_cmpstr(one->message, ==, "use '" TAMED "'");
	error_errno(&other, ENOENT, "open '%s'", HOSTILE);
	error_prefix(&other, "'%s': ", HOSTILE);
	g_assert_cmpstr(other->message, ==,
			"'" TAMED "': open '" TAMED "': No such file or directory");
}

/* The fix is pasted into a shell. */
static void test_hint_hostile(void)
{
	g_autoptr(GError) error = NULL;

	error_set(&error, RLC_ERROR_FAILED, "run it");
	hint_add(&error, HINT_PAYLOAD_ARCH, "/bin/x;\nreboot");
	g_assert_nonnull(strstr(error->message, "\n  fix: file '/bin/x;\\nreboot'   (and"));
}

static void test_hint(void)
{
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) lines = NULL;

	error_errno(&error, EACCES, "open '/dev/net/tun'");
	g_assert_false(hint_add(&error, HINT_TUN_DENIED, NULL));
	g_assert_true(error_is_errno(error, EACCES));
	lines = g_strsplit(error->message, "\n", -1);
	g_assert_cmpuint(g_strv_length(lines), ==, 3);
	g_assert_cmpstr(lines[0], ==, "open '/dev/net/tun': Permission denied [RLC-N03]");
	g_assert_true(g_str_has_prefix(lines[1], "  why: "));
	g_assert_true(g_str_has_prefix(lines[2], "  fix: "));
}

static void test_hint_argument(void)
{
	g_autoptr(GError) error = NULL;

	error_set(&error, RLC_ERROR_NOT_FOUND, "look");
	hint_add(&error, HINT_SUBID_MISSING, "alice");
	g_assert_nonnull(strstr(error->message, "user alice has no range"));
	g_assert_nonnull(strstr(error->message, "100000-165535 alice"));
	g_assert_null(strstr(error->message, "{}"));
}

static void test_hint_nothing(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(hint_add(&error, HINT_OVERLAY, "x"));
	g_assert_no_error(error);
	g_assert_false(hint_add(NULL, HINT_OVERLAY, "x"));
}

/* Who looks a code up reads what stood behind it: no two rows have the same one. */
static void test_hint_codes(void)
{
	for (Hint hint = 0; hint <= HINT_SELINUX_FILES; hint++) {
		g_autoptr(GError) error = NULL;
		g_auto(HintParts) shown = {0}, found = {0};

		error_set(&error, RLC_ERROR_FAILED, "do it");
		hint_add(&error, hint, "\342\200\246");
		shown = hint_split(error->message);
		g_assert_true(hint_lookup(shown.code, &found));
		g_assert_cmpstr(found.why, ==, shown.why);
	}
}

static void test_log_levels(void)
{
	LogLevel level = LOG_WARN;

	g_assert_true(log_level_parse("debug", &level));
	g_assert_cmpint(level, ==, LOG_DEBUG);
	g_assert_false(log_level_parse("DEBUG", &level));
	g_assert_false(log_level_parse("", &level));
	g_assert_cmpint(level, ==, LOG_DEBUG);
	g_assert_true(log_enabled(LOG_ERROR));
	g_assert_false(log_enabled(LOG_DEBUG));
}

static void test_signals(void)
{
	static const char *const wrong[] = {
		"",	 "SIG",	     "NONE",   "0",	  "65",	     "-1",
		"TERM ", "RTMIN+31", "RTMIN+", "RTMIN-1", "RTMAX+1",
	};
	static const struct {
		const char *text;
		int above; /* SIGRTMIN */
	} real_time[] = {{"SIGRTMIN", 0}, {"SIGRTMIN+3", 3}, {"rtmin+30", 30}, {"RTMAX-27", 3}};
	int signal_number = 0;

	for (int i = 1; i < NSIG; i++) {
		g_autofree char *name = signals_name(i), *whole = g_strconcat("SIG", name, NULL);

		g_assert_true(signals_parse(name, &signal_number));
		g_assert_cmpint(signal_number, ==, i);
		g_assert_true(signals_parse(whole, &signal_number));
		g_assert_cmpint(signal_number, ==, i);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(real_time); i++) {
		g_assert_true(signals_parse(real_time[i].text, &signal_number));
		g_assert_cmpint(signal_number, ==, SIGRTMIN + real_time[i].above);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
		g_assert_false(signals_parse(wrong[i], &signal_number));
}

static void test_fd_ownership(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int stolen = fd_steal(&fd);

	g_assert_cmpint(fd, ==, -1);
	g_assert_cmpint(stolen, >=, 0);
	errno = ENOTTY;
	fd_close(&stolen);
	g_assert_cmpint(stolen, ==, -1);
	g_assert_cmpint(errno, ==, ENOTTY);
	fd_close(&stolen); /* closing nothing is fine */
}

static void test_fd_cloexec(void)
{
	auto_fd fd = -1;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = fd_read_file(AT_FDCWD, "/proc/self/stat", 4096, &error);

	g_assert_no_error(error);
	g_assert_nonnull(text);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	g_assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void test_fd_write_and_read(void)
{
	g_autofree char *dir = g_dir_make_tmp("rlct-unit-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "file", NULL), *text = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(g_file_set_contents(path, "old", -1, NULL));
	g_assert_true(fd_write_file(AT_FDCWD, path, "new text", &error));
	g_assert_no_error(error);
	text = fd_read_file(AT_FDCWD, path, 8, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(text, ==, "new text");
	g_unlink(path);
	g_rmdir(dir);
}

static void test_fd_read_limit(void)
{
	g_autoptr(GError) error = NULL;
	char *text = fd_read_file(AT_FDCWD, "/proc/self/status", 10, &error);

	g_assert_null(text);
	g_assert_error(error, RLC_ERRNO, EFBIG);
}

static void test_fd_read_endless(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(fd_read_file(AT_FDCWD, "/dev/zero", 1 << 20, &error));
	g_assert_error(error, RLC_ERRNO, EINVAL);
}

static void test_fd_read_fifo(void)
{
	g_autofree char *dir = g_dir_make_tmp("rlct-unit-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "fifo", NULL);
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(mkfifo(path, 0600), ==, 0);
	g_assert_null(fd_read_file(AT_FDCWD, path, 100, &error)); /* and does not wait */
	g_assert_error(error, RLC_ERRNO, EINVAL);
	g_unlink(path);
	g_rmdir(dir);
}

static void test_fd_read_missing(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(fd_read_file(AT_FDCWD, "/nonexistent/file", 100, &error));
	g_assert_error(error, RLC_ERRNO, ENOENT);
	g_assert_nonnull(strstr(error->message, "/nonexistent/file"));
}

/* Whatever another user put at the name, it is replaced and never followed. */
static void test_fd_replace_file(void)
{
	g_autofree char *place = g_dir_make_tmp("rlc-base-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(place, "file", NULL);
	g_autofree char *victim = g_build_filename(place, "victim", NULL);
	g_autofree char *inside = g_build_filename(path, "x", NULL);
	auto_fd dir = -1;

	for (int kind = 0; kind < 4; kind++) {
		g_autofree char *text = NULL, *kept = NULL;
		g_autoptr(GError) error = NULL;
		struct stat st;

		g_assert_true(g_file_set_contents(victim, "precious", -1, NULL));
		g_assert_cmpint(kind == 0   ? 0
				: kind == 1 ? symlink(victim, path)
				: kind == 2 ? link(victim, path)
					    : mkfifo(path, 0666),
				==, 0);
		g_assert_true(fd_replace_file(path, "new", 0600, &dir, &error));
		g_assert_no_error(error);
		g_assert_true(g_file_get_contents(victim, &kept, NULL, NULL));
		g_assert_cmpstr(kept, ==, "precious");
		g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
		g_assert_cmpstr(text, ==, "new");
		g_assert_true(lstat(path, &st) == 0 && S_ISREG(st.st_mode));
		g_assert_cmpint(unlinkat(dir, "file", 0), ==, 0);
		fd_close(&dir);
	}
	g_assert_false(fd_replace_file(inside, "new", 0600, NULL, NULL));
	unlink(victim);
	g_assert_cmpint(rmdir(place), ==, 0); /* nothing half made is left */
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	g_test_add_func("/base/error/set", test_error_set);
	g_test_add_func("/base/error/errno", test_error_errno);
	g_test_add_func("/base/error/domains", test_error_domains_differ);
	g_test_add_func("/base/printable", test_printable);
	g_test_add_func("/base/error/hostile", test_error_hostile);
	g_test_add_func("/base/hint/hostile", test_hint_hostile);
	g_test_add_func("/base/hint/three-lines", test_hint);
	g_test_add_func("/base/hint/argument", test_hint_argument);
	g_test_add_func("/base/hint/no-error", test_hint_nothing);
	g_test_add_func("/base/hint/codes", test_hint_codes);
	g_test_add_func("/base/log/levels", test_log_levels);
	g_test_add_func("/base/signals", test_signals);
	g_test_add_func("/base/fd/ownership", test_fd_ownership);
	g_test_add_func("/base/fd/cloexec", test_fd_cloexec);
	g_test_add_func("/base/fd/write-and-read", test_fd_write_and_read);
	g_test_add_func("/base/fd/limit", test_fd_read_limit);
	g_test_add_func("/base/fd/endless", test_fd_read_endless);
	g_test_add_func("/base/fd/fifo", test_fd_read_fifo);
	g_test_add_func("/base/fd/missing", test_fd_read_missing);
	g_test_add_func("/base/fd/replace", test_fd_replace_file);
	return g_test_run();
}
