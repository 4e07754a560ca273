#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Programs that people run on a network, each of which asks servers.sh's servers, for 4c-programs.t:
#
#     clients.sh DIRECTORY ADDRESS…     DIRECTORY/tls/certificate.pem is who the servers are
#
# Prints what they found, one line for each thing: the same lines on every network that works.
set -u

directory=$1
shift
home=$(mktemp -d)
export HOME=$home
cd "$home" || exit 1

say() { printf '%s %s: %s\n' "$address" "$1" "$2"; }
sum() { sha256sum | cut -c 1-16; }

# ------------------------------------------------------------------------------------------- curl, wget

curls() {
	local i

	say "curl, 32 MiB" "$(curl -sS "http://$host:8080/large" 2>&1 | sum)"
	say "curl, a range" "$(curl -sS -r 1000000-3000000 -w ' %{http_code}' "http://$host:8080/large" 2>&1 | sum)"
	say "curl, not there" "$(curl -sS -o /dev/null -w '%{http_code}' "http://$host:8080/none" 2>&1)"
	say "curl, 150 at once" "$(curl -sSZ --parallel-max 150 -o "$home/many.#1" "http://$host:8080/small/[1-150]" 2>/dev/null
		echo $?) $(cat "$home"/many.* | sum)"
	say "curl, 150 by one connection" "$(curl -sS -w '%{stderr}%{num_connects}\n' "http://$host:8080/small/[1-150]" 2>"$home/connects" | sum
		) $(awk '{ n += $1 } END { print n }' "$home/connects")"
	say "curl, 20 connections, one by one" "$(for ((i = 0; i < 20; i++)); do
		curl -sS -H 'Connection: close' "http://$host:8080/small/7"
	done 2>&1 | sum)"
	say "curl, an upload" "$(curl -sS -T "$home/large" "http://$host:8083/put" 2>&1)"
	say "curl, an upload by a proxy" "$(curl -sS -T "$home/large" "http://$host:8080/say/put" 2>&1)"
	say "curl, a form" "$(curl -sS -F a=b -F large=@large -o /dev/null -w '%{http_code}' "http://$host:8083/form" 2>&1)"
	say "curl, TLS" "$(curl -sS --cacert "$directory/tls/certificate.pem" --connect-to "servers.test:8443:$host:8443" \
		https://servers.test:8443/large 2>&1 | sum)"
	say "curl, TLS of one who is not it" "$(curl -s --cacert "$directory/tls/certificate.pem" "https://$host:8443/large"
		echo $?)"
	say "curl, refused" "$(curl -s "http://$host:8099/"
		echo $?)"
	say "curl, a limited rate" "$(curl -sS --limit-rate 100M "http://$host:8082/large" 2>&1 | sum)"
}

wgets() {
	wget -q -O got "http://$host:8080/large"
	say "wget" "$? $(sum <got)"
	truncate -s 12345678 got
	wget -q -c -O got "http://$host:8080/large"
	say "wget, continued" "$? $(sum <got)"
	wget -q -r -np -nH -P tree "http://$host:8082/small/"
	say "wget, a tree" "$? $(find tree -type f -name '[0-9]*' | wc -l) files"
	wget -q --tries 1 -O got "http://$host:8099/"
	say "wget, refused" $?
}

# ------------------------------------------------------------------------------------------- git, apt

gits() {
	git -c advice.detachedHead=false clone -q "http://$host:8080/repository.git" clone 2>&1
	say "git clone" "$? $(git -C clone rev-list --count HEAD) $(git -C clone rev-parse HEAD | cut -c 1-16)"
	git -C clone fsck --full --strict 2>/dev/null
	say "git fsck" $?
	git -C clone fetch -q 2>&1
	say "git fetch" $?
	rm -rf clone
}

apts() {
	local options=(-q -o Dir::Etc::sourcelist="$home/sources.list" -o Dir::Etc::sourceparts=/dev/null
		-o Dir::State="$home/apt" -o Dir::Cache="$home/apt" -o APT::Sandbox::User=root
		-o Dir::State::status=/dev/null -o Acquire::Retries=0 -o Dir::Etc::main=/dev/null
		-o Dir::Etc::parts=/dev/null)

	mkdir -p apt/lists/partial apt/archives/partial
	echo "deb [trusted=yes] http://$host:8080/debian ./" >sources.list
	apt-get "${options[@]}" update >apt.log 2>&1
	say "apt-get update" "$? $(grep -c '^Get:' apt.log)"
	apt-get "${options[@]}" download stress-1 stress-2 stress-3 >apt.log 2>&1
	say "apt-get download" "$? $(cat stress-*.deb | sum)"
	rm -rf apt stress-*.deb
}

# ------------------------------------------------------------------------------------- python, node

pythons() {
	say "python" "$(python3 - "$host" <<-'PYTHON' 2>&1
		import concurrent.futures, hashlib, http.client, sys, urllib.request

		host = sys.argv[1]

		def get(i):
		    return urllib.request.urlopen(f"http://{host}:8082/small/{i}", timeout=60).read()

		with concurrent.futures.ThreadPoolExecutor(4) as pool:  # its queue has room for 5
		    parts = list(pool.map(get, range(1, 101)))
		kept = http.client.HTTPConnection(host.strip("[]"), 8080, timeout=60)
		for i in range(100):
		    kept.request("GET", f"/small/{i + 1}")
		    assert kept.getresponse().read() == parts[i]
		request = urllib.request.Request(f"http://{host}:8083/post", data=b"".join(parts))
		said = urllib.request.urlopen(request, timeout=60).read().decode().split()
		assert said[3] == hashlib.sha256(b"".join(parts)).hexdigest(), said
		try:
		    urllib.request.urlopen(f"http://{host}:8099/")
		except OSError as error:
		    print(len(parts), said[2], error)
		PYTHON
	)"
}

nodes() {
	cat >ask.js <<-'JAVASCRIPT'
		const http = require("http"), host = process.argv[2];

		function ask(port, path, agent, body) {
			return new Promise((resolve, reject) => {
				const method = body ? "POST" : "GET";
				const request = http.request({ host, port, path, agent, method }, response => {
					let bytes = 0;
					response.on("data", piece => bytes += piece.length);
					response.on("end", () => resolve(bytes));
				});
				request.on("error", reject);
				request.end(body);
			});
		}
		async function main() {
			const agent = new http.Agent({ keepAlive: true, maxSockets: 20 });
			const each = [];
			for (let i = 0; i < 300; i++)
				each.push(ask(8080, `/small/${i % 150 + 1}`, agent));
			for (let i = 0; i < 50; i++)
				each.push(ask(8083, "/post", agent, Buffer.alloc(100000, i)));
			const bytes = (await Promise.all(each)).reduce((a, b) => a + b);
			agent.destroy();
			const refused = await ask(8099, "/").catch(error => error.code);
			console.log(bytes, refused);
		}
		main();
	JAVASCRIPT
	say "node" "$(node ask.js "$bare" 2>&1)"
}

# ----------------------------------------------------------------------------------- openssl, iperf3

openssls() {
	local port

	for port in 4433 8443; do
		say "openssl s_client, port $port" "$(printf 'GET /large HTTP/1.0\r\n\r\n' | openssl s_client -quiet -connect \
			"$host:$port" -servername servers.test -verify_return_error -verify_hostname servers.test \
			-CAfile "$directory/tls/certificate.pem" 2>/dev/null | tail -c 33554432 | sum)"
	done
	openssl s_client -connect "$host:8099" </dev/null >/dev/null 2>&1
	say "openssl s_client, refused" $?
}

iperf3s() {
	local how

	for how in "-n 64M" "-R -n 64M" "-P 8 -n 32M" "-R -P 8 -n 32M" "-u -b 200M -l 1200 -n 4800000"; do
		# shellcheck disable=SC2086 # options
		say "iperf3 $how" "$(iperf3 --client "$bare" --json $how | python3 -c '
import json, sys
all = json.load(sys.stdin)
end = all.get("end", {})
sent = end.get("sum_sent", end.get("sum", {}))
print(all.get("error", "well"), sent.get("packets", "%d × 32 MiB" % (sent.get("bytes", 0) >> 25)))' 2>&1)"
	done
}

for bare; do
	address=IPv4 host=$bare
	case $bare in *:*) address=IPv6 host="[$bare]" ;; esac
	curl -sS "http://$host:8080/large" -o large
	curls
	wgets
	gits
	apts
	pythons
	nodes
	openssls
	iperf3s
done
rm -rf "$home"
