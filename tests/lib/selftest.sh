# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An rlc that does what it should not, so that checks of `rlc selftest --program` fail.
#
#     selftest_fake            makes $T/bin/fake
#     selftest_results         FORMAT json on standard input: NAME STATUS CODE
#
# It goes by its environment. FAKE_DROP: words that it leaves out, a pattern; FAKE_ADD: words that it adds, but where
# the network is given already; FAKE_SCRIPT: what the payload does first; FAKE_FORK: it is not rlc itself.

selftest_fake() {
	cat >"$T/bin/fake" <<'END'
#!/bin/bash
shift
words=()
for word; do
	# shellcheck disable=SC2053 # a pattern
	[[ $word == $FAKE_DROP ]] || words+=("$word")
done
case " $* $FAKE_ADD " in
*' --network=host '*' --network '* | *' --network=host '*' --dns '*) add=() ;;
*) read -ra add <<<"$FAKE_ADD" ;;
esac
words[-1]=$FAKE_SCRIPT$'\n'${words[-1]}
if [ -n "$FAKE_FORK" ]; then
	"$RLC" run "${add[@]}" "${words[@]}" <&0
	exit
fi
exec "$RLC" run "${add[@]}" "${words[@]}"
END
	chmod 755 "$T/bin/fake"
}

selftest_results() {
	/usr/bin/python3 -c '
import json, sys
for check in json.load(sys.stdin):
    print(check["Name"], check["Status"], check["Code"] or "-")'
}
