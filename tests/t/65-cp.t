#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rlc cp: files both ways, whose they are afterwards, and what a payload that changes them meanwhile can do.
. "$(dirname "$0")/../lib/lib.sh"
needs root mountns rlc userns subids busybox
user_with_subids
user_without_subids
leftovers_begin

bb=builtin:busybox
rlc() { as "$who" "$RLC" "$@"; }
begin() {
	run rlc run -d --rm --name c --network none "$@"
	is "$status" 0 "$kind: a container runs"
}
no_container() { ! rlc exec c true; }
end() {
	rlc exec c kill -KILL 2 2>/dev/null
	ok "$kind: it ends" wait_for 10 no_container
}
# A tree of the user's in $dir
tree() {
	dir=$T/$kind
	rm -rf "$dir"
	mkdir -p "$dir/src/sub/empty"
	echo one >"$dir/src/one"
	echo two >"$dir/src/sub/two words"
	ln -s /etc/passwd "$dir/src/link"
	chmod 640 "$dir/src/one"
	chmod 4755 "$dir/src/sub/two words"
	touch -d '2001-02-03 04:05:06' "$dir/src/one"
	chown -hR "$who": "$dir"
}
files() { (cd "$1" && find . -printf '%p %y %m %l\n' | sort); }

# ------------------------------------------------------------ there and back

for who in root mapped "$sub" "$one"; do
	kind=${who#rlct-}
	kind=${kind%%-*}
	options=()
	[ "$kind" != mapped ] || who=root options=(--userns map=0:700000:65536)
	tree
	begin "${options[@]}" $bb sleep 1000
	run rlc cp "$dir/src" c:/new
	is "$status$out$err" 0 "$kind: a directory becomes another"
	run rlc exec c sh -c 'cd /new && find . | sort; cat one "sub/two words"; stat -c "%u %g %a %Y" one'
	is "$out" $'.\n./link\n./one\n./sub\n./sub/empty\n./sub/two words\none\ntwo\n0 0 640 981173106' \
		"$kind: with all that is in it, its mode, its time, and root's"
	rlc exec c mkdir /old
	rlc cp "$dir/src" c:/old
	rlc cp "$dir/src/." c:/old
	run rlc exec c sh -c 'cd /old && find . -maxdepth 2 | sort | tr "\n" " "'
	is "${out% }" ". ./link ./one ./src ./src/link ./src/one ./src/sub ./sub ./sub/empty ./sub/two words" \
		"$kind: a directory that exists takes it in, or what is in it"
	rlc cp "$dir/src/one" c:/old/src/link
	is "$(rlc exec c sh -c 'cat /old/src/link; test -L /old/src/link || echo file; wc -l </etc/passwd | grep -c ^1$')" $'one\nfile\n0' \
		"$kind: a link in the way is replaced, not followed"
	run rlc cp "$dir/src/one" c:/nowhere/
	refused "$kind: a directory that does not exist" "'/nowhere/'"
	run rlc cp "$dir/src/none" c:/tmp
	refused "$kind: a file that does not exist" "/src/none'"
	run rlc cp "$dir/src" c:/new/one
	refused "$kind: a directory onto a file" "'one'"

	run rlc cp c:/new "$dir/back"
	is "$status$out$err" 0 "$kind: and back"
	chmod 0755 "$dir/src/sub/two words" # without the set-id bit
	is "$(files "$dir/back")" "$(files "$dir/src")" "$kind: the same, but for set-id bits"
	is "$(find "$dir/back" ! -user "$who")" "" "$kind: all of it the caller's"
	is "$(stat -c %Y "$dir/back/one")" 981173106 "$kind: with its time"
	rlc exec c sh -c 'cp /bin/busybox /suid; chmod 6755 /suid; chown 0:0 /suid'
	rlc cp c:/suid "$dir/suid"
	is "$(stat -c %a "$dir/suid")" 755 "$kind: no set-id program comes out"
	rlc cp c:/proc/version "$dir/version"
	is "$(cat "$dir/version")" "$(cat /proc/version)" "$kind: a file that does not say how long it is"
	# shellcheck disable=SC2016
	as "$who" sh -c 'mkdir "$1/here" && cd "$1/here" && "$2" cp c:new/one .' sh "$dir" "$RLC"
	is "$(cat "$dir/here/one")" one "$kind: paths start at the working directory, and inside at the root"
	run rlc cp c:/new/one c:/new/two
	refused "$kind: within a container" "just one"
	run rlc cp "$dir/src" "$dir/to"
	refused "$kind: without a container" "just one"

	# links stay within
	rlc exec c sh -c 'mkdir -p /in; echo inside >/in/file; ln -s /in /abs; ln -s ../../../../../in /rel; ln -s /etc/shadow /shadow'
	rlc cp c:/abs/file "$dir/abs" && rlc cp c:/rel/../in/file "$dir/rel"
	is "$(cat "$dir/abs" "$dir/rel")" $'inside\ninside' "$kind: links are resolved within the container"
	rlc cp c:/shadow "$dir/shadow"
	is "$(readlink "$dir/shadow")" /etc/shadow "$kind: a link comes out as a link"
	for path in /proc/1/root/etc/hostname /proc/self/root/etc/hostname /proc/1/cwd/x /proc/self/fd/3/x; do
		run rlc cp "c:$path" "$dir/out"
		is "$status" 125 "$kind: $path leads nowhere"
	done
	ok "$kind: nothing came of it" test ! -e "$dir/out"

	# what is no file does not hold it up
	rlc exec c sh -c 'mkdir /odd; mkfifo /odd/fifo; ln -s /dev/zero /odd/zero; touch "/odd/$(printf "a\\033[31mb")"; mkfifo "/odd/$(printf "f\\033[31mb")"'
	RUN_TIMEOUT=10 run rlc cp c:/odd "$dir/odd"
	is "$status" 0 "$kind: a FIFO is passed over"
	like "$err" "'fifo' is not copied" "$kind: and that is said"
	unlike "$err" $'\033' "$kind: without what a terminal would obey"
	rlc exec -d c sh -c 'while :; do echo line; done >/endless'
	wait_for 5 rlc exec c test -s /endless
	RUN_TIMEOUT=20 run rlc cp c:/endless "$dir/endless"
	is "$status" 0 "$kind: a file that grows without end"
	rlc exec c killall -q sh
	end
done
no_leftovers "nothing is left"

# ------------------------------------------------------------ swapped meanwhile (CVE-2018-15664)

cat >"$T/swap.py" <<'END'
import ctypes, os, sys
libc = ctypes.CDLL(None)
a, b = (name.encode() for name in sys.argv[1:3])
while True:
    libc.renameat2(-100, a, -100, b, 2)   # RENAME_EXCHANGE
END
chmod 0644 "$T/swap.py"
who=$sub kind=sub
canary=$T/canary
mkdir "$canary" "$T/vol" "$T/payload"
chown "$who:" "$canary" "$T/vol" "$T/payload"
for name in {1..20}; do as "$who" sh -c "echo payload >'$T/payload/$name'"; done
echo secret >"$canary/secret"
# the host's path leads to the same place inside: a link that was followed by either would show
begin -v "$T/vol:$T/vol" -v "$T/swap.py:/swap.py" --rootfs /:O sleep 1000
rlc exec c sh -c "mkdir -p '$T/vol/tree/sub' && ln -s '$canary' '$T/vol/tree/link' && cp /etc/passwd '$T/vol/tree/sub'"
rlc exec c sh -c 'mkdir -p /from/sub /from/link && touch /from/sub/a /from/link/b'
rlc exec -d c python3 /swap.py "$T/vol/tree/sub" "$T/vol/tree/link"
for ((i = 0; i < 60; i++)); do
	rlc cp "$T/payload/." "c:$T/vol/tree/sub" 2>/dev/null
	rlc cp c:/from/. "$T/vol/tree" 2>/dev/null
	rlc cp "c:$T/vol/tree" "$T/tmp/got" 2>/dev/null
done
is "$(ls "$canary")" secret "nothing was written where the link leads on the host"
like "$(find "$T/tmp/got" | wc -l)" "^[0-9]+$" "copies were made"
is "$(grep -rl secret "$T/tmp/got")" "" "nor read from there"
written_outside() { # in one process, or none of many copies starts in time
	as "$sub" python3 -c 'import os, shutil, sys
at, canary = sys.argv[1:]
for i in range(10000):
    try:
        if not os.path.islink(at):
            shutil.copy("/etc/hostname", at)
    except OSError:
        pass
    if os.path.exists(canary + "/hostname"):
        break' "$T/vol/tree/sub" "$canary"
	[ -e "$canary/hostname" ]
}
ok "who copies by name writes there" wait_for 30 written_outside
end
rm -rf "$T/tmp/got"
no_leftovers "nothing is left at the end"
done_testing
