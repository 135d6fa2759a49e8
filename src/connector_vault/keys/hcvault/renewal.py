"""Renewing the token in the background, also while nobody asks for anything."""

import logging
import threading
from collections.abc import Callable

from connector_vault.errors import ConnectorVaultError
from connector_vault.keys.hcvault.tokens import Tokens

__all__ = ["Renewal"]

_log = logging.getLogger(__name__)


class Renewal:
    """A thread of its own, because a server that hangs must not hold up those who ask."""

    def __init__(self, tokens: Tokens, renew: Callable[[], bool], holder: str) -> None:
        self._tokens = tokens
        self._renew = renew
        self._holder = holder
        self._news = threading.Event()
        self._thread: threading.Thread | None = None
        self._closed = False

    def look(self) -> None:
        """Look again when to renew: there is another token."""
        self._news.set()
        if self._thread is None and not self._closed and self._tokens.due() is not None:
            self._thread = threading.Thread(target=self._serve, name="hcvault-token", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Renew no more."""
        self._closed = True
        self._news.set()

    def _serve(self) -> None:
        wait = self._tokens.due()
        while not self._closed:
            if self._news.wait(wait):
                self._news.clear()
                wait = self._tokens.due()
            else:
                wait = self._once()

    def _once(self) -> float | None:
        """Renew, and give the seconds until the next time. None: there will be none."""
        try:
            if self._renew():
                return self._tokens.due()
        except ConnectorVaultError as error:
            _log.warning("the token for %s was not renewed yet: %s", self._holder, error)
        except Exception as error:  # noqa: BLE001  # its text may hold the token
            kind = type(error).__name__
            _log.warning("the token for %s was not renewed yet (%s)", self._holder, kind)
        else:
            _log.warning("the token for %s can be renewed no more, and will end", self._holder)
            return None
        return self._tokens.again()
