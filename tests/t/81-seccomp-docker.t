#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The default filter of system calls next to a real Docker engine's: the kernel hands out the code of
# both, and both are run over every call of every ABI.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/world.sh"
. "$(dirname "$0")/../lib/docker.sh"
needs root mountns rlc busybox world docker /usr/bin/python3
world_up || fail "no world"
docker_up || fail "no Docker engine"

filter() { /usr/bin/python3 "$LIB/filter.py" "$1"; }
wider() { # ONE OTHER: what one allows and the other refuses
	comm -23 <(grep ^allow "$1" | cut -f2- | sort) <(grep ^allow "$2" | cut -f2- | sort) | cut -f2-
}
pid_of() { pgrep -f "^sleep $1$$\$"; } # of nobody else's test
filter_of() { grep -c '^Seccomp:.2' "/proc/$1/status"; }

docker_ run -d --rm --name theirs bb sleep 5001$$ >/dev/null
"$RLC" run -d --rm --network none --name ours builtin:busybox sleep 5002$$ >/dev/null
"$RLC" run -d --rm --network none --name open --security-opt seccomp=unconfined builtin:busybox sleep 5003$$ >/dev/null
when_finished "$RLC" rm -f ours open
ok "all run" wait_for 10 eval 'pid_of 5001 && pid_of 5002 && pid_of 5003'
theirs=$(pid_of 5001) ours=$(pid_of 5002)
is "$(filter_of "$theirs")$(filter_of "$ours")$(filter_of "$(pid_of 5003)")" 110 "two have a filter"

filter "$ours" >"$T/ours"
filter "$theirs" >"$T/theirs"
isnt "$(grep -c ^allow "$T/theirs")" 0 "the engine's filter can be read"
for abi in x86_64 i386; do
	for call in read 'clone(0x11, 0x0)' 'socket(0x2, 0x1)' 'personality(0x0, 0x0)'; do
		ok "$abi $call is allowed" grep -qF "allow	$abi	$call" "$T/ours"
	done
	for call in 'clone(0x10000000, 0x0)' keyctl add_key bpf userfaultfd io_uring_setup perf_event_open mount \
		'unshare(0x10000000, 0x0)' 'socket(0x26, 0x1)' 'socket(0x28, 0x1)' 'ioctl(0x0, 0x5412)' \
		'ioctl(0x0, 0x10000541c)' 'personality(0x40000, 0x0)' swapon init_module open_by_handle_at; do
		ok "$abi $call is refused" grep -qF "errno 1	$abi	$call" "$T/ours"
	done
	ok "$abi clone3 is unknown" grep -qF "errno 38	$abi	clone3" "$T/ours"
	ok "$abi: what has no number is unknown" grep -qF "errno 38	$abi	number 479" "$T/ours"
done

# Allowed here, refused by Debian's engine of 2020. Each is in the default of later engines, where it was
# added as libc began to use it, or is no more than what is allowed anyway (process_vm_* and ptrace).
cat >"$T/later" <<'END'
cachestat
fchmodat2
futex_requeue
futex_wait
futex_wake
getxattrat
listmount
listxattrat
map_shadow_stack
mseal
name_to_handle_at
pkey_alloc
pkey_free
pkey_mprotect
process_vm_readv
process_vm_writev
removexattrat
setxattrat
statmount
END
named() { # numbers that libseccomp is too old to name
	sed 's/number 453/map_shadow_stack/; s/number 457/statmount/; s/number 458/listmount/; s/number 462/mseal/
		s/number 463/setxattrat/; s/number 464/getxattrat/; s/number 465/listxattrat/; s/number 466/removexattrat/'
}
is "$(wider "$T/ours" "$T/theirs" | named | sort -u)" "$(cat "$T/later")" \
	"nothing is allowed that the engine refuses, but what is younger than it"
tighter=$(wider "$T/theirs" "$T/ours" | sort -u)
note "refused here, allowed by the engine:" "${tighter//$'\n'/ }"
like "$tighter" "socket\(0x26" "and something that it allows is refused"
done_testing
