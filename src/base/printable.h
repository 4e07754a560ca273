/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text for people: whatever others put into it (images, payloads, names of files), it has nothing
 * that a terminal obeys, and stays on its line.  Any process.
 */
#pragma once

/*
 * A copy in which what is no printable character of UTF-8 is written \n, \t, \r or \xNN, but for
 * the characters (of ASCII) in kept.  A text that was made printable does not change.  Caller
 * frees.
 */
char *printable_copy(const char *text, const char *kept);
