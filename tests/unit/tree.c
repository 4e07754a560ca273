/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layers made one tree, by links and by copies: what the kernel's overlay would show. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/tree.h"

typedef struct {
	char *path; /* of everything */
	int dir, lower, upper, target;
} Layers;

static int make_dir(int dirfd, const char *path)
{
	g_assert_cmpint(mkdirat(dirfd, path, 0755), ==, 0);
	return openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void write_text(int dirfd, const char *path, const char *text)
{
	auto_fd fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

	g_assert_true(fd >= 0 && fd_write_all(fd, text, strlen(text)));
}

static void set_up(Layers *layers, gconstpointer data)
{
	(void)data;
	layers->path = g_dir_make_tmp("rlc-test-XXXXXX", NULL);
	layers->dir = open(layers->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	layers->lower = make_dir(layers->dir, "lower");
	layers->upper = make_dir(layers->dir, "upper");
	layers->target = make_dir(layers->dir, "target");
}

static void tear_down(Layers *layers, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *name = g_path_get_basename(layers->path);
	g_autofree char *above = g_path_get_dirname(layers->path);
	auto_fd dir = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)data;
	close(layers->dir);
	close(layers->lower);
	close(layers->upper);
	close(layers->target);
	g_assert_true(tree_remove(dir, name, &error));
	g_assert_no_error(error);
	g_assert_cmpint(access(layers->path, F_OK), ==, -1);
	g_free(layers->path);
}

static void apply(const Layers *layers, TreeHow how)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(tree_apply_layer(layers->lower, layers->target, how, &error));
	g_assert_true(tree_apply_layer(layers->upper, layers->target, how, &error));
	g_assert_no_error(error);
}

static void assert_text(const Layers *layers, const char *path, const char *expected)
{
	g_autofree char *text = fd_read_file(layers->target, path, 1000, NULL);

	g_assert_cmpstr(text, ==, expected);
}

static bool exists(const Layers *layers, const char *path)
{
	struct stat st;

	return fstatat(layers->target, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void test_replace(Layers *layers, gconstpointer how)
{
	auto_fd lower_dir = make_dir(layers->lower, "dir"),
		upper_dir = make_dir(layers->upper, "dir");
	auto_fd was_dir = make_dir(layers->lower, "was-dir");
	auto_fd is_dir = make_dir(layers->upper, "is-dir");

	write_text(layers->lower, "both", "old");
	write_text(layers->upper, "both", "new");
	write_text(lower_dir, "a", "a");
	write_text(upper_dir, "b", "b");
	write_text(was_dir, "x", "x");
	write_text(layers->upper, "was-dir", "file");
	write_text(layers->lower, "is-dir", "file");
	write_text(is_dir, "y", "y");
	apply(layers, GPOINTER_TO_INT(how));
	assert_text(layers, "both", "new");
	assert_text(layers, "dir/a", "a");
	assert_text(layers, "dir/b", "b");
	assert_text(layers, "was-dir", "file");
	assert_text(layers, "is-dir/y", "y");
}

static void test_remove(Layers *layers, gconstpointer how)
{
	auto_fd dir = make_dir(layers->lower, "dir"),
		opaque_lower = make_dir(layers->lower, "opaque");
	auto_fd opaque = make_dir(layers->upper, "opaque");

	write_text(dir, "x", "x");
	write_text(layers->lower, "file", "x");
	write_text(opaque_lower, "old", "x");
	write_text(opaque, "new", "x");
	g_assert_cmpint(mknodat(layers->upper, "dir", S_IFCHR, makedev(0, 0)), ==, 0);
	g_assert_cmpint(mknodat(layers->upper, "file", S_IFCHR, makedev(0, 0)), ==, 0);
	g_assert_cmpint(mknodat(layers->upper, "never", S_IFCHR, makedev(0, 0)), ==, 0);
	g_assert_cmpint(fsetxattr(opaque, "user.overlay.opaque", "y", 1, 0), ==, 0);
	apply(layers, GPOINTER_TO_INT(how));
	g_assert_false(exists(layers, "dir"));
	g_assert_false(exists(layers, "file"));
	g_assert_false(exists(layers, "never"));
	g_assert_false(exists(layers, "opaque/old"));
	g_assert_true(exists(layers, "opaque/new"));
}

/* What comes of a layer is that layer again. */
static void test_same(Layers *layers, gconstpointer data)
{
	auto_fd opaque = make_dir(layers->upper, "opaque");
	g_autoptr(GError) error = NULL;
	auto_fd made = -1;
	struct stat st;
	char value = 0;

	(void)data;
	write_text(opaque, "new", "x");
	g_assert_cmpint(symlinkat("new", opaque, "link"), ==, 0);
	g_assert_cmpint(mknodat(layers->upper, "gone", S_IFCHR, makedev(0, 0)), ==, 0);
	g_assert_cmpint(fsetxattr(opaque, "user.overlay.opaque", "y", 1, 0), ==, 0);
	g_assert_true(tree_apply_layer(layers->upper, layers->target, TREE_SAME, &error));
	g_assert_no_error(error);
	g_assert_cmpint(fstatat(layers->target, "gone", &st, 0), ==, 0);
	g_assert_true(S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0));
	g_assert_cmpint(fstatat(layers->target, "opaque/new", &st, 0), ==, 0);
	g_assert_cmpuint(st.st_nlink, ==, 2);
	assert_text(layers, "opaque/link", "x");
	made = openat(layers->target, "opaque", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g_assert_cmpint(fgetxattr(made, "user.overlay.opaque", &value, 1), ==, 1);
}

/* DEPTH directories in one another, a file in each; the names that are used on the way are taken.
 */
static void make_deep(int at, unsigned depth)
{
	auto_fd dir = make_dir(at, "deep");
	auto_fd taken = make_dir(dir, "1");

	write_text(dir, "0", "in the way");
	write_text(taken, "file", "so is its directory");
	for (unsigned i = 0; i < depth; i++) {
		int below = make_dir(dir, "d");

		write_text(below, "file", "text");
		close(dir);
		dir = below;
	}
}

static void test_remove_deep(Layers *layers, gconstpointer data)
{
	struct rlimit before, few;
	g_autoptr(GError) error = NULL;

	(void)data;
	make_deep(layers->dir, 3000);
	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
	few = (struct rlimit){400, before.rlim_max};
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &few), ==, 0);
	tree_remove(layers->dir, "deep", &error);
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
	g_assert_no_error(error);
	g_assert_cmpint(faccessat(layers->dir, "deep", F_OK, 0), ==, -1);
}

static void test_attributes(Layers *layers, gconstpointer how)
{
	const struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 2000, .tv_nsec = 5}};
	auto_fd lower_dir = make_dir(layers->lower, "dir"),
		upper_dir = make_dir(layers->upper, "dir");
	auto_fd made = -1;
	struct stat st;
	char value = 0;

	write_text(upper_dir, "x", "x");
	g_assert_cmpint(fchmod(lower_dir, 0700), ==, 0);
	g_assert_cmpint(fchmod(upper_dir, 01711), ==, 0);
	g_assert_cmpint(fsetxattr(upper_dir, "user.test", "1", 1, 0), ==, 0);
	g_assert_cmpint(fchmodat(upper_dir, "x", 04755, 0), ==, 0);
	g_assert_cmpint(utimensat(upper_dir, "x", times, 0), ==, 0);
	g_assert_cmpint(futimens(upper_dir, times), ==, 0);
	g_assert_cmpint(symlinkat("/etc/passwd", layers->upper, "link"), ==, 0);
	g_assert_cmpint(utimensat(layers->upper, "link", times, AT_SYMLINK_NOFOLLOW), ==, 0);
	g_assert_cmpint(mkfifoat(layers->upper, "fifo", 0600), ==, 0);
	g_assert_cmpint(fchmod(layers->upper, 0751), ==, 0);
	apply(layers, GPOINTER_TO_INT(how));

	g_assert_cmpint(fstatat(layers->target, "dir", &st, 0), ==, 0);
	g_assert_cmpint(st.st_mode & 07777, ==, 01711);
	g_assert_cmpint(st.st_mtim.tv_sec, ==, 2000);
	g_assert_cmpint(st.st_mtim.tv_nsec, ==, 5);
	g_assert_cmpint(fstatat(layers->target, "dir/x", &st, 0), ==, 0);
	g_assert_cmpint(st.st_mode & 07777, ==, 04755);
	g_assert_cmpint(st.st_mtim.tv_sec, ==, 2000);
	g_assert_cmpint(fstatat(layers->target, "link", &st, AT_SYMLINK_NOFOLLOW), ==, 0);
	g_assert_true(S_ISLNK(st.st_mode));
	g_assert_cmpint(st.st_mtim.tv_sec, ==, 2000);
	g_assert_cmpint(fstatat(layers->target, "fifo", &st, 0), ==, 0);
	g_assert_true(S_ISFIFO(st.st_mode));
	g_assert_cmpint(fstat(layers->target, &st), ==, 0);
	g_assert_cmpint(st.st_mode & 07777, ==, 0751);
	made = openat(layers->target, "dir", O_RDONLY | O_CLOEXEC);
	g_assert_cmpint(fgetxattr(made, "user.test", &value, 1), ==, 1);
	g_assert_cmpint(value, ==, '1');
}

static void test_hard_links(Layers *layers, gconstpointer how)
{
	auto_fd dir = make_dir(layers->lower, "dir");
	struct stat one, two;

	write_text(layers->lower, "one", "x");
	g_assert_cmpint(linkat(layers->lower, "one", dir, "two", 0), ==, 0);
	apply(layers, GPOINTER_TO_INT(how));
	g_assert_cmpint(fstatat(layers->target, "one", &one, 0), ==, 0);
	g_assert_cmpint(fstatat(layers->target, "dir/two", &two, 0), ==, 0);
	g_assert_cmpint(one.st_ino, ==, two.st_ino);
}

/* A link of a lower layer is not followed when the layer above has a directory of its name. */
static void test_links_lead_nowhere(Layers *layers, gconstpointer how)
{
	auto_fd outside = make_dir(layers->dir, "outside"), dir = make_dir(layers->upper, "dir");
	struct stat st;

	write_text(outside, "kept", "x");
	write_text(dir, "kept", "evil");
	g_assert_cmpint(symlinkat("../outside", layers->lower, "dir"), ==, 0);
	apply(layers, GPOINTER_TO_INT(how));
	g_assert_cmpint(fstatat(outside, "kept", &st, 0), ==, 0);
	g_assert_cmpint(st.st_size, ==, 1);
	assert_text(layers, "dir/kept", "evil");
}

static void add(const char *name, TreeHow how, void (*test)(Layers *, gconstpointer))
{
	g_autofree char *path =
		g_strdup_printf("/tree/%s/%s", how == TREE_LINK ? "link" : "copy", name);

	g_test_add(path, Layers, GINT_TO_POINTER(how), set_up, test, tear_down);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	for (TreeHow how = TREE_LINK; how <= TREE_COPY; how++) {
		add("replace", how, test_replace);
		add("remove", how, test_remove);
		add("attributes", how, test_attributes);
		add("hard-links", how, test_hard_links);
		add("links-lead-nowhere", how, test_links_lead_nowhere);
	}
	g_test_add("/tree/same", Layers, NULL, set_up, test_same, tear_down);
	g_test_add("/tree/remove-deep", Layers, NULL, set_up, test_remove_deep, tear_down);
	return g_test_run();
}
