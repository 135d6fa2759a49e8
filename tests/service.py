"""A service that nobody wrote a connector for, on this machine: an API, and an OAuth 2.0 server."""

import json
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_hex
from threading import Thread
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode, urlsplit

KEY = "sk-or-v1-" + "0123456789abcdef" * 4
MODELS = {"data": [{"id": "acme/large"}, {"id": "acme/small"}]}


class Service:
    """What it was asked, and what it has given out."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.heard: list[tuple[str, str, dict[str, str], bytes]] = []
        """Method, path with its query, headers and body of each request."""
        self.live = {KEY}
        self.codes: dict[str, dict[str, str]] = {}

    @property
    def asked(self) -> list[str]:
        """List what was asked, without what came along."""
        return [f"{method} {path}" for method, path, _, _ in self.heard]

    def answer(self, method, path, headers, body):
        """Answer one request: status, headers, JSON."""
        self.heard.append((method, path, headers, body))
        address = urlsplit(path)
        form = dict(parse_qsl(body.decode()))
        match (method, address.path):
            case ("GET", "/authorize"):
                return self._agreed(dict(parse_qsl(address.query)))
            case ("POST", "/token"):
                return self._granted(_client(headers, form), form)
            case ("POST", "/revoke"):
                self.live.discard(form.get("token"))
                return 200, {}, {}
        return self._served(method, address, headers, body)

    def _served(self, method, address, headers, body):
        key = headers.get("authorization", "").removeprefix("Bearer ") or headers.get("x-api-key")
        if key not in self.live:
            return 401, {}, {"error": {"message": "No auth credentials found", "code": 401}}
        match (method, address.path):
            case ("GET", "/api/v1/models"):
                return 200, {}, {**MODELS, "asked": parse_qs(address.query), "key": key}
            case ("POST", "/api/v1/chat/completions"):
                return 200, {}, {"model": json.loads(body)["model"], "choices": ["hello"]}
            case ("GET", "/api/v1/whoami"):
                return 200, {}, {"user": {"id": 7, "name": "ada"}}
            case ("GET", "/api/v1/busy"):
                return 429, {"retry-after": "7"}, {}
        return 404, {}, {"error": {"message": f"nothing is at {address.path}, and not {key}"}}

    def _agreed(self, said):
        code = f"code-{token_hex(8)}"
        self.codes[code] = said
        back = urlencode({"code": code, "state": said["state"]})
        return 302, {"location": f"{said['redirect_uri']}?{back}"}, {}

    def _granted(self, client, form):
        if client != ("acme-client", "acme-secret"):
            return 401, {}, {"error": "invalid_client"}
        held = form.get("refresh_token")
        if form["grant_type"] == "refresh_token" and held not in self.live:
            return 400, {}, {"error": "invalid_grant"}
        if held is None and self.codes.pop(form.get("code"), None) is None:
            return 400, {}, {"error": "invalid_grant"}
        self.live.discard(held)
        given = {"access_token": f"at-{token_hex(16)}", "refresh_token": f"rt-{token_hex(16)}"}
        self.live |= set(given.values())
        return 200, {}, {**given, "expires_in": 3600, "token_type": "bearer"}


def _client(headers, form):
    known, _, pair = headers.get("authorization", "").partition(" ")
    if known == "Basic":
        name, _, secret = b64decode(pair).decode().partition(":")
        return unquote_plus(name), unquote_plus(secret)
    return form.get("client_id"), form.get("client_secret")


@contextmanager
def served() -> Iterator[Service]:
    """Serve one on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more, said = service.answer(self.command, self.path, headers, body)
            text = json.dumps(said).encode()
            self.send_response(status)
            for name, value in {**more, "content-length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_DELETE = do_PUT = handle_any  # noqa: N815

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service = Service(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
