#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The express lane: TCP through it looks to a payload like TCP of the host's, and like libslirp's;
# what is forbidden stays so, and what cannot go by it goes by libslirp.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/world.sh"
needs rlc userns subids tun busybox world
world_up || exit 1
user_with_subids
run in_host --user "$sub" "$RLC" run builtin:busybox true
run in_host "$RLC" run --network none builtin:busybox true

cp "$LIB/lane.py" "$T/bin/"
in_world nft 'add table inet silent; add chain inet silent in { type filter hook input priority 0; }
	add rule inet silent in tcp dport 9102 drop'
in_host ip route add unreachable 203.0.113.50
in_host ip route add unreachable 2001:db8:2::50
_world_start "$world_pid" /usr/bin/python3 "$T/bin/lane.py" server "$T/lane.ready"
wait_for 10 test -e "$T/lane.ready"
host_canary
leftovers_begin

# inside USER LANE COMMAND…: with lane.py below /mnt
inside() {
	run in_host --user "$1" "$RLC" run --network "slirp:lane=$2" --rootfs /:O -v "$T/bin:/mnt:ro" \
		"${@:3}"
}

# The listening sockets of the lane, as the payload could see them
lanes='grep -c "^ *[0-9]*: 080000C0:0001 00000000:0000 0A" /proc/net/tcp'

# ------------------------------------------------------------------- what a payload can tell: nothing

run in_host /usr/bin/python3 "$T/bin/lane.py" client $WWW4 $WWW6
native=$out
is "$(grep -c ' failed: ' <<<"$native") $(wc -l <<<"$native")" "0 30" "without a container, all is as it should be"
for who in "$sub" root; do
	inside "$who" express /usr/bin/python3 /mnt/lane.py client $WWW4 $WWW6
	is "$out" "$native" "${who/$sub/user}: the same on the lane"
done
# libslirp takes a reset by the payload for its end, and is late with what is urgent
inside "$sub" off /usr/bin/python3 /mnt/lane.py client -peer_reset -urgent $WWW4 $WWW6
is "$out" "$(grep -vE '^peer_reset |^urgent ' <<<"$native")" "and by libslirp"

for address in $WWW4 $WWW6; do
	inside "$sub" express /usr/bin/python3 /mnt/lane.py many "$address" 1000
	is "$out" 1000 "$address: 1000 connections at once"
done

# A descriptor limit: some connect, the others wait for them, and it is said
run in_host --user "$sub" sh -c 'ulimit -n 1024 && exec "$@"' sh "$RLC" run \
	--network slirp:lane=express --rootfs /:O -v "$T/bin:/mnt:ro" /usr/bin/python3 /mnt/lane.py crowd $WWW4 100
is "$out" some$'\n'all "beyond the limit of open files, connections wait for others to end"
like "$err" 'TCP connections are open' "and that is said"

# --------------------------------------------------------------------------- where there is a lane

for who in "$sub" root; do
	kind=${who/$sub/user}
	inside "$who" auto sh -c "$lanes"
	is "$out" 1 "$kind: by itself"
	inside "$who" off sh -c "$lanes"
	is "$out" 0 "$kind: lane=off: none"
	inside "$who" auto --cap-add NET_ADMIN sh -c "$lanes"
	is "$out" 0 "$kind: none for who may change the network"
	inside "$who" express --cap-add NET_ADMIN sh -c "$lanes"
	is "$out" 1 "$kind: unless it was asked for"
done
inside "$sub" auto,ipv6=false sh -c "$lanes; ls /proc/net/tcp6 && grep -c ':0001 ' /proc/net/tcp6"
is "${out%%$'\n'*}" 1 "ipv6=false: over IPv4"
inside "$sub" auto,ipv6=false sh -c "echo hi | busybox nc -w 5 $WWW4 7"
is "$out" hi "and it works"
run "$RLC" run --network slirp:lane=slow builtin:busybox true
is "$status" 125 "another lane is refused"
like "$err" "lane is auto, off or express, not 'slow'" "and named"

# A kernel that refuses: nf_tables is out of reach
cat >"$T/bin/no-nft.py" <<'PYTHON'
import ctypes, os, struct, sys
AUDIT_ARCH, SOCKET, NETLINK_NETFILTER, EPROTONOSUPPORT = 0xC000003E, 41, 12, 93
code = [(0x20, 0, 0, 0), (0x15, 0, 3, SOCKET), (0x20, 0, 0, 32), (0x15, 0, 1, NETLINK_NETFILTER),
        (0x06, 0, 0, 0x50000 | EPROTONOSUPPORT), (0x06, 0, 0, 0x7FFF0000)]
program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
libc = ctypes.CDLL(None)
libc.prctl(38, 1, 0, 0, 0)
libc.prctl(22, 2, ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code), ctypes.addressof(program))))
os.execvp(sys.argv[1], sys.argv[1:])
PYTHON
no_nft() {
	run in_host /usr/bin/python3 "$T/bin/no-nft.py" "$RLC" run --network "slirp:lane=$1" \
		--rootfs /:O "${@:2}"
}
no_nft auto sh -c "$lanes; echo hi | busybox nc -w 5 $WWW4 7; echo ho | busybox nc -w 5 $WWW6 7"
is "$out" 0$'\n'hi$'\n'ho "a kernel that refuses the lane: libslirp carries all"
no_nft express true
is "$status" 125 "unless the lane was asked for"
like "$err" "lane=express: .*Protocol not supported" "and why is said"

# ----------------------------------------------------------------------------- what stays as it was

for address in 127.0.0.1 10.0.2.2 ::1 ::ffff:127.0.0.1 fd00::2 0.0.0.0; do
	inside "$sub" express sh -c "echo hi | busybox nc -w 2 $address 4444"
	is "$out" "" "no canary at $address"
done
is "$(canary_heard)" "" "and the host's loopback heard nothing"
inside "$sub" express,host-loopback=true sh -c "busybox nc -w 5 10.0.2.2 4444 </dev/null"
is "$out" canary "unless it is opened"
canary_heard >/dev/null
# frames that claim to be the lane's, from a payload that writes them itself
cat >"$T/bin/forge.py" <<'PYTHON'
import socket, struct, sys
mac = open("/sys/class/net/tap0/address").read().strip()
raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
raw.bind(("tap0", 0))
def total(data):
    s = sum(struct.unpack(f"!{len(data) // 2}H", data))
    s = (s >> 16) + (s & 0xffff)
    return ~(s + (s >> 16)) & 0xffff
for to in ("127.0.0.1", "10.0.2.2", "0.0.0.0"):
    tcp = struct.pack("!HHIIBBHHH", 4000, 4444, 1, 0, 0x50, 2, 1000, 0, 0)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, 6, 0, socket.inet_aton("10.0.2.100"),
                     socket.inet_aton(to))
    ip = ip[:10] + struct.pack("!H", total(ip)) + ip[12:]
    pseudo = ip[12:20] + struct.pack("!HH", 6, 20)
    tcp = tcp[:16] + struct.pack("!H", total(pseudo + tcp)) + tcp[18:]
    raw.send(bytes.fromhex("02726c630001") + bytes.fromhex(mac.replace(":", "")) + b"\x08\0" + ip + tcp)
connection = socket.create_connection((sys.argv[1], 7), 5)
connection.sendall(b"done")
print(connection.recv(4).decode())
PYTHON
inside "$sub" express --cap-add NET_RAW /usr/bin/python3 /mnt/forge.py $WWW4
is "$out" "done" "forged frames of the lane are read, and it goes on"
is "$(canary_heard)" "" "and reach nothing of the host's"

# ------------------------------------------------------------------------ inward: published ports

# served LANE: lane.py's server, published, in a container named in
served() {
	rm -f "$T/tmp/ready"
	in_host --user "$sub" "$RLC" run -d --name in --network "slirp:lane=$1" --rootfs /:O -v "$T/bin:/mnt:ro" \
		-v "$T/tmp:/run/lane" -p 9100:9100 -p 9101:9101 -p 9103:9100 -p 9105:9105 /usr/bin/python3 /mnt/lane.py \
		server /run/lane/ready >/dev/null
	wait_for 20 test -e "$T/tmp/ready"
}
not_inward=(-unreachable -silent -self)
install -d -o "$sub" "$T/tmp"

_world_start "$host_pid" /usr/bin/python3 "$T/bin/lane.py" server "$T/native.ready"
native_server=$!
wait_for 10 test -e "$T/native.ready"
run in_world /usr/bin/python3 "$T/bin/lane.py" client "${not_inward[@]}" "$HOST4" "$HOST6"
native=$out
is "$(grep -c ' failed: ' <<<"$native") $(wc -l <<<"$native")" "0 24" "a server of the host's: all is as it should be"
kill "$native_server"
wait "$native_server" 2>/dev/null

served express
run in_world /usr/bin/python3 "$T/bin/lane.py" client "${not_inward[@]}" "$HOST4" "$HOST6"
is "$out" "$native" "a published one looks the same to the world"
for address in "$HOST4" "$HOST6" 127.0.0.1 ::1; do
	run in_host /usr/bin/python3 "$T/bin/lane.py" many "$address" 500
	is "$out" 500 "$address: 500 connections at once"
done
is "$(in_host --user "$sub" "$RLC" exec in sh -c 'cat /proc/net/tcp /proc/net/tcp6 | grep -c ":0001 .* 0A "')" 4 \
	"they came by the lane"

# who is whom: two ports of the host lead to the same one inside
cat >"$T/bin/twins.py" <<'PYTHON'
import socket, sys
twins, names = [], []
for port in 9100, 9103:
    twin = socket.socket()
    twin.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    twin.bind((sys.argv[2], 4567))
    twin.connect((sys.argv[1], port))
    twin.sendall(b"peer -\n")
    names.append(twin.makefile().readline().split()[0])
    twins.append(twin)  # open until the end
print(*names)
PYTHON
run in_world /usr/bin/python3 "$T/bin/twins.py" "$HOST4" "$WORLD4"
is "$out" "::ffff:$WORLD4 ::ffff:10.0.2.2" "a name that is in use inside is the gateway's instead: $err"

run in_world /usr/bin/python3 -c 'import socket, sys
with socket.create_connection((sys.argv[1], 9105), 10) as connection: print(connection.recv(1))' "$HOST4"
like "$err" 'ConnectionResetError' "where the payload listens not, a reset"
in_host --user "$sub" "$RLC" rm -f in >/dev/null
rm "$T/tmp/ready"

# The payload is killed in the midst of it: the world sees the end.
inside "$sub" express sh -c "(echo 'watch killed'; sleep 1000) | busybox nc $WWW4 9100 | { read -r _; kill -9 0; }"
is "$(printf 'report killed\n' | in_host busybox nc -w 5 $WWW4 9100)" 0 "a payload that is killed ends its connections"

no_leftovers "nothing is left"
done_testing
