/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log lines for programs: an object of JSON each, in place of the text of base/log.h. Any process.
 */
#pragma once

#include <stdbool.h>

/*
 * Write what is logged from here on as "text" or as "json": {"time": RFC 3339, "level", "msg"}, and
 * "code", "why", "fix" where it has a hint (base/hint.h).  false for another word.
 */
bool log_json_choose(const char *format);
