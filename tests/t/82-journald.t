#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --log-driver journald: each line an entry of the journal's own protocol, however long it is. A socket of the
# test's stands in for journald.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids tun busybox python3
user_with_subids
[ -n "${RLC_TEST_MOUNTNS:-}" ] || skip_all root "no mount namespace of our own"
[ -d /run/systemd/journal ] || {
	mkdir -p /run/systemd/journal
	when_finished rmdir /run/systemd/journal
}
mount -t tmpfs -o mode=0755 rlct /run/systemd/journal
mount --make-private /run/systemd/journal
when_finished umount /run/systemd/journal

bb=builtin:busybox

# An entry becomes a line of JSON; what came as a file is marked
cat >"$T/journald" <<'PYTHON'
import array, json, os, socket, sys

server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 23)
server.bind("/run/systemd/journal/socket")
os.chmod("/run/systemd/journal/socket", 0o666)
out = open(sys.argv[1], "w", buffering=1)
while True:
    data, control, _, _ = server.recvmsg(1 << 20, socket.CMSG_SPACE(4))
    entry = {}
    if control:
        fd = array.array("i", control[0][2])[0]
        data = os.pread(fd, 1 << 24, 0)
        entry["file"] = True
        try:
            os.ftruncate(fd, 0)
            entry["sealed"] = False
        except OSError:
            entry["sealed"] = True
        os.close(fd)
    while data:
        line, data = data.split(b"\n", 1)
        if b"=" in line:
            name, value = line.split(b"=", 1)
        else:
            name, size = line, int.from_bytes(data[:8], "little")
            value, data = data[8:8 + size], data[8 + size:]
            assert data[:1] == b"\n"
            data = data[1:]
        entry[name.decode()] = value.decode("latin-1")
    out.write(json.dumps(entry) + "\n")
PYTHON

run "$RLC" run -d --log-driver journald --network none $bb true
refused "no journal listens" "connect to '/run/systemd/journal/socket': No such file"

python3 "$T/journald" "$T/journal" 2>"$T/journald.err" &
journald=$!
wait_for 10 test -S /run/systemd/journal/socket
leftovers_begin
# What was sent before has been written when a mark of ours has
marks=0
settle() {
	marks=$((marks + 1))
	python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"MARK=%s\n" % sys.argv[1].encode(), "/run/systemd/journal/socket")' "end$marks"
	wait_for 20 grep -q "\"end$marks\"" "$T/journal"
}
# entries ID: of one container, as PYTHON prints them
entries() { settle && grep "\"CONTAINER_ID_FULL\": \"$1\"" "$T/journal" | python3 -c "import json, sys
for line in sys.stdin:
	e = json.loads(line)
	print($2)"; }

for who in root "$sub"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	rlc() { run as "$who" "$RLC" "$@"; }

	rlc run -d --name talker --log-driver journald --network none $bb \
		sh -c 'echo one; echo two=2 >&2; printf "a\tb\0c\n\n"; printf unfinished; sleep 0.1; printf " but long"'
	id=$out
	rlc wait talker
	is "$(entries "$id" 'e["PRIORITY"], e["MESSAGE"].encode()' | sort)" \
		"3 b'two=2'"$'\n'"6 b''"$'\n'"6 b'a\\tb\\x00c'"$'\n'"6 b'one'"$'\n'"6 b'unfinished but long'" "$kind: each line, with its stream, and any bytes"
	is "$(entries "$id" 'e["SYSLOG_IDENTIFIER"], e["CONTAINER_NAME"], e["CONTAINER_ID"], e["IMAGE_NAME"]' | sort -u)" \
		"talker talker ${id:0:12} $bb" "$kind: with who wrote it"
	is "$(as "$who" "$RLC" inspect -f '{{.HostConfig.LogDriver}}' talker)" journald "$kind: inspect names the driver"
	rlc start talker
	rlc wait talker
	is "$(entries "$id" 'e["MESSAGE"]' | grep -c one)" 2 "$kind: in its second life, too"

	# Longer than a datagram, and longer than an entry
	rlc run -d --name long --log-driver journald --network none $bb sh -c 'yes x | tr -d "\n" | head -c 250000; echo; yes y | tr -d "\n" | head -c 600000; echo end'
	long=$out
	rlc wait long
	is "$(entries "$long" 'e["MESSAGE"][:1], len(e["MESSAGE"]), e.get("CONTAINER_PARTIAL_MESSAGE")')" \
		$'x 250000 None\ny 262144 true\ny 262144 true\ny 75715 true' "$kind: long lines are cut, and marked"
	is "$(entries "$long" 'e.get("file", False) == e.get("sealed", False)' | sort -u)" True "$kind: what is sent as a file is sealed"

	# rlc logs leaves it to journalctl
	mkdir -p "$T/journalctl" && printf '#!/bin/sh\necho "$@"\n' >"$T/journalctl/journalctl" && chmod 0755 "$T/journalctl/journalctl"
	run as "$who" PATH="$T/journalctl:$PATH" "$RLC" logs -f --tail 5 --since 2026-01-31T12:00:00Z talker
	is "$out" "--quiet --output=cat --follow --lines=5 --since=@1769860800.000000 CONTAINER_ID_FULL=$id" "$kind: logs asks journalctl"
	run as "$who" PATH=/nowhere "$RLC" logs talker
	refused "$kind: without journalctl" "run 'journalctl --quiet --output=cat CONTAINER_ID_FULL=$id': No such file"

	# A journal that stands still holds nobody up
	kill -STOP $journald
	rlc run -d --name flood --log-driver journald --network none $bb sh -c 'yes | head -n 300000; echo done >/dev/null'
	rlc wait flood
	is "$out" 0 "$kind: the payload goes on though the journal does not"
	kill -CONT $journald
	rlc rm -fa
	no_leftovers "$kind: nothing is left"
done
kill $journald
wait $journald 2>/dev/null
is "$(cat "$T/journald.err")" "" "every entry was well-formed"
run "$RLC" run -d --log-driver syslog $bb true
refused "an unknown driver" "--log-driver 'syslog': not one of file, none, journald"
done_testing
