"""A provider that writes down what became of each refresh token."""

import asyncio
import hashlib
import json
import random
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import replace

from connector_vault.emulator.faults import Fault, Faults
from connector_vault.emulator.server import open_server
from connector_vault.emulator.stage import Stage


def mark_of(token):
    """Give what a refresh token is called in files that anybody may read."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]


class Ledger:
    """GitHub as it is emulated, and a book of what was spent there.

    `reuse`: what a spent refresh token does when it comes again. It ends the grant ("kill"), is
    refused ("plain"), or is answered as before ("grace"), as Okta, Auth0 or Slack may do.
    """

    def __init__(self, github):
        self._github = github
        self._given = {}
        self.posts = Counter()
        """How often each refresh token was brought, by the token's mark."""
        self.rotations = {}
        """What each refresh token that was taken became."""
        self.allow("kill")

    @property
    def hosts(self):
        return self._github.hosts

    def allow(self, reuse):
        """Change what a spent refresh token does."""
        self.reuse = reuse
        self._github.act("policy", reuse="plain" if reuse == "grace" else reuse)

    def act(self, deed, /, **details):
        return self._github.act(deed, **details)

    def answer(self, call):
        """Answer, and write down a refresh."""
        token = call.form().get("refresh_token", "") if call.method == "POST" else ""
        again = self._given.get(token) if self.reuse == "grace" else None
        reply = again or self._github.answer(call)
        if token:
            self.posts[mark_of(token)] += 1
        if token and (fresh := json.loads(reply.body).get("refresh_token")):
            self._given[token] = reply
            self.rotations[token] = fresh
        return reply

    def lives(self, token):
        """Tell whether a refresh token would be taken now."""
        return any(one.refresh == token for one in self._grants._all())

    def end(self, token):
        """End a token that nobody holds."""
        self._grants.revoke(token)

    @property
    def _grants(self):
        return self._github._hub.grants


class Weather(Faults):
    """Each refresh takes a little while on its way there, or on its way back."""

    def __init__(self, seed, longest):
        super().__init__()
        self.longest = longest
        self._chance = random.Random(seed)

    def take(self, call):
        """Give what happens to this call."""
        fault = super().take(call)
        if fault or "refresh_token" not in call.form():
            return fault
        seconds = self._chance.random() * self.longest
        return Fault(kind=self._chance.choice(["late", "delay"]), seconds=seconds)


@asynccontextmanager
async def keeping_books(*, seed=0, longest=0.0):
    """Run such a provider in this loop. Give it, and its URL."""
    stage = Stage.of("github")
    ledger = Ledger(stage.sites["github"])
    stage = replace(stage, sites={"github": ledger}, faults=Weather(seed, longest))
    started, stop = asyncio.get_running_loop().create_future(), asyncio.Event()
    server = asyncio.create_task(open_server(stage, "127.0.0.1", 0, started.set_result, stop))
    try:
        yield ledger, await started
    finally:
        stop.set()
        await server
