#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# With SELinux in AppArmor's place: tests/vm/selinux.t, in the system of 92-vm.t.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/vm.sh"
needs rlc qemu-system-x86_64 mmdebstrap mke2fs apt

RUN_TIMEOUT=900
run "$SRCDIR/ci/vm" --build "$BUILD" --image
is "$status" 0 "there is a system"
in_vm --timeout 600 selinux
done_testing
