/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The payload of the benchmarks: a program that ends, without the start of a C library. */
#include <sys/syscall.h>

void _start(void) __attribute__((noreturn));

void _start(void)
{
#if defined(__x86_64__)
	__asm__ volatile("syscall" : : "a"(SYS_exit), "D"(0));
#elif defined(__aarch64__)
	register long number __asm__("x8") = SYS_exit;
	register long status __asm__("x0") = 0;

	__asm__ volatile("svc 0" : : "r"(number), "r"(status));
#else
#error "how does a process end on this machine?"
#endif
	__builtin_unreachable();
}
