"""Let people disconnect from your own panel: the vault's hook, inside a FastAPI program."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request

from connector_vault import Owner, Vault, panel

SESSIONS = {"a-session-of-ada": "ada"}  # here stands whatever your site knows people by


def logged_in(request: Request) -> Owner | None:
    """Say who asks. None is a stranger."""
    user = SESSIONS.get(request.cookies.get("session", ""))
    return Owner(tenant="acme", user=user) if user else None


@asynccontextmanager
async def lifespan(site: FastAPI) -> AsyncGenerator[None]:
    async with Vault.open() as vault:
        site.mount("/vault", panel.app(vault))  # for programs, which show an access key
        site.mount("/me", panel.app(vault, identify=logged_in))  # for people who have logged in
        yield


site = FastAPI(lifespan=lifespan)
