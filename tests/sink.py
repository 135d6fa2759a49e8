"""A server that swallows what is uploaded and says how much that was: `python -m tests.sink`.

A process of its own, so that what it holds is not counted. Paths end with what it shall do:
`/break/N` hangs up after N bytes, `/early/N` answers 413 after N bytes, anything else takes all.
"""

import hashlib
import json
import socketserver
import subprocess
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

_PIECE = 256 * 1024


class _Sink(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        size = int(self.headers.get("content-length", 0))
        how, _, bound = self.path.rpartition("/")
        most = int(bound) if bound.isdecimal() else size
        digest, got = hashlib.sha256(), 0
        while got < min(size, most) and (piece := self.rfile.read(min(_PIECE, size - got))):
            digest.update(piece)
            got += len(piece)
        if how.endswith("/break"):
            self.close_connection = True
            return
        said = {
            "path": self.path,
            "size": got,
            "digest": digest.hexdigest(),
            "token": "authorization" in self.headers,
        }
        body = json.dumps(said).encode()
        self.send_response(413 if how.endswith("/early") else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = got < size

    def do_GET(self):
        self.do_POST()

    def log_message(self, *_):
        pass


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


@contextmanager
def sink():
    """Run one, and give its address."""
    command = [sys.executable, "-m", "tests.sink"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


if __name__ == "__main__":
    with _Server(("127.0.0.1", 0), _Sink) as server:
        sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}\n")
        sys.stdout.flush()
        server.serve_forever()
