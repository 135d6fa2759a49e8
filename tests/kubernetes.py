"""What OpenBao has to believe in before a pod may log in there. Only OpenBao's side is real."""

import base64
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

NAMED = {"username": "system:serviceaccount:agents:vault", "uid": "1"}
REVIEW = {"authenticated": True, "user": NAMED}


class Review(BaseHTTPRequestHandler):
    """What Kubernetes answers when a server asks whose token it was given."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({"kind": "TokenReview", "status": REVIEW}).encode())

    def log_message(self, *_):
        pass


@contextmanager
def kubernetes(bao):
    """Let the server believe in a Kubernetes: OpenBao's side is real, the other is not."""
    reviews = HTTPServer(("127.0.0.1", 0), Review)
    threading.Thread(target=reviews.serve_forever, args=(0.01,), daemon=True).start()
    mount = bao.new_name()
    bao.done("POST", f"sys/auth/{mount}", {"type": "kubernetes"})
    config = {
        "kubernetes_host": f"http://127.0.0.1:{reviews.server_port}",
        "kubernetes_ca_cert": bao.certificate.read_text().partition("-----BEGIN PRIVATE")[0],
        "disable_local_ca_jwt": True,
    }
    bao.done("POST", f"auth/{mount}/config", config)
    try:
        yield mount
    finally:
        reviews.shutdown()
        reviews.server_close()


def service_account():
    """Write the token of a service account, as far as the server reads it."""
    named = {"namespace": "agents", "serviceaccount": {"name": "vault", "uid": "1"}}
    claims = {"iss": "kubernetes/serviceaccount", "kubernetes.io": named, "exp": 2**33, "nbf": 1}
    parts = (json.dumps({"alg": "RS256"}).encode(), json.dumps(claims).encode(), b"s" * 256)
    return b".".join(base64.urlsafe_b64encode(one).rstrip(b"=") for one in parts)
