"""For whoever watches over the process: is it alive, and could it work."""

import asyncio
import logging

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from connector_vault.panel.answers import refusal
from connector_vault.vault import Vault

__all__ = ["Health"]

_HOLD = 1.0
"""Seconds a finding is told again. Anybody may ask, and must not keep the key holder busy."""

_PATIENCE = 5.0
"""Seconds for the store and the key holder."""

_log = logging.getLogger(__name__)


class Health:
    """Answers anybody, and tells no more than yes or no."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._turn = asyncio.Lock()
        self._until = 0.0
        self._ready = False

    async def alive(self, _: Request) -> Response:
        """Say that the process answers."""
        return JSONResponse({"status": "alive"})

    async def ready(self, _: Request) -> Response:
        """Say whether the store is read and the key holder opens its key."""
        async with self._turn:
            if asyncio.get_running_loop().time() >= self._until:
                self._ready = await self._look()
                self._until = asyncio.get_running_loop().time() + _HOLD
        if self._ready:
            return JSONResponse({"status": "ready"})
        return refusal(503, "NotReady", "this cannot work now: the log of the vault says why")

    async def _look(self) -> bool:
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._vault.room.keyring.prove()
        except Exception as error:  # noqa: BLE001  # whatever it is, the answer is no
            _log.warning("not ready: %s", type(error).__name__)
            return False
        return True
