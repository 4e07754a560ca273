#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The harness notices what it is there to notice: failures, skips, early ends, and everything left behind.
. "$(dirname "$0")/../lib/lib.sh"
needs root

# inner BODY: a test file of its own; $status and $out are its result
inner() {
	cat >"$T/inner.t" <<-END
		. "$LIB/lib.sh"
		$1
		done_testing
	END
	run env -u RLC_TEST_PID RLC_TEST_STRICT="${strict:-0}" bash "$T/inner.t"
}

inner 'is 1 1 "one is one"'
is "$status $(paste -sd' ' <<<"$out")" "0 ok 1 - one is one 1..1" "a test that passes"
inner 'is 1 2 "one is two"'
is "$status" 1 "a test that fails, fails"
like "$out" '^not ok 1 - one is two' "and says so"
like "$err" 'expected: 2' "with what was expected"
inner 'ok "true" true; nok "false" false; like abc b x; unlike abc d x; isnt 1 2 x'
is "$status $(grep -c '^ok' <<<"$out")" "0 5" "each assertion can pass"
inner 'ok "true" false; nok "false" true; like abc d x; unlike abc b x; isnt 1 1 x'
is "$(grep -c '^not ok' <<<"$out")" 5 "and fail"
inner 'pass before; exit 3'
is "$status" 1 "an early end is a failure"
like "$out" 'not ok 2 - the test ended early' "which is reported"

inner 'needs no-such-program'
is "$status" 0 "a need that is not met skips the file"
like "$out" '^1\.\.0 # SKIP needs no-such-program' "with its reason"
strict=1 inner 'needs no-such-program'
is "$status" 1 "which is a failure in strict mode"

inner 'when_finished echo first; when_finished echo second; pass x'
is "$(grep -E 'first|second' <<<"$err" | paste -sd' ')" "second first" "what is registered runs at the end, last first"
inner 'when_finished echo cleaned; kill -TERM $$; sleep 5'
like "$err" cleaned "also when the test is ended from outside"

left() { # DESCRIPTION BODY REGEX: must be noticed
	inner "user_with_subids; leftovers_begin; LEFTOVERS_SECONDS=0
		$2
		no_leftovers x"
	is "$status" 1 "$1 is noticed"
	like "$err" "left: $3" "and named"
}
left "a process" 'sleep 50 &' 'process [0-9]+ sleep'
left "a process that left its parent" '(setsid sleep 51 &) ' 'process [0-9]+ sleep'
left "a user's process" 'as "$sub" sh -c "setsid sleep 52 &"' 'process [0-9]+ sleep'
left "a mount" 'mkdir "$T/m"; mount -t tmpfs m "$T/m"' 'mount .*/m'
left "a file of a user's state" 'as "$sub" sh -c "mkdir -p \$XDG_RUNTIME_DIR/rlc/containers/x"' 'file .*/containers/x'
left "a file in /tmp" 'as "$sub" touch /tmp/rlct-left-$$; when_finished rm -f /tmp/rlct-left-$$' 'file /tmp/rlct-left'
left "a file of root's state" 'mkdir /run/rlc/names /run/rlc/names/x' 'file /run/rlc/names/x'
inner 'user_with_subids; leftovers_begin; as "$sub" true; sleep 0.1 & no_leftovers x'
is "$status" 0 "what ends by itself in time is nothing left"

inner 'user_with_subids; user_without_subids; as "$sub" id -un; as "$one" id -un; grep -c "^$one:" /etc/subuid'
mapfile -t names < <(grep '^rlct-' <<<"$out")
is ${#names[@]} 2 "two users are made"
is "$(getent passwd "${names[@]}")" "" "and removed"
is "$(grep -E "^(${names[0]}|${names[1]}):" /etc/subuid /etc/subgid)" "" "with their ranges"

FOREIGN_SECRET=1 inner 'FOREIGN_SECRET=1; export FOREIGN_SECRET; as root env'
unlike "$out" FOREIGN_SECRET "as gives a clean environment"
inner 'echo "$T"; pass x'
nok "the directory of a test is removed" test -e "$(head -n 1 <<<"$out")"
done_testing
