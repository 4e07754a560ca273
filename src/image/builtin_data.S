/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file busybox.bin of the build directory, between two labels. */
	.section .rodata
	.global builtin_busybox, builtin_busybox_end
	.hidden builtin_busybox, builtin_busybox_end
	.balign 4096
builtin_busybox:
	.incbin "busybox.bin"
builtin_busybox_end:
	.byte 0
	.section .note.GNU-stack, "", %progbits
