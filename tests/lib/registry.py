#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A registry that serves images of an OCI layout and fails on demand.

    registry.py LAYOUT LOG

Listens on 127.0.0.1, prints the port, and writes a line for each request: METHOD PATH RANGE STATUS.
The first word of a repository's name says how it behaves: "drop/app" is LAYOUT's image "app" behind
a line that breaks.  GET /reset makes it forget what it was asked.
"""
import base64
import http.server
import json
import os
import sys
import threading
import time
import urllib.parse

LAYOUT, LOG = sys.argv[1:]
USER = "Basic " + base64.b64encode(b"alice:secret").decode()
seen = {}
lock = threading.Lock()


def blob(digest):
    with open(os.path.join(LAYOUT, "blobs/sha256", digest.split(":")[1]), "rb") as file:
        return file.read()


def descriptor(name):
    with open(os.path.join(LAYOUT, "index.json"), encoding="utf-8") as file:
        for entry in json.load(file)["manifests"]:
            if entry["annotations"]["org.opencontainers.image.ref.name"] == name:
                return entry
    return None


def times(key):
    """How often has this been asked? From 1 on."""
    with lock:
        seen[key] = seen.get(key, 0) + 1
        return seen[key]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", headers=(), type_="application/json"):
        with lock, open(LOG, "a", encoding="utf-8") as log:
            print(self.command, self.path, self.headers.get("Range", "-"), status, file=log)
        self.send_response(status)
        self.send_header("Content-Type", type_)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        return body

    def send(self, *args, **kwargs):
        self.wfile.write(self.answer(*args, **kwargs))

    def error(self, status, message, headers=()):
        self.send(status, json.dumps({"errors": [{"code": "X", "message": message}]}).encode(), headers)

    def port(self):
        return self.server.server_address[1]

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if form.get("refresh_token") == ["refresh"]:
            self.send(200, b'{"access_token": "letmein"}')
        else:
            self.error(401, "no")

    def do_GET(self):
        path = urllib.parse.urlparse(self.path).path
        words = path.strip("/").split("/")
        if path == "/reset":
            seen.clear()
            self.send(200)
            return
        if path == "/token":
            if "busy" in self.path and times("token") <= 2:
                self.error(503, "later")
            elif self.headers.get("Authorization") == USER:
                self.send(200, b'{"token": "letmein"}')
            else:
                self.error(401, "who are you?")
            return
        if path == "/brief":
            self.send(200, b'{"token": "%d"}' % times("tokens"))
            return
        if path.startswith("/elsewhere/"):
            if self.headers.get("Authorization"):
                self.error(400, "this is not for me")
            else:
                self.send(200, blob(words[-1]))
            return
        if len(words) != 5 or words[0] != "v2":
            self.error(404, "not found")
            return
        _, mode, name, kind, reference = words
        if not self.admit(mode):
            return
        if kind == "manifests":
            self.manifest(mode, name, reference)
        else:
            self.blob(mode, reference)

    def admit(self, mode):
        got = self.headers.get("Authorization")
        if mode == "basic" and got != USER:
            self.error(401, "no", [("WWW-Authenticate", 'Basic realm="x"')])
        elif mode == "brief" and (not got or times(("brief", got)) > 2):  # a token is good twice
            realm = f"http://127.0.0.1:{self.port()}/brief"
            self.error(401, "no", [("WWW-Authenticate", f'Bearer realm="{realm}"')])
        elif mode in ("token", "busy-token") and got != "Bearer letmein":
            realm = f"http://127.0.0.1:{self.port()}/token?{mode}"
            self.error(401, "no", [("WWW-Authenticate",
                                    f'Bearer realm="{realm}",service="s",scope="repository:x:pull"')])
        elif mode == "digest-auth":
            self.error(401, "no", [("WWW-Authenticate", 'Digest realm="x"')])
        else:
            return True
        return False

    def manifest(self, mode, name, reference):
        entry = descriptor(name)
        if mode == "busy" and times(("busy", reference)) <= 2:
            self.error(503, "later")
        elif mode == "limited":
            self.error(429, "too many\r\n\033[31mrequests", [("Retry-After", "3600")])
        elif mode == "limited-once" and times(("limited", reference)) == 1:
            self.error(429, "too many requests", [("Retry-After", "1")])
        elif mode == "endless":
            self.answer(200, type_="application/vnd.oci.image.manifest.v1+json",
                        headers=[("Transfer-Encoding", "chunked")])
            try:
                while True:
                    self.wfile.write(b"10000\r\n" + b" " * 65536 + b"\r\n")
            except OSError:
                self.close_connection = True
        elif not entry:
            self.error(404, "manifest unknown")
        else:
            data = blob(entry["digest"] if not reference.startswith("sha256:") else reference)
            if mode == "lie":
                data += b" "
            self.send(200, data, type_="application/vnd.oci.image.index.v1+json"
                      if mode == "confuse" else json.loads(data)["mediaType"])

    def blob(self, mode, digest):
        data = blob(digest)
        start = 0
        wanted = self.headers.get("Range")
        if mode == "corrupt" and len(data) > 10000:
            data = data[:-100] + b"\0" * 100
        if mode == "redirect":
            self.send(307, headers=[("Location", f"http://localhost:{self.port()}/elsewhere/{digest}")])
            return
        if wanted and mode != "no-ranges":
            start = int(wanted.split("=")[1].split("-")[0])
        headers = [("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")] if start else []
        body = self.answer(206 if start else 200, data[start:], headers)
        if mode in ("drop", "no-ranges") and len(data) > 10000 and times((mode, digest)) <= 3:
            self.wfile.write(body[:len(body) // 2])
            self.close_connection = True
        elif mode == "slow":
            for at in range(0, len(body), 65536):
                self.wfile.write(body[at:at + 65536])
                time.sleep(0.01)
        elif mode == "stall" and len(data) > 10000:
            self.wfile.write(body[:len(body) // 2])
            self.wfile.flush()
            time.sleep(600)
        else:
            self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # a client that went away


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
