#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The engines that a distribution has, as it sets them up, with rlc-oci as their runtime: on cgroups of version 2, which
# systemd makes, with AppArmor, as root and as a user who is logged in. HACKING.md has how it is run.
#
# packages: podman buildah crun runc docker.io containerd rootlesskit umoci criu fuse-overlayfs slirp4netns netavark python3-grpcio
RLC_TEST_TIMEOUT=3400
export RLC_TEST_TIMEOUT
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/login.sh"
. "$(dirname "$0")/../lib/oci.sh"
. "$(dirname "$0")/../lib/engine.sh"
needs root rlc login busybox jq podman dockerd ctr umoci runc
bundle=
RUN_TIMEOUT=180
user_with_subids
ok "$sub is logged in" log_in "$sub"
uid=$(id -u "$sub")
note "$(dpkg-query -W -f '${Package} ${Version}, ' podman conmon buildah docker.io containerd runc crun umoci rootlesskit criu)"
note "$(uname -r), $(systemctl --version | head -n 1)"

# Of the engines' configuration, the runtime and no more
mkdir -p /etc/containers /etc/docker /etc/containerd
cat >/etc/containers/containers.conf <<EOF
[engine.runtimes]
rlc-oci = ["$RLC_OCI"]
noted = ["$T/noted"]
EOF

# A runtime that notes what it is called for: no engine says by which runtime it built
cat >"$T/noted" <<EOF
#!/bin/sh
echo "\$*" >>"$T/tmp/noted.\$(id -u)"
exec "$RLC_OCI" "\$@"
EOF
chmod 0755 "$T/noted"

# ------------------------------------------------------------------------------------------------ bundles

says() { # WORDS: the bundle's process
	jq --arg words "$1" '.process.terminal = false | .process.args = ["echo", $words]' config.json >new && mv new config.json
}
export -f says

bundles() { # root|user
	local who=root kind=$1 rootless=

	[ "$kind" = root ] || who=$sub rootless=--rootless
	bundle "$who"
	rm -f "$bundle/config.json"
	as "$who" sh -c 'cd "$1" && runc spec $2' sh "$bundle" "$rootless"
	(cd "$bundle" && says "spec of runc")
	run oci "$who" run --bundle "$bundle" b1
	is "$status/$out" "0/spec of runc" "$kind: a bundle of runc spec: $err"
	install -d -o "$who" "$T/umoci-$who"
	as "$who" sh -euc 'cd "$1"
		umoci init --layout layout
		umoci new --image layout:bb
		umoci unpack $2 --image layout:bb bundle
		cp -a "$3/." bundle/rootfs/' sh "$T/umoci-$who" "$rootless" "$(bundle_rootfs)" >/dev/null 2>&1
	(cd "$T/umoci-$who/bundle" && says "of umoci")
	run oci "$who" run --bundle "$T/umoci-$who/bundle" b3
	is "$status/$out" "0/of umoci" "$kind: a bundle of umoci: $err"
	oci_no_leftovers "$who" "$kind: nothing is left of them"
}

# ------------------------------------------------------------------------------------------------- podman

podman_root() { as root podman --runtime rlc-oci "$@"; }
podman_user() { in_session "$sub" podman --runtime rlc-oci "$@"; }

podman_part() { # root|user
	local kind="podman, $1"

	engine=("podman_$1")
	engine_image
	is "$("${engine[@]}" info --format '{{.Host.CgroupManager}} {{.Host.CgroupsVersion}} {{.Host.OCIRuntime.Name}}')" \
		"systemd v2 rlc-oci" "$kind: systemd makes its cgroups"
	engine_commands "$kind"
	engine_limits "$kind"
	engine_no_checkpoint "$kind" container checkpoint c5
	engine=("podman_$1" --runtime noted)
	engine_build "$kind"
	like "$(cat "$T"/tmp/noted.*)" 'buildah' "$kind: by rlc-oci"
	rm -f "$T"/tmp/noted.*
	engine=("podman_$1")
	run "${engine[@]}" run --rm bb ip -4 address show
	like "$out" 'inet 10\.' "$kind: its own network: $err"
	run "${engine[@]}" pod create --name p1 --infra-command sleep --infra-image bb
	run "${engine[@]}" pod rm -f p1
	run "${engine[@]}" pod create --name p1 --infra=false --hostname podded
	run "${engine[@]}" run -d --network none --pod p1 --name p1c bb sleep 1000
	run "${engine[@]}" exec p1c echo in
	is "$status/$out" 0/in "$kind: a pod: $err"
	run "${engine[@]}" pod rm -f p1
	is "$("${engine[@]}" ps -aq)" "" "$kind: nothing is left of it"
}

# What podman wrote, run without podman
podman_bundle() { # root|user
	local kind=$1 who=root dir=$T/bundle-podman-$1 config

	[ "$kind" = root ] || who=$sub
	engine=("podman_$kind")
	engine_image
	run "podman_$kind" create --name g1 --network none bb echo 'of podman'
	run "podman_$kind" init g1
	config=$("podman_$kind" inspect --format '{{.OCIConfigPath}}' g1)
	ok "podman, $kind: writes a bundle" test -e "$config"
	mkdir -p "$dir"
	cp -a "$(bundle_rootfs)" "$dir/rootfs"
	# its files for names and its cgroup go with its container
	jq '.root.path = "rootfs" | del(.hooks, .linux.cgroupsPath)
		| .mounts |= map(select(.type != "bind")) | .linux.namespaces |= map(del(.path))' "$config" >"$dir/config.json"
	chown -R "$who:" "$dir"
	run "podman_$kind" rm -f g1
	if [ "$kind" = root ]; then
		run oci root run --bundle "$dir" g1
	else # in the user namespace that podman lives in
		run in_session "$who" podman unshare "$RLC_OCI" --root "$T/run-$who/oci" run --bundle "$dir" g1
	fi
	is "$status/$out" "0/of podman" "podman, $kind: which runs without podman: $err"
}

# Layers that a process of the user's serves
podman_on_fuse() {
	engine=(podman_user --root "$T/run-$sub/fuse" --storage-driver overlay
		--storage-opt overlay.mount_program=/usr/bin/fuse-overlayfs)
	engine_image
	_engine_run --rm bb sh -c 'grep " / " /proc/mounts'
	like "$out" 'fuse' "podman, user: on fuse-overlayfs: $err"
}

# --------------------------------------------------------------------------------- Docker and containerd

# As Debian has them, with a runtime
docker_root_begin() {
	cat >/etc/docker/daemon.json <<-EOF
		{"runtimes": {"rlc": {"path": "$RLC_OCI"}}, "default-runtime": "rlc", "experimental": true,
		 "exec-opts": ["native.cgroupdriver=systemd"]}
	EOF
	cat >/etc/containerd/config.toml <<-EOF
		version = 2
		$(engine_cri_config)
		  SystemdCgroup = true
	EOF
	systemctl start containerd.service docker.service
}
docker_root() { as root docker --host unix:///run/docker.sock "$@"; }

# As Debian's script for users has them
docker_user_begin() {
	when_finished in_session "$sub" systemctl --user stop rlct-docker
	in_session "$sub" systemd-run --user --quiet --unit rlct-docker -p Delegate=yes -p KillMode=mixed \
		--setenv PATH=/usr/sbin:/sbin:/usr/bin:/bin /usr/share/docker.io/contrib/dockerd-rootless.sh \
		--add-runtime "rlc=$RLC_OCI" --default-runtime rlc --experimental --exec-opt native.cgroupdriver=systemd
}
docker_user() { as root docker --host "unix:///run/user/$uid/docker.sock" "$@"; }

_docker_is_up() { "docker_$1" info >/dev/null; }
docker_begin() { # root|user
	"docker_$1_begin"
	ok "docker, $1: it is up" wait_for 240 _docker_is_up "$1"
	engine=("docker_$1")
	engine_image
}

docker_part() { # root|user
	local kind="docker, $1"

	engine=("docker_$1")
	is "$("${engine[@]}" info --format '{{.CgroupDriver}} {{.CgroupVersion}} {{.DefaultRuntime}}')" \
		"systemd 2 rlc" "$kind: systemd makes its cgroups"
	engine_options=(--runtime=rlc)
	engine_commands "$kind"
	engine_limits "$kind"
	engine_no_checkpoint "$kind" checkpoint create c5 point
	engine_build "$kind"
	run "${engine[@]}" run --rm bb ip -4 address show
	like "$out" 'inet 172\.' "$kind: its own network: $err"
	if [ "$1" = root ]; then
		run "${engine[@]}" run --rm bb cat /proc/self/attr/current
		is "$out" "docker-default (enforce)" "$kind: its AppArmor profile"
	fi
	engine_options=()
}

ctr_root() { as root ctr "$@"; }
# In the namespaces that rootlesskit made
ctr_user() {
	in_session "$sub" nsenter --user --mount --net --preserve-credentials \
		--target "$(cat "/run/user/$uid/docker.pid")" \
		ctr --address "/run/user/$uid/docker/containerd/containerd.sock" "$@"
}
_ctr_stopped() { "ctr_$1" task ls | grep -q "$2 .*STOPPED"; }

ctr_part() { # root|user SLICE
	local who=$1 kind="ctr, $1" log=$T/tmp/ctr-$1.log
	local options=(--runc-binary "$RLC_OCI" --runc-systemd-cgroup --rootfs) rootfs=$T/rootfs-$1

	cp -a "$(bundle_rootfs)" "$rootfs"
	[ "$who" = root ] || chown -R "$sub:" "$rootfs" # what ctr mounts on is made in there

	run "ctr_$who" run --rm --cgroup "$2:ctr:k1" "${options[@]}" "$rootfs" k1 sh -c 'echo out; exit 6'
	is "$status/$out" 6/out "$kind: run: $err"
	run "ctr_$who" run -d --log-uri "file://$log" --cgroup "$2:ctr:k2" --memory-limit 67108864 \
		"${options[@]}" "$rootfs" k2 sh -c 'echo logged; sleep 1000'
	is "$status" 0 "$kind: run -d: $err"
	ok "$kind: its log" wait_for 60 _engine_logged "$log"
	run "ctr_$who" task exec --exec-id e1 k2 sh -c 'echo in; exit 3'
	is "$status/$out" 3/in "$kind: task exec"
	like "$("ctr_$who" task ls)" 'k2 .*RUNNING' "$kind: task ls"
	like "$("ctr_$who" task ps k2)" '[0-9]' "$kind: task ps"
	run "ctr_$who" task metrics k2
	like "$out" 'usage_limit +67108864' "$kind: task metrics: $err"
	run "ctr_$who" task pause k2
	like "$("ctr_$who" task ls)" 'k2 .*PAUSED' "$kind: task pause: $err"
	run "ctr_$who" task resume k2
	like "$("ctr_$who" task ls)" 'k2 .*RUNNING' "$kind: task resume: $err"
	run "ctr_$who" task checkpoint k2
	isnt "$status" 0 "$kind: task checkpoint"
	like "$err" checkpoint "$kind: is refused in words"
	run "ctr_$who" task kill -s KILL k2
	is "$status" 0 "$kind: task kill"
	ok "$kind: it ends" wait_for 60 _ctr_stopped "$who" k2
	run "ctr_$who" task rm k2
	run "ctr_$who" container rm k2
	is "$("ctr_$who" container ls -q)" "" "$kind: nothing is left"
}

# -------------------------------------------------------------------------------------------------- CRI

cri_part() {
	engine=(docker_root)
	engine_cri /run/containerd/containerd.sock rlct-pod.slice
	like "$cri_cgroup" "^/rlct.slice/rlct-pod.slice/cri-containerd-[0-9a-f]*.scope/container$" "CRI: systemd made its cgroup"
	nok "CRI: which has gone" test -e "/sys/fs/cgroup${cri_cgroup%/container}"
	systemctl stop rlct.slice
}

# ------------------------------------------------------------------------------------------------ begin

# A part, unless /srv/rlc/engines (ci/vm --file) names others
part() {
	if [ ! -e "$SRCDIR/engines" ] || grep -qxF "$*" "$SRCDIR/engines"; then
		note "$*, after $SECONDS seconds"
		"$@"
	fi
}

part bundles root
part bundles user
part podman_part root
part podman_bundle root
part podman_part user
part podman_bundle user
part podman_on_fuse
part docker_begin root
part docker_part root
part ctr_part root system.slice
part cri_part
part docker_begin user
part docker_part user
part ctr_part user user.slice
done_testing
