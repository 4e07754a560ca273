#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rlc-oci's networks: rlc's own user-mode network by annotations, and devices of the host's that are moved inside.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/oci.sh"
needs root userns mountns
command -v socat >/dev/null || skip_all socat "there is no socat"
bundle=
user_with_subids
tun_open

socat TCP-LISTEN:0,bind=127.0.0.1,fork SYSTEM:'echo canary' &
server=$!
when_finished kill "$server"
port_of() { ss -Hltnp | sed -n "s/.*127.0.0.1:\([0-9]*\) .*pid=$1,.*/\1/p"; }
has_port() { [ -n "$(port_of "$server")" ]; }
wait_for 20 has_port
port=$(port_of "$server")
leftovers_begin
free=$((port > 40000 ? port - 7 : port + 7))

net_process() { pgrep -u "$1" -x rlc-net; }
no_net_process() { ! net_process "$1" >/dev/null; }

for user in root "$sub"; do
	slirp='.annotations = {"io.rlc.network": "slirp:host-loopback=true,ipv6=false",
		"io.rlc.publish": "127.0.0.1:'$free':80"}'
	bundle "$user" "$slirp"' | .process.args = ["sh", "-c",
		"ip -4 address show tap0 | grep inet; nc -w 10 10.0.2.2 '"$port"' </dev/null; while :; do echo inside | nc -l -p 80; done"]'
	oci "$user" create --bundle "$bundle" n1 >"$T/out" 2>"$T/err" </dev/null
	is "$?$(cat "$T/err")" 0 "$user: create, which ends"
	ok "$user: while the net process goes on" net_process "$user"
	oci "$user" start n1
	ok "$user: it has its address, and reaches a server of the host" wait_for 30 grep -q canary "$T/out"
	like "$(cat "$T/out")" 'inet 10\.0\.2\.100/24' "$user: which is slirp's"
	is "$(socat -t 10 - "TCP:127.0.0.1:$free,retry=100,interval=0.1" </dev/null)" inside "$user: a port is published"
	oci "$user" delete --force n1
	ok "$user: the net process ends with the container" wait_for 30 no_net_process "$user"
	run oci "$user" run --bundle "$bundle" --detach n1
	is "$status" 0 "$user: run"
	pid=$(oci "$user" state n1 | jq .pid)
	kill -KILL "$pid"
	ok "$user: also when init is killed" wait_for 30 no_net_process "$user"
	oci "$user" delete n1
	oci_no_leftovers "$user" "$user: nothing is left"
done

refuse() { # JQ-FILTER REGEX
	bundle root "$1"
	run oci root create --bundle "$bundle" n1
	like "$status$err" "1.*$2" "$1"
}
refuse '.annotations = {"io.rlc.network": "bridge"}' "annotations.io.rlc.network: network 'bridge' is neither none nor slirp"
refuse '.annotations = {"io.rlc.network": "slirp:mtu=1"}' "io.rlc.network: mtu '1' is not in 576-65535"
refuse '.annotations = {"io.rlc.network": "slirp"} | del(.linux.namespaces[] | select(.type == "network"))' \
	'there is no network namespace of its own'
refuse '.annotations = {"org.systemd.property.After": "a.service"}' "annotations.org.systemd.property.After: 'a.service' is not in GVariant"
refuse '.annotations = {"io.rlc.publish": "80"}' 'io.rlc.publish is for the network slirp alone'
refuse '.annotations = {"io.rlc.network": "slirp", "io.rlc.publish": "x:y"}' 'io.rlc.publish: '
refuse '.linux.netDevices = {"rlct-nope": {}}' "netdevices: network device 'rlct-nope': find link 'rlct-nope': No such device"
refuse '.linux.netDevices = {"lo": {"name": "a/b"}}' "linux.netDevices.lo: 'a/b' is no name of a network device"
refuse '.linux.netDevices = {"lo": {}} | del(.linux.namespaces[] | select(.type == "network"))' \
	'netDevices are set, but there is no network namespace of its own'
oci_no_leftovers root "nothing is left of what was refused"

# ------------------------------------------------------------------------------------- netDevices

device() { # NAME: one of the host's, whose other end stays
	ip link add "$1" type veth peer name "$1-p"
	ip link set "$1-p" up
	ip address add 192.0.2.7/28 dev "$1"
	ip -6 address add 2001:db8::7/64 dev "$1" nodad
	ip link set "$1" address 02:00:00:00:00:07
}
gone() { ! ip link show "$1" >/dev/null 2>&1; }
when_finished sh -c 'for i in rlct-d0 rlct-d1; do ip link delete $i-p 2>/dev/null; done'
bundle root '.linux.netDevices = {"rlct-d0": {"name": "inner0"}, "rlct-d1": {"name": "t%d"}}
	| .process.args = ["sh", "-c", "ip address show inner0; echo; ip -o link; sleep 1000"]'
device rlct-d0
device rlct-d1
oci root create --bundle "$bundle" n2 >"$T/out" 2>"$T/err" </dev/null
is "$?$(cat "$T/err")" 0 "create with devices of the host's"
ok "which has them no more" gone rlct-d0
oci root start n2
ok "it runs" wait_for 30 grep -q ' t[0-9]*[@:]' "$T/out"
like "$(cat "$T/out")" 'inner0.*UP.*link/ether 02:00:00:00:00:07.*inet 192\.0\.2\.7/28.*inet6 2001:db8::7/64' \
	"renamed and up, with hardware and other addresses"
oci root delete --force n2
ok "a virtual one ends with its namespace" wait_for 30 gone rlct-d0-p
bundle root '.linux.netDevices = {"rlct-d0": {"name": "lo"}}'
device rlct-d0
run oci root create --bundle "$bundle" n2
like "$status$err" "1.*network device 'rlct-d0': the container has a device 'lo' already" "a name that is taken"
nok "and the device stays where it is" gone rlct-d0
oci_no_leftovers root "nothing is left of it"
ip link delete rlct-d0-p
no_leftovers "nothing is left behind"
done_testing
