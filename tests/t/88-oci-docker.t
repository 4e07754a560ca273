#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Docker's engine, and containerd's ctr and CRI, with rlc-oci in runc's place, and bundles that umoci and runc make.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/world.sh"
. "$(dirname "$0")/../lib/docker.sh"
. "$(dirname "$0")/../lib/oci.sh"
. "$(dirname "$0")/../lib/engine.sh"
needs root mountns busybox world docker cri
bundle=

# --------------------------------------------------------------------------------------- bundles

bundle root '.process.args = ["echo", "own"]'
mv "$bundle/config.json" "$T/own.json"
(cd "$bundle" && runc spec)
jq '.process.terminal = false | .process.args = ["echo", "spec of runc"]' "$bundle/config.json" >"$T/runc.json"
mv "$T/runc.json" "$bundle/config.json"
run oci root run --bundle "$bundle" b1
is "$status/$out" "0/spec of runc" "a bundle of runc spec"

tar -C "$(bundle_rootfs)" -c . >"$T/layer.tar"
umoci init --layout "$T/layout" >/dev/null 2>&1
umoci new --image "$T/layout:bb" >/dev/null 2>&1
umoci unpack --image "$T/layout:bb" "$T/umoci" >/dev/null 2>&1
cp -a "$(bundle_rootfs)/." "$T/umoci/rootfs/"
jq '.process.terminal = false | .process.args = ["echo", "of umoci"]' "$T/umoci/config.json" >"$T/umoci.json"
mv "$T/umoci.json" "$T/umoci/config.json"
run oci root run --bundle "$T/umoci" b2
is "$status/$out" "0/of umoci" "a bundle of umoci"
oci_no_leftovers root "nothing is left of either"

# ---------------------------------------------------------------------------------------- Docker

# shellcheck disable=SC2119
world_up || fail "no world"
# shellcheck disable=SC2034 # of docker.sh
docker_options=(--add-runtime "rlc=$RLC_OCI" --default-runtime rlc --experimental)
docker_up || fail "the engine starts"
docker_ rmi bb >/dev/null
engine=(docker_)
engine_image
engine_commands docker
engine_limits docker
engine_no_checkpoint docker checkpoint create c5 point
engine_build docker
run docker_ run -d --name c6 bb sleep 1000
run docker_ exec c6 ip -4 address show eth0
like "$out" 'inet 172\.' "it has docker's network"
is "$(docker_ inspect -f '{{.HostConfig.Runtime}}' c6)" rlc "docker inspect"
run docker_ rm -f c6

# ------------------------------------------------------------------------------------ containerd

# Docker's own has no CRI
cri_stopped() { ! kill -0 "$containerd"; }
mkdir -p "$T/docker/cri"
# shellcheck disable=SC2034 # of engine.sh
engine_snapshotter=native
cat >"$T/cri.toml" <<EOF
version = 2
root = "$T/docker/cri/root"
state = "$T/docker/cri/state"
[grpc]
  address = "$T/docker/cri/socket"
$(engine_cri_config)
EOF
(exec containerd --config "$T/cri.toml" >"$T/cri.log" 2>&1) &
containerd=$!
disown "$containerd"
ok "containerd is up" wait_for 30 test -S "$T/docker/cri/socket"
engine_cri "$T/docker/cri/socket" "$DOCKER_PARENT"
kill "$containerd"
ok "it ends" wait_for 30 cri_stopped

ctr_() { in_host ctr --address "$T/docker/exec/containerd/containerd.sock" "$@"; }

run ctr_ run --rm --runc-binary "$RLC_OCI" --rootfs "$(bundle_rootfs)" k1 sh -c 'echo out; exit 6'
is "$status/$out" 6/out "ctr run"
run ctr_ run -d --runc-binary "$RLC_OCI" --rootfs "$(bundle_rootfs)" k2 sleep 1000
is "$status" 0 "ctr run -d"
run ctr_ task exec --exec-id e1 k2 echo in
is "$out" in "ctr task exec"
like "$(ctr_ task ls)" 'k2 .*RUNNING' "ctr task ls"
like "$(ctr_ task ps k2)" '[0-9]' "ctr task ps"
run ctr_ task kill -s KILL k2
is "$status" 0 "ctr task kill"
_k2_stopped() { ctr_ task ls | grep -q 'k2 .*STOPPED'; }
ok "it ends" wait_for 20 _k2_stopped
run ctr_ task rm k2
ctr_ container rm k2
is "$(ctr_ container ls -q)" "" "nothing is left"
done_testing
