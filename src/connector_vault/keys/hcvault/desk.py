"""Asking the server under a token that is good. For threads."""

from contextlib import contextmanager
from typing import TYPE_CHECKING

from connector_vault.keys.hcvault.address import Address
from connector_vault.keys.hcvault.answer import Answer
from connector_vault.keys.hcvault.crew import Deadline
from connector_vault.keys.hcvault.renewal import Renewal
from connector_vault.keys.hcvault.token import revoke
from connector_vault.keys.hcvault.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from hvac import Client

    from connector_vault.keys.hcvault.line import Line

__all__ = ["Desk"]


class Desk:
    """The connections to one server, and the token."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._idle: list[Line] = []
        self._tokens = Tokens(address, self._look)
        self._renewal = Renewal(self._tokens, self._renew, address.id)
        self._closed = False

    def ask(self, question: "Callable[[Client], object]", deadline: Deadline) -> Answer:
        """Ask one question; once more under another token if the first was refused.

        Raises:
            KeysUnavailable: the server does not answer.
            KeysDenied: it lets nobody in with our secret.
            Misconfigured: our secret is missing, or the server is not who it should be.
        """
        with self._line(deadline) as line:
            token = self._tokens.current(line)
            answer = line.ask(question, token.secret)
            if answer.status == 403:
                other = self._tokens.another(line, token)
                answer = line.ask(question, other.secret) if other else answer
            self._tokens.judge(denied=answer.status == 403)
            return answer

    def leave(self, deadline: Deadline) -> None:
        """End the token, if we logged in for it: a process that is gone needs none."""
        token = self._tokens.held
        if token is not None and self._tokens.is_own:
            with self._line(deadline) as line:
                revoke(line, token)

    def close(self) -> None:
        """Hang up, and forget the token."""
        self._closed = True
        self._renewal.close()
        self._tokens.forget()
        while self._idle:
            self._idle.pop().close()

    def _look(self) -> None:
        self._renewal.look()

    def _renew(self) -> bool:
        with self._line(Deadline(self._address.timeout)) as line:
            return self._tokens.renew(line)

    @contextmanager
    def _line(self, deadline: Deadline) -> "Generator[Line]":
        line = self._free_line()
        line.deadline = deadline
        try:
            yield line
        finally:
            # The one used last is taken first: of few that are in use, none grows stale.
            self._idle.append(line)
            if self._closed:
                line.close()

    def _free_line(self) -> "Line":
        try:
            return self._idle.pop()
        except IndexError:
            # Here, in a thread: hvac takes longer to load than a loop may be kept from its work.
            from connector_vault.keys.hcvault.line import Line

            return Line(self._address)
