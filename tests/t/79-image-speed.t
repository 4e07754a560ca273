#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pulling and unpacking an image from a registry on loopback takes less time than skopeo and umoci
# take, and than podman. RLC_BENCH_MB: its size before compression.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc rlc_image python3 docker-registry skopeo umoci podman

megabytes=${RLC_BENCH_MB:-60}
rounds=3

# Files as systems have them: half of them text, half noise that hardly compresses
python3 - "$T" "$megabytes" <<'EOF'
import os, random, sys
top, megabytes = sys.argv[1], int(sys.argv[2])
words = [bytes(random.choices(b"abcdefghijklmnopqrstuvwxyz", k=random.randint(2, 9))) for _ in range(5000)]
texts = [b" ".join(random.choices(words, k=4000)) for _ in range(100)]
for layer in range(10):
    root = f"{top}/layers/{layer}"
    for file in range(megabytes * 2):
        path = f"{root}/usr/{file % 20}/{layer}-{file}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(random.choice(texts) + os.urandom(26000))
EOF
"$LIB/make-image.py" "$T/oci" --name big "$T"/layers/? >/dev/null
note "$(du -sm "$T/layers" | cut -f1) MB in ten layers, $(du -sm "$T/oci" | cut -f1) MB compressed"

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$T/registry.yml" <<EOF
version: 0.1
storage: {filesystem: {rootdirectory: $T/registry}}
http: {addr: "127.0.0.1:$port"}
EOF
docker-registry serve "$T/registry.yml" >"$T/registry.log" 2>&1 &
registry=$!
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }
wait_for 20 answers || fail "docker-registry does not start: $(tail -3 "$T/registry.log")"
skopeo copy -q --dest-tls-verify=false "oci:$T/oci:big" "docker://127.0.0.1:$port/big:latest"

of_rlc() { RLC_STORE=$T/store "$RLC" pull -q "127.0.0.1:$port/big" >/dev/null; }
of_skopeo() {
	skopeo copy -q --src-tls-verify=false "docker://127.0.0.1:$port/big:latest" "oci:$T/copy:big" &&
		umoci unpack --image "$T/copy:big" "$T/bundle" >/dev/null 2>&1
}
podman_() { podman --root "$T/podman" --runroot "$T/podman-run" --storage-driver overlay "$@"; }
of_podman() { podman_ pull -q --tls-verify=false "127.0.0.1:$port/big" >/dev/null 2>&1; }

# measure WHAT: milliseconds to $T/ms-WHAT, one a line
measure() {
	local start

	sync
	start=${EPOCHREALTIME/./}
	"of_$1" || fail "$1 pulls"
	echo "$(((${EPOCHREALTIME/./} - start) / 1000))" >>"$T/ms-$1"
}
median() { sort -n "$T/ms-$1" | sed -n "$(((rounds + 1) / 2))p"; }

others=(skopeo podman)
for ((round = 0; round < rounds; round++)); do
	for what in rlc "${others[@]}"; do
		measure "$what"
		rm -rf "$T/store" "$T/copy" "$T/bundle"
		[ "$what" != podman ] || podman_ rmi --all --force >/dev/null 2>&1
	done
done
for what in "${others[@]}"; do
	note "rlc $(median rlc) ms, $what $(median "$what") ms"
	ok "it takes less time than $what" test "$(median rlc)" -lt "$(median "$what")"
done
podman_ system reset --force >/dev/null 2>&1
kill "$registry"
wait "$registry" 2>/dev/null
done_testing
