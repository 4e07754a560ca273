# SPDX-License-Identifier: GPL-2.0-or-later
"""What system call filters of living processes do: the kernel gives out their code (ptrace(2),
PTRACE_SECCOMP_GET_FILTER, for root), and it is run here over every call of every ABI.

    filter.py PID       every call of every ABI: what happens, and its name
"""
import ctypes
import os
import struct
import sys

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long
scmp = ctypes.CDLL("libseccomp.so.2")
scmp.seccomp_syscall_resolve_num_arch.restype = ctypes.c_void_p

SEIZE, INTERRUPT, DETACH, GET_FILTER = 0x4206, 0x4207, 17, 0x420C
WALL = 0x40000000
X86_64, I386 = 0xC000003E, 0x40000003
SCMP_X32 = 0x4000003E
CALLS = 480

# name, what the kernel calls it, what libseccomp calls it, first number
ABIS = (("x86_64", X86_64, X86_64, 0), ("x32", X86_64, SCMP_X32, 0x40000000), ("i386", I386, I386, 0))

# calls whose arguments matter: by name, first three arguments
CASES = {
    "socket": [(f, 1, 0) for f in range(48)],
    "clone": [(1 << bit, 0, 0) for bit in range(32)] + [(0x11, 0, 0)],
    "personality": [(p, 0, 0) for p in (0, 8, 0x20000, 0x20008, 0xFFFFFFFF, 0x40000, 0x1000000)],
    "ioctl": [(0, c, 0) for c in (0x5401, 0x5412, 0x541C, (1 << 32) | 0x5412, (1 << 32) | 0x541C)],
    "unshare": [(1 << bit, 0, 0) for bit in range(7, 32)],
}

ACTIONS = {0x80000000: "kill", 0: "kill", 0x30000: "trap", 0x50000: "errno", 0x7FC00000: "notify",
           0x7FF00000: "trace", 0x7FFC0000: "log", 0x7FFF0000: "allow"}


def ptrace(request, pid, address=0, data=0):
    result = libc.ptrace(request, pid, address, data)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def filters(pid):
    """The programs of a process, the youngest first."""
    programs = []
    ptrace(SEIZE, pid)
    ptrace(INTERRUPT, pid)
    os.waitpid(pid, WALL)
    try:
        while True:
            try:
                count = ptrace(GET_FILTER, pid, len(programs))
            except FileNotFoundError:
                return programs
            buffer = ctypes.create_string_buffer(8 * count)
            ptrace(GET_FILTER, pid, len(programs), ctypes.addressof(buffer))
            programs.append(list(struct.iter_unpack("<HBBI", buffer.raw)))
    finally:
        ptrace(DETACH, pid)


def run(program, data):
    accumulator = index = at = 0
    memory = [0] * 16
    while True:
        code, yes, no, k = program[at]
        at += 1
        operation, source = code & 0xF0, index if code & 8 else k
        if code == 0x20:
            accumulator = struct.unpack_from("<I", data, k)[0]
        elif code & 7 == 5:
            if operation == 0x00:
                at += k
            elif operation == 0x10:
                at += yes if accumulator == source else no
            elif operation == 0x20:
                at += yes if accumulator > source else no
            elif operation == 0x30:
                at += yes if accumulator >= source else no
            else:
                at += yes if accumulator & source else no
        elif code == 0x06:
            return k
        elif code & 7 == 4:
            accumulator = {0x50: accumulator & source, 0x40: accumulator | source, 0x00: accumulator + source,
                           0x60: accumulator << source, 0x70: accumulator >> source}[operation] & 0xFFFFFFFF
        elif code in (0x00, 0x60):
            accumulator = k if code == 0 else memory[k]
        elif code in (0x01, 0x61):
            index = k if code == 1 else memory[k]
        elif code == 0x02:
            memory[k] = accumulator
        elif code == 0x07:
            index = accumulator
        elif code == 0x87:
            accumulator = index
        else:
            raise ValueError(f"instruction {code:#x}")


def verdict(programs, arch, number, args):
    data = struct.pack("<IIQ6Q", number, arch, 0, *args, 0, 0, 0)
    answers = [run(program, data) for program in programs] or [0x7FFF0000]
    # the strongest wins: what is smallest as a signed number
    answer = min(answers, key=lambda a: (a & 0xFFFF0000) - ((a & 0x80000000) << 1))
    action = ACTIONS[answer & 0xFFFF0000]
    return f"errno {answer & 0xFFFF}" if action == "errno" else action


def name_of(scmp_abi, number):
    text = scmp.seccomp_syscall_resolve_num_arch(ctypes.c_uint32(scmp_abi), ctypes.c_int(number))
    return ctypes.string_at(text).decode() if text else None


def calls():
    for abi, arch, scmp_abi, first in ABIS:
        for number in range(first, first + CALLS):
            name = name_of(scmp_abi, number)
            for args in CASES.get(name, [(0, 0, 0)]):
                shown = name or f"number {number - first}"
                if name in CASES:
                    shown += f"({args[0]:#x}, {args[1]:#x})"
                yield abi, arch, number, args, shown


def main(pid):
    programs = filters(int(pid))
    for abi, arch, number, args, shown in calls():
        print(verdict(programs, arch, number, args), abi, shown, sep="\t")


main(*sys.argv[1:])
