#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What people run on a network does not tell one of rlc's from none: curl, wget, git, apt, python, node,
# openssl and iperf3 ask nginx and others, by every lane, outward and by published ports.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/world.sh"
. "$(dirname "$0")/../lib/bridge.sh"
needs root mountns rlc userns subids tun world nft
needs curl wget git apt-get node openssl nginx dpkg-scanpackages
user_with_subids
world_up || fail "no world"
RUN_TIMEOUT=300
export TMPDIR=$T/tmp # of who is killed in the world, too

# ----------------------------------------------------------------------------- what there is to ask for

stress=$T/stress
mkdir -p "$stress"/{www/{small,debian},tls,package/DEBIAN}
cp "$LIB/servers.sh" "$LIB/clients.sh" "$stress/"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=servers.test -addext subjectAltName=DNS:servers.test \
	-keyout "$stress/tls/key.pem" -out "$stress/tls/certificate.pem" 2>/dev/null
chmod 0644 "$stress/tls/key.pem" # for whoever serves; it is this test's alone
head -c 33554432 /dev/urandom >"$stress/www/large"
for ((i = 1; i <= 150; i++)); do
	head -c $((i * i)) "$stress/www/large" >"$stress/www/small/$i"
done

repository=$T/repository
git init -q -b main "$repository"
for ((i = 1; i <= 20; i++)); do
	head -c $((i * 10000)) /dev/urandom >"$repository/file$((i % 7))"
	git -C "$repository" add .
	git -C "$repository" -c user.name=rlc -c user.email=rlc@example.test commit -q -m "commit $i"
done
git clone -q --bare "$repository" "$stress/www/repository.git"
git -C "$stress/www/repository.git" update-server-info

for ((i = 1; i <= 3; i++)); do
	printf '%s\n' "Package: stress-$i" "Version: $i" 'Architecture: all' 'Maintainer: rlc <rlc@example.test>' \
		'Description: for a test' >"$stress/package/DEBIAN/control"
	head -c 2000000 /dev/urandom >"$stress/package/data"
	dpkg-deb --build "$stress/package" "$stress/www/debian" >/dev/null
done
(cd "$stress/www/debian" && dpkg-scanpackages . 2>/dev/null >Packages && gzip -k Packages)

# ------------------------------------------------------------------------------------------- outward

# the world's iperf3 is there already
_world_start "$world_pid" sh -c 'exec bash "$1/servers.sh" "$1" >"$1/ready"' sh "$stress"
wait_for 30 grep -q ready "$stress/ready" || fail "no servers in the world"

run in_host bash "$stress/clients.sh" "$stress" $WORLD4 $WORLD6
native=$out
large=$(sha256sum <"$stress/www/large" | cut -c 1-16)
differences() { diff <(echo "$native") <(echo "$out"); }
is "$(grep -c ": \(0 \)\?$large\$" <<<"$native")" 14 "without a container: files arrive whole"
is "$(grep -Ec ': (7|4|Connection refused)$|ECONNREFUSED$|Errno 111' <<<"$native")" 8 "and what is refused is"
is "$(wc -l <<<"$native") $(cut -d" " -f2- <<<"$native" | sort -u | wc -l)" "64 32" "by IPv6 as by IPv4"

for how in "$sub lane=express" "$sub lane=off" "root bridge"; do
	read -r who network <<<"${how/ lane/ slirp:lane}"
	leftovers_begin
	run in_host --user "$who" "$RLC" run --network "$network" --rootfs /:O -v "$stress:/srv:ro" \
		bash /srv/clients.sh /srv $WORLD4 $WORLD6
	is "$(differences)" "" "${how/$sub/user}: the same inside"
	is "$err" "" "and nothing was said"
	no_leftovers "and nothing left"
done

# -------------------------------------------------------------------------------------- published ports

published=()
for port in 8080 8443 8082 8083 4433 5201 5201/udp; do
	published+=(-p "${port%/*}:$port")
done

ok "servers without a container" start_ready root bash "$stress/servers.sh" "$stress" iperf3
run in_world bash "$stress/clients.sh" "$stress" $HOST4 $HOST6
is "$(differences)" "" "are asked the other way with the same answers"
end_container "$started"

for how in "$sub lane=express" "$sub lane=off" "root bridge"; do
	read -r who network <<<"${how/ lane/ slirp:lane}"
	leftovers_begin
	ok "${how/$sub/user}: servers inside" start_ready "$who" "$RLC" run --network "$network" "${published[@]}" --rootfs /:O \
		-v "$stress:/srv:ro" bash /srv/servers.sh /srv iperf3
	run in_world bash "$stress/clients.sh" "$stress" $HOST4 $HOST6
	is "$(differences)" "" "have the same answers by published ports"
	end_container "$started"
	is "$(cat "$started_out")" ready "and nothing was said"
	no_leftovers "and nothing left"
done

done_testing
