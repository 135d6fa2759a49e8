"""What takes uploads as Slack and X do, and keeps nothing: `python -m tests.connectors.taker`.

A process of its own, so that what it holds is not counted. It counts the bytes that came to where
files go; `/break/N` has it hang up at the Nth of those requests.
"""

import json
import socketserver
import subprocess
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

_PIECE = 256 * 1024
_SLACK, _X = "/slack.com/api", "/api.x.com/2"
_PLACE = "https://files.slack.com/upload/v1/abc"
_ANSWERS = {
    f"{_SLACK}/auth.test": {
        "ok": True,
        "team": "Acme",
        "team_id": "T1",
        "user": "ada",
        "user_id": "U1",
    },
    f"{_SLACK}/files.getUploadURLExternal": {"ok": True, "upload_url": _PLACE, "file_id": "F1"},
    f"{_SLACK}/files.completeUploadExternal": {"ok": True, "files": [{"id": "F1", "title": "t"}]},
    f"{_X}/users/me": {"data": {"id": "7", "username": "wren", "name": "Wren"}},
    f"{_X}/media/upload": {"data": {"id": "77"}},
    f"{_X}/media/upload/initialize": {"data": {"id": "77"}},
    f"{_X}/media/upload/77/append": {"data": {}},
    f"{_X}/media/upload/77/finalize": {"data": {"id": "77"}},
}
_FILES = ("/files.slack.com/", f"{_X}/media/upload/77/append", f"{_X}/media/upload")


class _Taker(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bytes = requests = last = 0
    completed = 0

    def do_POST(self):
        kind, path = type(self), self.path.partition("?")[0]
        left = int(self.headers.get("content-length", 0))
        counted = path.startswith(_FILES) and not path.endswith(("initialize", "finalize"))
        kind.requests += counted
        if counted and kind.requests == kind.last:
            self.close_connection = True
            return
        while left and (piece := self.rfile.read(min(_PIECE, left))):
            left -= len(piece)
            kind.bytes += len(piece) * counted
        kind.completed += path.endswith(("completeUploadExternal", "finalize"))
        self._say(self._answer(path))

    def do_GET(self):
        self.do_POST()

    def _answer(self, path):
        kind, (_, verb, *rest) = type(self), path.split("/")
        if verb == "break":
            kind.bytes = kind.requests = kind.completed = 0
            kind.last = int(rest[0])
        if verb in ("break", "count"):
            return {"bytes": kind.bytes, "requests": kind.requests, "completed": kind.completed}
        return _ANSWERS.get(path, {"ok": True})

    def _say(self, said):
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


@contextmanager
def taker():
    """Run one, and give its address."""
    command = [sys.executable, "-m", "tests.connectors.taker"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


if __name__ == "__main__":
    with _Server(("127.0.0.1", 0), _Taker) as server:
        sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}\n")
        sys.stdout.flush()
        server.serve_forever()
