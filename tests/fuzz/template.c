/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --format, filled in. */
#include "cmd/template.h"
#include "fuzz.h"

static const char object[] =
	"{\"ID\":\"abc\",\"Odd\":\"a\\\"b\\\\c}]\\u001b,{\\n\",\"Count\":-7,"
	"\"Yes\":true,\"Nothing\":null,\"State\":{\"ID\":\"inner\",\"Deep\":"
	"{\"Port\":80}},\"List\":[\"x\",\"y,z\"],\"Empty\":[],\"Last\":\"end\"}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = fuzz_text(data, size);
	g_autoptr(GString) filled = g_string_new("before");
	g_autoptr(GError) error = NULL;

	template_is(text);
	fuzz_told(template_fill(text, object, filled, &error), error);
	g_assert_true(g_str_has_prefix(filled->str, "before"));
	if (error)
		g_assert_cmpstr(filled->str, ==, "before");
	return 0;
}
