"""One connection to the server: what hvac calls an adapter, with one deadline for all of it."""

import json
import select
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import h11
import hvac
from hvac.adapters import Adapter

from connector_vault.envelope import wipe
from connector_vault.keys.hcvault.address import Address
from connector_vault.keys.hcvault.answer import Answer, answer_of
from connector_vault.keys.hcvault.crew import Deadline
from connector_vault.keys.hcvault.failures import broken, incomprehensible
from connector_vault.keys.hcvault.tls import context_of
from connector_vault.model import Secret

if TYPE_CHECKING:
    from connector_vault.errors import ConnectorVaultError

__all__ = ["Line"]

_MAX_ANSWER = 1024 * 1024
"""Bytes of a body. The answer to a batch of 128 has 20,000."""

_PIECE = 64 * 1024
"""Bytes read at once."""

_FRESH = 20.0
"""Seconds a connection may have been idle. What lies between may forget it without a word."""


class Line(Adapter):
    """Sends what hvac wants sent. For one thread at a time.

    hvac's own adapter bounds each read and not the answer, follows redirects, obeys proxies, and
    puts bodies into its errors. This one raises no errors but ours, which hold none of that.
    """

    def __init__(self, address: Address) -> None:
        # Not the adapter's own __init__, which would make a session of requests.
        self._address = address
        self._plug: socket.socket | None = None
        self._talk = h11.Connection(h11.CLIENT)
        self._used = 0.0
        self._token: Secret | None = None
        self.deadline = Deadline(0)
        """Until when answers are waited for."""
        # With an address and a token, though empty, hvac looks for none in the environment.
        self._hvac = hvac.Client(url="https://", token="", adapter=self._as_adapter)

    def ask(self, question: Callable[[hvac.Client], object], token: Secret | None) -> Answer:
        """Ask one question, under a token if one is given.

        Raises:
            KeysUnavailable: no answer came in time that can be read.
            Misconfigured: the server's certificate is not trusted, or it does not speak TLS.
        """
        failure: ConnectorVaultError
        self._token = token
        try:
            answer = question(self._hvac)
            if isinstance(answer, Answer):
                return answer
            failure = incomprehensible(self._address)
        except OSError as error:
            failure = broken(error, self._address)
        except h11.ProtocolError:
            failure = incomprehensible(self._address)
        finally:
            self._token = None
            if not self._is_at_rest():
                self.close()
        raise failure

    def request(
        self,
        method: str,
        url: str,
        headers: dict[str, str] | None = None,
        raise_exception: bool = True,
        **kwargs: object,
    ) -> Answer:
        """Send a request of hvac's, and read the whole answer."""
        del headers, raise_exception
        said = kwargs.get("json")
        body = b"" if said is None else json.dumps(said, separators=(",", ":")).encode()
        if self._is_fresh():
            try:
                return self._exchange(method, url, body)
            except (ConnectionError, h11.RemoteProtocolError):
                # The server let go of it in that moment. Nothing here does harm if done twice.
                self.close()
        self.close()
        self._connect()
        return self._exchange(method, url, body)

    def get_login_token(self, response: object) -> str:
        """Refuse: hvac is not told to keep tokens."""
        raise NotImplementedError

    def _as_adapter(self, **_: object) -> "Line":
        return self

    def close(self) -> None:
        """Hang up. The next request connects anew."""
        if self._plug is not None:
            self._plug.close()
            self._plug = None

    def _is_at_rest(self) -> bool:
        return self._talk.our_state is h11.IDLE and self._talk.their_state is h11.IDLE

    def _is_fresh(self) -> bool:
        if self._plug is None or time.monotonic() - self._used > _FRESH:
            return False
        # What the server says unasked is that it hung up.
        look = select.poll()
        look.register(self._plug, select.POLLIN)
        return not look.poll(0)

    def _connect(self) -> None:
        where = (self._address.host, self._address.port)
        plug = socket.create_connection(where, timeout=self.deadline.left())
        try:
            plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            plug = self._secured(plug)
        except BaseException:
            plug.close()
            raise
        self._plug = plug
        self._talk = h11.Connection(h11.CLIENT)

    def _secured(self, plug: socket.socket) -> socket.socket:
        if not self._address.tls:
            return plug
        # Made anew each time, because certificates are replaced while we run.
        context = context_of(self._address)
        plug.settimeout(self.deadline.left())
        return context.wrap_socket(plug, server_hostname=self._address.host)

    def _exchange(self, method: str, url: str, body: bytes) -> Answer:
        head = h11.Request(method=method.upper(), target=url, headers=self._headers(body))
        self._send(head, h11.Data(body), h11.EndOfMessage())
        answer = self._read()
        if self._talk.our_state is h11.DONE and self._talk.their_state is h11.DONE:
            self._talk.start_next_cycle()
            self._used = time.monotonic()
        return answer

    def _headers(self, body: bytes) -> list[tuple[str, str]]:
        headers = [
            ("Host", self._address.place),
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            # Some proxies, such as Vault's agent, refuse requests without it.
            ("X-Vault-Request", "true"),
        ]
        if self._token is not None:
            headers.append(("X-Vault-Token", self._token.reveal()))
        if self._address.namespace:
            headers.append(("X-Vault-Namespace", self._address.namespace))
        return headers

    def _send(self, *events: h11.Event) -> None:
        plug = self._connected()
        plug.settimeout(self.deadline.left())
        plug.sendall(b"".join(self._talk.send(event) or b"" for event in events))

    def _read(self) -> Answer:
        status, body = 0, bytearray()
        while True:
            match self._next():
                case h11.Response(status_code=code):
                    status = code
                case h11.Data(data=data):
                    body += data
                case h11.EndOfMessage():
                    answer = answer_of(status, body)
                    wipe(body)
                    return answer
                case h11.InformationalResponse():
                    pass
                case _:
                    raise h11.RemoteProtocolError("it ended before its end")
            if len(body) > _MAX_ANSWER:
                raise h11.RemoteProtocolError("the answer is too long")

    def _next(self) -> object:
        while (event := self._talk.next_event()) is h11.NEED_DATA:
            plug = self._connected()
            # Before each read: a server that sends a byte now and then gets no more time by it.
            plug.settimeout(self.deadline.left())
            self._talk.receive_data(plug.recv(_PIECE))
        return event

    def _connected(self) -> socket.socket:
        if self._plug is None:
            raise ConnectionError
        return self._plug
