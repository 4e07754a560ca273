/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The DNS forwarder between a make-believe tap (a socket pair) and name servers on 127.0.0.1: what
 * it forwards, what it refuses, and whom it asks when a server refuses, lies or stays silent.
 */
#include "feature/net_dns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "feature/net_frame.h"

#define HEADERS (ETH_HLEN + 20 + 8)

/* "a.test" A IN, id 0x1234 */
static const uint8_t question[] = "\x12\x34\x01\0\0\1\0\0\0\0\0\0\1a\4test\0\0\1\0\1";
#define QUESTION (sizeof question - 1)

typedef struct {
	NetLoop *loop;
	NetServers servers;
	NetDns *dns;
	int wire;
	int server[2];
} World;

static int server_open(NetServer *server)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server->length = sizeof address;
	g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
	g_assert_cmpint(getsockname(fd, (struct sockaddr *)&server->address, &server->length), ==,
			0);
	return fd;
}

static void world_open(World *world, gconstpointer data)
{
	int ends[2];

	(void)data;
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), ==,
			0);
	world->loop = g_new0(NetLoop, 1);
	world->loop->context = g_main_context_new();
	world->loop->tap = ends[0];
	world->loop->mtu = 1500;
	world->wire = ends[1];
	for (unsigned i = 0; i < 2; i++)
		world->server[i] = server_open(&world->servers.servers[i]);
	world->servers.count = 2;
	world->dns = net_dns_new(world->loop, &world->servers);
}

static void world_close(World *world, gconstpointer data)
{
	(void)data;
	net_dns_free(world->dns);
	for (unsigned i = 0; i < 2; i++)
		fd_close(&world->server[i]);
	fd_close(&world->wire);
	fd_close(&world->loop->tap);
	g_main_context_unref(world->loop->context);
	g_free(world->loop);
}

static void ask_bytes(World *world, const void *message, size_t length)
{
	g_autofree uint8_t *frame = g_malloc0(HEADERS + length);
	uint8_t *ip = frame + ETH_HLEN, *udp = ip + 20;
	NetPacket packet;

	frame[12] = 0x08;
	ip[0] = 0x45;
	ip[2] = (uint8_t)((28 + length) >> 8);
	ip[3] = (uint8_t)(28 + length);
	ip[9] = IPPROTO_UDP;
	memcpy(ip + 12, "\x0a\0\2\x64\x0a\0\2\3", 8);
	memcpy(udp, "\x9c\x40\0\x35", 4);
	udp[4] = (uint8_t)((8 + length) >> 8);
	udp[5] = (uint8_t)(8 + length);
	memcpy(udp + 8, message, length);
	g_assert_true(net_frame_parse(frame, HEADERS + length, &packet));
	net_dns_query(world->dns, &packet);
}

static void ask(World *world)
{
	ask_bytes(world, question, QUESTION);
}

/* Run the loop until fd can be read or ms have passed. */
static ssize_t wait_for(World *world, int fd, void *buffer, size_t size, int ms)
{
	gint64 end = g_get_monotonic_time() + (gint64)ms * 1000;
	ssize_t n;

	while ((n = recv(fd, buffer, size, MSG_DONTWAIT)) < 0 && g_get_monotonic_time() < end) {
		g_main_context_iteration(world->loop->context, FALSE);
		g_usleep(500);
	}
	return n;
}

/* Server i answers what it got with this rcode and length (0: as long as the question). */
static void answer(World *world, unsigned i, unsigned rcode, size_t length, int ms)
{
	static uint8_t message[NET_FRAME_MAX];
	struct sockaddr_in from;
	socklen_t size = sizeof from;
	uint8_t peek;
	ssize_t n;

	for (int waited = 0; waited < ms && recv(world->server[i], &peek, 1, MSG_PEEK) < 0;
	     waited++) {
		g_main_context_iteration(world->loop->context, FALSE);
		g_usleep(1000);
	}
	n = recvfrom(world->server[i], message, sizeof message, 0, (struct sockaddr *)&from, &size);
	g_assert_cmpint(n, >=, 12);
	if (n < 12)
		return;
	message[2] |= 0x80;
	message[3] = (uint8_t)rcode;
	sendto(world->server[i], message, MAX(length, (size_t)n), 0, (struct sockaddr *)&from,
	       size);
}

static const uint8_t *expect_reply(World *world, size_t *ret_length, int ms)
{
	static uint8_t frame[NET_FRAME_MAX];
	ssize_t n = wait_for(world, world->wire, frame, sizeof frame, ms);

	g_assert_cmpint(n, >=, HEADERS + 12);
	*ret_length = n < 0 ? 0 : (size_t)n - HEADERS;
	return frame + HEADERS;
}

static void expect_silence(World *world, int ms)
{
	uint8_t byte;

	g_assert_cmpint(wait_for(world, world->wire, &byte, 1, ms), <, 0);
}

static void test_answer(World *world, gconstpointer data)
{
	const uint8_t *reply;
	size_t length;

	(void)data;
	ask(world);
	answer(world, 0, 0, 0, 1000);
	reply = expect_reply(world, &length, 1000);
	g_assert_cmpuint(length, ==, QUESTION);
	g_assert_cmpmem(reply, 2, question, 2);
}

static void test_nxdomain_is_an_answer(World *world, gconstpointer data)
{
	const uint8_t *reply;
	size_t length;

	(void)data;
	ask(world);
	answer(world, 0, 3, 0, 1000);
	reply = expect_reply(world, &length, 1000);
	g_assert_cmpuint(reply[3], ==, 3);
}

static void test_refusal(World *world, gconstpointer data)
{
	unsigned rcode = GPOINTER_TO_UINT(data);
	const uint8_t *reply;
	size_t length;

	ask(world);
	answer(world, 0, rcode, 0, 1000);
	answer(world, 1, 0, 0, 1000);
	reply = expect_reply(world, &length, 1000);
	g_assert_cmpuint(reply[3], ==, 0);
}

static void test_all_refuse(World *world, gconstpointer data)
{
	const uint8_t *reply;
	size_t length;

	(void)data;
	ask(world);
	answer(world, 0, 2, 0, 1000);
	answer(world, 1, 5, 0, 1000);
	reply = expect_reply(world, &length, 1000);
	g_assert_cmpuint(reply[3], ==, 5);
}

static void test_closed_port(World *world, gconstpointer data)
{
	size_t length;

	(void)data;
	fd_close(&world->server[0]);
	ask(world);
	answer(world, 1, 0, 0, 1000);
	expect_reply(world, &length, 1000);
}

static void test_silence(World *world, gconstpointer data)
{
	const uint8_t *reply;
	gint64 start = g_get_monotonic_time();
	uint8_t heard[512];
	size_t length;

	(void)data;
	ask(world);
	g_assert_cmpint(wait_for(world, world->server[0], heard, sizeof heard, 1000), ==, QUESTION);
	answer(world, 1, 0, 0, 3000);
	reply = expect_reply(world, &length, 1000);
	g_assert_cmpuint(reply[3], ==, 0);
	g_assert_cmpint(g_get_monotonic_time() - start, >=, 1400 * 1000);
	ask(world); /* the silent one is asked last now */
	answer(world, 1, 0, 0, 1000);
	expect_reply(world, &length, 1000);
	g_assert_cmpint(g_get_monotonic_time() - start, <, 2900 * 1000);
}

static void test_wrong_answers(World *world, gconstpointer data)
{
	static const uint8_t other[] = "\x12\x34\x81\0\0\1\0\0\0\0\0\0\1b\4test\0\0\1\0\1";
	uint8_t heard[512], wrong[QUESTION];
	struct sockaddr_in from;
	socklen_t size = sizeof from;
	size_t length;

	(void)data;
	ask(world);
	g_usleep(10000);
	g_assert_cmpint(
		recvfrom(world->server[0], heard, sizeof heard, 0, (struct sockaddr *)&from, &size),
		==, QUESTION);
	memcpy(wrong, heard, QUESTION);
	sendto(world->server[0], wrong, QUESTION, 0, (struct sockaddr *)&from, size); /* no QR */
	wrong[2] |= 0x80;
	wrong[1] ^= 1; /* another id */
	sendto(world->server[0], wrong, QUESTION, 0, (struct sockaddr *)&from, size);
	sendto(world->server[0], other, QUESTION, 0, (struct sockaddr *)&from, size);
	sendto(world->server[0], wrong, 5, 0, (struct sockaddr *)&from, size);
	sendto(world->server[0], wrong, 0, 0, (struct sockaddr *)&from, size);
	wrong[1] ^= 1; /* the right one, from another server */
	sendto(world->server[1], wrong, QUESTION, 0, (struct sockaddr *)&from, size);
	expect_silence(world, 200);
	sendto(world->server[0], wrong, QUESTION, 0, (struct sockaddr *)&from, size);
	expect_reply(world, &length, 1000);
}

static void test_large(World *world, gconstpointer data)
{
	const uint8_t *reply;
	size_t length;

	(void)data;
	ask(world);
	answer(world, 0, 0, 1472, 1000); /* fits 1500 bytes exactly */
	reply = expect_reply(world, &length, 1000);
	g_assert_cmpuint(length, ==, 1472);
	g_assert_cmpuint(reply[2] & 2, ==, 0);
	ask(world);
	answer(world, 0, 0, 1473, 1000);
	reply = expect_reply(world, &length, 1000);
	g_assert_cmpuint(length, ==, QUESTION);
	g_assert_cmpuint(reply[2] & 2, ==, 2);
	g_assert_cmpmem(reply + 6, 6, "\0\0\0\0\0\0", 6);
}

static void test_no_servers(World *world, gconstpointer data)
{
	(void)data;
	world->servers.count = 0;
	ask(world);
	expect_silence(world, 100);
}

/* What is no query never reaches a server. */
static void test_hostile(World *world, gconstpointer data)
{
	uint8_t message[600], heard[600];

	(void)data;
	for (size_t length = 0; length < QUESTION; length++)
		ask_bytes(world, question, length);
	memcpy(message, question, QUESTION);
	message[2] = 0x80; /* an answer */
	ask_bytes(world, message, QUESTION);
	memcpy(message, question, QUESTION);
	message[5] = 2; /* two questions */
	ask_bytes(world, message, QUESTION);
	message[5] = 0; /* none */
	ask_bytes(world, message, QUESTION);
	message[5] = 1;
	message[12] = 0xc0; /* a compressed name that points at itself */
	message[13] = 12;
	ask_bytes(world, message, QUESTION);
	memset(message + 12, 63, sizeof message - 12); /* labels without an end */
	ask_bytes(world, message, sizeof message);
	g_assert_cmpint(wait_for(world, world->server[0], heard, sizeof heard, 100), <, 0);
}

/* More questions than are kept: the oldest give way, and descriptors do not run out. */
static void test_flood(World *world, gconstpointer data)
{
	size_t length;

	(void)data;
	for (int i = 0; i < 3000; i++) {
		uint8_t heard[64];

		ask(world);
		g_assert_cmpint(recv(world->server[0], heard, sizeof heard, 0), ==, QUESTION);
	}
	ask(world);
	answer(world, 0, 0, 0, 1000);
	expect_reply(world, &length, 1000);
}

#define ADD(name, function, data)                                                                  \
	g_test_add("/net/dns/" name, World, data, world_open, function, world_close)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	ADD("answer", test_answer, NULL);
	ADD("nxdomain", test_nxdomain_is_an_answer, NULL);
	ADD("servfail", test_refusal, GUINT_TO_POINTER(2));
	ADD("notimp", test_refusal, GUINT_TO_POINTER(4));
	ADD("refused", test_refusal, GUINT_TO_POINTER(5));
	ADD("all-refuse", test_all_refuse, NULL);
	ADD("closed-port", test_closed_port, NULL);
	ADD("silence", test_silence, NULL);
	ADD("wrong-answers", test_wrong_answers, NULL);
	ADD("large", test_large, NULL);
	ADD("no-servers", test_no_servers, NULL);
	ADD("hostile", test_hostile, NULL);
	ADD("flood", test_flood, NULL);
	return g_test_run();
}
