#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The source is formatted, its scripts are clean, and each floor includes only its own and lower ones.
. "$(dirname "$0")/../lib/lib.sh"
needs shellcheck clang-format

cd "$SRCDIR" || exit 1
mapfile -t c_files < <(find src tests helpers -name '*.[ch]' -o -name '*.S' 2>/dev/null | sort)
mapfile -t c_only < <(printf '%s\n' "${c_files[@]}" | grep '\.[ch]$')
mapfile -t scripts < <(grep -lE '^#!/bin/(ba)?sh' -r ci .ci tests autogen.sh | sort)
mapfile -t libs < <(find tests/lib -name '*.sh' | sort)

run clang-format --dry-run -Werror "${c_only[@]}"
is "$(grep 'error:' <<<"$err" | cut -d: -f1 | uniq -c)" "" "clang-format has nothing to change"

is "$(shellcheck "${scripts[@]}" "${libs[@]}" 2>&1)" "" "shellcheck has nothing to say"

# Floors: file's floor, included file's floor
floor() {
	case $1 in
	base/*) echo 0 ;;
	model/* | kernel/*) echo 1 ;;
	feature/* | image/*) echo 2 ;;
	container/* | check/* | selftest/*) echo 3 ;;
	cmd/* | oci/*) echo 4 ;;
	main.c) echo 5 ;;
	*) echo 0 ;; # generated, or a system's
	esac
}

upward=
while IFS=: read -r file include; do
	from=${file#src/}
	if [ "$(floor "$from")" -lt "$(floor "$include")" ]; then
		upward+="$from includes $include"$'\n'
	fi
	case ${from%%/*}+${include%%/*} in
	feature+image | image+feature) upward+="$from includes $include, beside it"$'\n' ;;
	esac
	case $from in
	main.c) [[ $include == cmd/* ]] || upward+="main.c includes $include"$'\n' ;;
	esac
done < <(grep -roE '^#include "[^"]+"' src | sed 's/#include "\(.*\)"/\1/')
is "$upward" "" "no file includes a floor above its own"

is "$(find src helpers -name '*util*')" "" "no file is called util"

while read -r topic; do
	[ -e "${topic%.c}.h" ] || [[ $topic == src/main.c || $topic == src/static/* || $topic == src/cmd/* || $topic == src/oci/* || $topic == src/check/check_* || $topic == src/selftest/selftest_* || $topic == helpers/* ]] ||
		fail "$topic has no header"
done < <(find src -name '*.c')

missing=$(grep -L 'SPDX-License-Identifier: GPL-2.0-or-later' "${c_files[@]}" "${scripts[@]}" "${libs[@]}" \
	.github/workflows/*.yml | grep -v '^autogen.sh$')
is "$missing" "" "every file names its licence"

shim=(helpers/newuidmap-shim/*.[ch])
ok "the privileged shim has less than 400 lines" test "$(cat "${shim[@]}" | wc -l)" -lt 400

is "$(grep -nE '\b(TODO|FIXME|XXX)\b' "${c_files[@]}" | head)" "" "nothing was left for later"

# The project stands alone: it does not speak of the machines and plans it was made with
is "$(grep -rnIE '/work/(shared|main)|issues? [0-9]+\b' src tests/unit tests/lib tests/t ci README.md doc \
	helpers 2>/dev/null | grep -v '00-style.t' | head)" "" "no word that only its makers understand"

done_testing
