#!/usr/bin/env python3
"""A forge on loopback for the action's test: releases to download, and the comments of one pull request.

forge.py RELEASES PORT_FILE COMMENTS: serves the files of RELEASES below /OWNER/NAME/releases/download/vVERSION/, keeps the comments
in the file COMMENTS, and writes its port to PORT_FILE. A request whose token is `read-only` may not write.
"""
import json
import pathlib
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RELEASES, PORT_FILE, COMMENTS = map(pathlib.Path, sys.argv[1:])
LIMIT = 65536


class Forge(BaseHTTPRequestHandler):
    """Answers as the forge's API documents it."""

    def log_message(self, *_):
        """Says nothing."""

    def answer(self, status, body, kind="application/json"):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def token(self):
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if "/releases/download/v" in url.path:
            file = RELEASES / url.path.rsplit("/", 1)[1]
            if file.is_file():
                return self.answer(200, file.read_bytes(), "application/octet-stream")
        elif url.path.endswith("/releases/latest"):
            return self.answer(200, {"tag_name": (RELEASES / "latest").read_text().strip()})
        elif url.path == "/repos/owner/name/issues/7/comments" and self.token():
            asked = urllib.parse.parse_qs(url.query)
            size, page = int(asked["per_page"][0]), int(asked["page"][0])
            comments = json.loads(COMMENTS.read_text())
            return self.answer(200, comments[(page - 1) * size : page * size])
        return self.answer(404, {"message": "Not Found"})

    def write(self, identity):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
        if self.token() != "may-write":
            return self.answer(403, {"message": "Resource not accessible by integration"})
        if len(body) > LIMIT:
            return self.answer(422, {"message": "body is too long (maximum is 65536 characters)"})
        comments = json.loads(COMMENTS.read_text())
        if identity is None:
            identity = 1 + max((comment["id"] for comment in comments), default=0)
            comments.append({"id": identity, "user": {"login": "github-actions[bot]"}})
        for comment in comments:
            if comment["id"] == identity:
                comment["body"] = body
                comment["writes"] = comment.get("writes", 0) + 1
        COMMENTS.write_text(json.dumps(comments))
        return self.answer(200, {"id": identity})

    def do_POST(self):
        if self.path != "/repos/owner/name/issues/7/comments":
            return self.answer(404, {"message": "Not Found"})
        return self.write(None)

    def do_PATCH(self):
        return self.write(int(self.path.rsplit("/", 1)[1]))


server = ThreadingHTTPServer(("127.0.0.1", 0), Forge)
PORT_FILE.write_text(str(server.server_port))
server.serve_forever()
