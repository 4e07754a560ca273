#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Servers that people run, for 4c-programs.t, on every address of IPv4 and IPv6 that is here: nginx (8080,
# with TLS 8443), python's http.server (8082), one of node's (8083, which says what came), openssl s_server
# (4433), iperf3 (5201).
#
#     servers.sh DIRECTORY [iperf3]     DIRECTORY/www is what they serve, DIRECTORY/tls who they are
#
# Prints "ready" when all of them listen, and stays until it is told to end (SIGTERM).
set -eu

directory=$1
temporary=$(mktemp -d)
cd "$directory/www"
# shellcheck disable=SC2046 # numbers
trap 'kill $(jobs -p); wait; rm -rf "$temporary"; exit 0' TERM

cat >"$temporary/nginx.conf" <<END
daemon off;
user root;
worker_processes 2;
pid $temporary/nginx.pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
	access_log off;
	client_body_temp_path $temporary/body;
	proxy_temp_path $temporary/proxy;
	fastcgi_temp_path $temporary/fastcgi;
	uwsgi_temp_path $temporary/uwsgi;
	scgi_temp_path $temporary/scgi;
	keepalive_requests 10000;
	server {
		listen 8080;
		listen [::]:8080;
		listen 8443 ssl;
		listen [::]:8443 ssl;
		ssl_certificate $directory/tls/certificate.pem;
		ssl_certificate_key $directory/tls/key.pem;
		root $directory/www;
		location /say/ {
			client_max_body_size 0;
			proxy_pass http://127.0.0.1:8083;
		}
	}
}
END

cat >"$temporary/say.js" <<'END'
const { createHash } = require("crypto");

require("http").createServer((request, response) => {
	const hash = createHash("sha256");
	let bytes = 0;
	request.on("data", piece => { bytes += piece.length; hash.update(piece); });
	request.on("end", () => response.end(`${request.method} ${request.url} ${bytes} ${hash.digest("hex")}\n`));
}).listen(8083, "::");
END

nginx -e stderr -c "$temporary/nginx.conf" &
python3 -m http.server --bind :: 8082 >/dev/null 2>&1 &
node "$temporary/say.js" &
openssl s_server -quiet -accept 4433 -WWW -cert "$directory/tls/certificate.pem" -key "$directory/tls/key.pem" \
	>/dev/null 2>&1 &
if [ "${2:-}" = iperf3 ]; then
	iperf3 --server >/dev/null 2>&1 &
fi

for port in 1F90 20FB 1F92 1F93 1151 1451; do # those above, as the kernel writes them
	until grep -qs ":$port .* 0A " /proc/net/tcp /proc/net/tcp6; do
		sleep 0.05
	done
done
echo ready
wait
