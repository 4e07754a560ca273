#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# There and back: images and containers' files between a living Docker engine and rlc.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/world.sh"
. "$(dirname "$0")/../lib/docker.sh"
needs root mountns rlc rlc_image userns subids busybox world docker python3
user_with_subids
leftovers_begin
world_up || fail "no world"
docker_up || fail "no Docker engine"

# An image of Docker's own making, in three layers
mkdir -p "$T/build"
cat >"$T/build/Dockerfile" <<'END'
FROM bb
COPY file /data/file
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox chown 12:34 /data/file && /bin/busybox mkdir -m 1777 /tmp && /bin/busybox rm /bin/wget"]
ENV GREETING="hello there"
USER 1000:100
WORKDIR /data
ENTRYPOINT ["/bin/busybox", "sh", "-c"]
CMD ["echo $GREETING; pwd; /bin/busybox id -u; cat file"]
END
echo content >"$T/build/file"
run in_host DOCKER_BUILDKIT=0 /usr/bin/docker --host "unix://$T/docker/socket" build --network none -q -t app:1 "$T/build"
is "$status" 0 "docker build"
[ "$status" = 0 ] || done_testing
docker_ save -o "$T/app.tar" app:1
docker_ save "$(docker_ image inspect -f '{{.Id}}' app:1)" >"$T/unnamed.tar"
docker_ create --name c1 app:1 >/dev/null
docker_ export -o "$T/export.tar" c1
chmod 0644 "$T"/*.tar
expected=$(docker_ run --rm --network none app:1)
id=$(docker_ image inspect -f '{{.Id}}' app:1)

for who in root "$sub"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	run as "$who" "$RLC" load -i "$T/app.tar"
	is "$status" 0 "$kind: load what docker save wrote"
	like "$out" 'app:1' "$kind: by its name"
	run as "$who" "$RLC" run --network none app:1
	is "$out" "$expected" "$kind: it says what it says under Docker"
	run as "$who" "$RLC" run --network none -u 0 app:1 'stat -c "%u:%g %n" /data/file; stat -c %a /tmp; ls /bin/wget'
	is "$(paste -sd' ' <<<"$out")" "12:34 /data/file 1777" "$kind: owners and modes; what a layer removed is gone"
	run as "$who" "$RLC" images -q --no-trunc app
	is "sha256:$out" "$id" "$kind: its id is the one that Docker gave it"

	run as "$who" "$RLC" import "$T/export.tar" exported:1
	is "$status" 0 "$kind: import what docker export wrote"
	run as "$who" "$RLC" run --network none exported:1 /bin/busybox cat /data/file
	is "$out" content "$kind: and run it"

	for format in docker-archive oci-archive; do
		run as "$who" "$RLC" tag app:1 "back-$kind:$format"
		run as "$who" "$RLC" save --format "$format" -o "$T/tmp/back.tar" "back-$kind:$format"
		is "$status" 0 "$kind: save as $format"
		if [ "$format" = docker-archive ]; then
			run docker_ load -i "$T/tmp/back.tar"
			is "$status" 0 "$kind: docker load"
			is "$(docker_ image inspect -f '{{.Id}}' "back-$kind:$format")" "$id" "$kind: has the same image under the new name"
			is "$(docker_ run --rm --network none "back-$kind:$format")" "$expected" "$kind: which runs"
		fi
		rm -f "$T/tmp/back.tar"
	done
	run as "$who" "$RLC" export -o "$T/tmp/root.tar" app:1
	is "$status" 0 "$kind: export"
	docker_ import "$T/tmp/root.tar" "imported-$kind" >/dev/null
	is "$(docker_ run --rm --network none "imported-$kind" /bin/busybox cat /data/file)" content "$kind: docker import takes it"
	rm -f "$T/tmp/root.tar"
done
run as "$sub" "$RLC" load -i "$T/unnamed.tar"
is "$status" 0 "an image without a name is loaded"
docker_down
done_testing
