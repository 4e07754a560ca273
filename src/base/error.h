/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors: two GError domains.
 *
 * RLC_ERROR is what rlc itself refuses; its code decides the exit status.  RLC_ERRNO is what the
 * kernel refused; its code is the errno.  A function either reports an error (sets it and returns
 * false) or logs it, never both.  A message reads "verb object: cause"; the step loop puts the name
 * of the step in front, and hint.h adds why it happened and the command that fixes it.
 *
 * What stands in a message may be anybody's: a hostile image's User, the name of a file.  So each
 * is made printable (printable.h), and a line of its own only hint.h begins.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define RLC_ERROR (rlc_error_quark())
#define RLC_ERRNO (rlc_errno_quark())

GQuark rlc_error_quark(void);
GQuark rlc_errno_quark(void);

typedef enum {
	RLC_ERROR_FAILED,	  /* anything that has no code of its own */
	RLC_ERROR_USAGE,	  /* the command line or a file is not well formed */
	RLC_ERROR_NOT_FOUND,	  /* the thing named does not exist */
	RLC_ERROR_EXISTS,	  /* the name is taken */
	RLC_ERROR_STATE,	  /* exists, but is in the wrong state for this */
	RLC_ERROR_UNSUPPORTED,	  /* neither this host nor this build can do it */
	RLC_ERROR_EXEC_NOT_FOUND, /* the payload's program does not exist: exit code 127 */
	RLC_ERROR_EXEC_DENIED,	  /* the payload's program cannot be executed: exit code 126 */
} RlcError;

#define error_warn_unused __attribute__((warn_unused_result))

/* Set an RLC_ERROR and return false, so that callers can write `return error_set(...)`. */
bool error_set(GError **error, RlcError code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Set an RLC_ERRNO of errno_value with the message "<format…>: <strerror>" and return false.
 * Pass errno itself as errno_value: it is read before anything can change it.
 */
bool error_errno(GError **error, int errno_value, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Put this in front of the message, if there is an error. */
void error_prefix(GError **error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Is this an RLC_ERRNO of this errno? */
bool error_is_errno(const GError *error, int errno_value);
