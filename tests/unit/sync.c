/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sync protocol: messages and descriptors arrive, errors cross, silence is noticed. */
#include "kernel/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

typedef struct {
	Sync supervisor, init;
} Pair;

static void pair_open(Pair *pair, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	g_assert_true(sync_pair(&pair->supervisor, &pair->init, &error));
	g_assert_no_error(error);
}

static void pair_close(Pair *pair, gconstpointer data)
{
	(void)data;
	sync_close(&pair->supervisor);
	sync_close(&pair->init);
}

static void test_message(Pair *pair, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	g_assert_true(sync_send(&pair->supervisor, SYNC_MAPPED, -1, &error));
	g_assert_true(sync_expect(&pair->init, SYNC_MAPPED, NULL, &error));
	g_assert_no_error(error);
}

static void test_descriptor(Pair *pair, gconstpointer data)
{
	auto_fd null = open("/dev/null", O_RDONLY | O_CLOEXEC), received = -1;
	g_autoptr(GError) error = NULL;
	struct stat sent, got;

	(void)data;
	g_assert_true(sync_send(&pair->init, SYNC_TAP, null, &error));
	g_assert_true(sync_expect(&pair->supervisor, SYNC_TAP, &received, &error));
	g_assert_no_error(error);
	g_assert_cmpint(received, >=, 0);
	g_assert_cmpint(received, !=, null);
	g_assert_true(fcntl(received, F_GETFD) & FD_CLOEXEC);
	g_assert_cmpint(fstat(null, &sent), ==, 0);
	g_assert_cmpint(fstat(received, &got), ==, 0);
	g_assert_cmpuint(sent.st_rdev, ==, got.st_rdev);
}

static void test_descriptor_missing(Pair *pair, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	int received = -1;

	(void)data;
	g_assert_true(sync_send(&pair->init, SYNC_TAP, -1, &error));
	g_assert_false(sync_expect(&pair->supervisor, SYNC_TAP, &received, &error));
	g_assert_error(error, RLC_ERROR, RLC_ERROR_FAILED);
	g_assert_cmpint(received, ==, -1);
}

static void test_other_message(Pair *pair, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	g_assert_true(sync_send(&pair->init, SYNC_READY, -1, &error));
	g_assert_false(sync_expect(&pair->supervisor, SYNC_TAP, NULL, &error));
	g_assert_error(error, RLC_ERROR, RLC_ERROR_FAILED);
}

static void test_error_crosses(Pair *pair, gconstpointer data)
{
	g_autoptr(GError) sent = NULL, got = NULL;

	(void)data;
	error_errno(&sent, EACCES, "open '/dev/net/tun'");
	sync_send_error(&pair->init, sent);
	g_assert_false(sync_expect(&pair->supervisor, SYNC_READY, NULL, &got));
	g_assert_error(got, RLC_ERRNO, EACCES);
	g_assert_cmpstr(got->message, ==, sent->message);
	g_assert_true(pair->supervisor.peer_failed);
}

/* Whoever it is that speaks next. */
static void test_error_behind_unread(Pair *pair, gconstpointer data)
{
	g_autoptr(GError) sent = NULL, got = NULL;

	(void)data;
	g_assert_true(sync_send(&pair->supervisor, SYNC_TAP, -1, NULL)); /* nobody reads it */
	error_errno(&sent, EACCES, "open '/dev/net/tun'");
	sync_send_error(&pair->init, sent);
	sync_close(&pair->init);
	g_assert_false(sync_send(&pair->supervisor, SYNC_LANE, -1, &got));
	g_assert_error(got, RLC_ERRNO, EACCES);
	g_assert_cmpstr(got->message, ==, sent->message);
}

static void test_refusal_crosses(Pair *pair, gconstpointer data)
{
	g_autoptr(GError) sent = NULL, got = NULL;

	(void)data;
	error_set(&sent, RLC_ERROR_EXEC_NOT_FOUND, "find 'x': not in PATH");
	sync_send_error(&pair->init, sent);
	g_assert_false(sync_expect_exec(&pair->supervisor, &got));
	g_assert_error(got, RLC_ERROR, RLC_ERROR_EXEC_NOT_FOUND);
}

static void test_long_error(Pair *pair, gconstpointer data)
{
	g_autofree char *text = g_strnfill(100000, 'x');
	g_autoptr(GError) sent = NULL, got = NULL;

	(void)data;
	error_set(&sent, RLC_ERROR_FAILED, "%s", text);
	sync_send_error(&pair->init, sent);
	g_assert_false(sync_expect(&pair->supervisor, SYNC_READY, NULL, &got));
	g_assert_error(got, RLC_ERROR, RLC_ERROR_FAILED);
	g_assert_true(g_str_has_prefix(text, got->message)); /* cut, but there */
	g_assert_cmpuint(strlen(got->message), >, 1000);
}

static void test_death(Pair *pair, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	sync_close(&pair->init);
	g_assert_false(sync_expect(&pair->supervisor, SYNC_READY, NULL, &error));
	g_assert_error(error, RLC_ERROR, RLC_ERROR_FAILED);
}

/* init fails before it reads what the supervisor sent: the error still arrives */
static void test_error_of_the_dead(Pair *pair, gconstpointer data)
{
	g_autoptr(GError) sent = NULL, got = NULL;

	(void)data;
	error_errno(&sent, EIO, "fail early");
	sync_send_error(&pair->init, sent);
	g_assert_true(sync_send(&pair->supervisor, SYNC_MAPPED, -1, &got));
	sync_close(&pair->init);
	g_assert_false(sync_expect(&pair->supervisor, SYNC_TAP, NULL, &got));
	g_assert_error(got, RLC_ERRNO, EIO);
}

/* init dies without a word, with a message unread */
static void test_death_unread(Pair *pair, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	g_assert_true(sync_send(&pair->supervisor, SYNC_MAPPED, -1, &error));
	sync_close(&pair->init);
	g_assert_false(sync_expect(&pair->supervisor, SYNC_TAP, NULL, &error));
	g_assert_error(error, RLC_ERROR, RLC_ERROR_FAILED);
}

static void test_exec(Pair *pair, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	sync_close(&pair->init); /* as exec does */
	g_assert_true(sync_expect_exec(&pair->supervisor, &error));
	g_assert_no_error(error);
}

static void test_send_to_the_dead(Pair *pair, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	sync_close(&pair->init);
	g_assert_false(sync_send(&pair->supervisor, SYNC_START, -1, &error)); /* and no SIGPIPE */
	g_assert_error(error, RLC_ERRNO, EPIPE);
}

/* The supervisor finds nobody listening: the reason is what init said last */
static void test_send_after_error(Pair *pair, gconstpointer data)
{
	g_autoptr(GError) sent = NULL, got = NULL;

	(void)data;
	error_errno(&sent, EIO, "fail early");
	sync_send_error(&pair->init, sent);
	sync_close(&pair->init);
	g_assert_false(sync_send(&pair->supervisor, SYNC_MAPPED, -1, &got));
	g_assert_error(got, RLC_ERRNO, EIO);
	g_assert_true(pair->supervisor.peer_failed);
}

static void test_foreign_packet(Pair *pair, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	g_assert_cmpint(send(pair->init.fd, "x", 1, 0), ==, 1);
	g_assert_false(sync_expect(&pair->supervisor, SYNC_READY, NULL, &error));
	g_assert_nonnull(error);
}

#define ADD(name, function) g_test_add("/sync/" name, Pair, NULL, pair_open, function, pair_close)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	ADD("message", test_message);
	ADD("descriptor", test_descriptor);
	ADD("descriptor-missing", test_descriptor_missing);
	ADD("other-message", test_other_message);
	ADD("error", test_error_crosses);
	ADD("error-behind-unread", test_error_behind_unread);
	ADD("refusal", test_refusal_crosses);
	ADD("long-error", test_long_error);
	ADD("death", test_death);
	ADD("death-unread", test_death_unread);
	ADD("error-of-the-dead", test_error_of_the_dead);
	ADD("exec", test_exec);
	ADD("send-to-the-dead", test_send_to_the_dead);
	ADD("send-after-error", test_send_after_error);
	ADD("foreign-packet", test_foreign_packet);
	return g_test_run();
}
