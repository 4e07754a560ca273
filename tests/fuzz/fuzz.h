/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzz targets share.  A target is a file TARGET.c with one function, which hands its
 * input to a parser and asserts what must hold whatever the input is; its seeds are the files of
 * corpus/TARGET/.  libFuzzer drives it, or where that is missing replay.c.
 */
#pragma once

#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container/record.h"

/* libFuzzer's name for the target. Always returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input as text of exactly its length, up to a NUL. Caller frees. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	return g_strndup((const char *)data, size);
}

/* A function either succeeds or says why not. */
static inline void fuzz_told(bool ok, const GError *error)
{
	g_assert_true(ok == !error);
	g_assert_true(ok || *error->message);
}

/* The input as a file, at its beginning. Caller closes. */
static inline int fuzz_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(write(fd, data, size), ==, (ssize_t)size);
	g_assert_cmpint(lseek(fd, 0, SEEK_SET), ==, 0);
	return fd;
}

/* Write the text to a file of the directory, in place of what was there. */
static inline void fuzz_put(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(write(fd, text, strlen(text)), ==, (ssize_t)strlen(text));
	close(fd);
}

/* Whatever a Spec was made of, its record says the same when it is read again. */
static inline void fuzz_spec_is_recorded(const Spec *spec)
{
	g_autofree char *text = record_format_spec(spec), *again = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(Spec) read = record_parse_spec(text, &error);

	g_assert_no_error(error);
	again = record_format_spec(read);
	g_assert_cmpstr(again, ==, text);
}
