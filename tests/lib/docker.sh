# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A Docker engine of Debian's on the world's "host", with everything of its own in $T/docker: it does
# not meet an engine that the machine may have.
#
#     . "$(dirname "$0")/../lib/docker.sh"     after lib.sh and world.sh
#     docker_up                                docker0, and the image bb of busybox
#     docker_ run --rm bb ip address

DOCKER_PARENT=/rlct-docker-$$ # cgroup
docker_options=()		      # more of dockerd's

need_docker() {
	# shellcheck disable=SC2034 # of lib.sh
	why="Debian's docker.io is not installed"
	[ -x /usr/sbin/dockerd ] && [ -x /usr/bin/docker ]
}

docker_() { in_host /usr/bin/docker --host "unix://$T/docker/socket" "$@"; }

_docker_image() {
	local busybox

	busybox=$(command -v busybox)
	mkdir -p "$T/docker/image/bin"
	cp "$busybox" "$T/docker/image/bin/"
	for applet in sh ip ping sleep wget nslookup cat; do
		ln -s busybox "$T/docker/image/bin/$applet"
	done
	tar -C "$T/docker/image" -c . | docker_ import - bb >/dev/null
}

_docker_is_up() { docker_ info >/dev/null; }

docker_up() {
	mkdir -p "$T/docker" && mount -t tmpfs tmpfs "$T/docker" || return 1
	# shellcheck disable=SC2154 # of world.sh
	(exec nsenter --net="/proc/$host_pid/ns/net" -- /usr/sbin/dockerd --data-root "$T/docker/data" \
		--exec-root "$T/docker/exec" --pidfile "$T/docker/pid" --storage-driver vfs \
		--host "unix://$T/docker/socket" --cgroup-parent "$DOCKER_PARENT" "${docker_options[@]}" \
		>"$T/docker.log" 2>&1) &
	docker_pid=$!
	disown "$docker_pid"
	when_finished docker_down
	wait_for 60 _docker_is_up || {
		tail -5 "$T/docker.log" | sed 's/^/# /'
		return 1
	}
	_docker_image
}

_docker_is_down() { ! kill -0 "$docker_pid"; }

docker_down() {
	[ -n "$docker_pid" ] || return 0
	docker_ ps -q | xargs -r /usr/bin/docker --host "unix://$T/docker/socket" kill >/dev/null 2>&1
	kill "$docker_pid" 2>/dev/null
	wait_for 30 _docker_is_down || kill -KILL "$docker_pid"
	docker_pid=
	umount -l "$T/docker"
	find /sys/fs/cgroup -maxdepth 2 -depth -path "*$DOCKER_PARENT" -exec rmdir {} + 2>/dev/null
}
