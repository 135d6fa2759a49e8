"""Time that passes for a vault, for the providers, or for both."""

from connector_vault.room import now_ms


class Time:
    """A clock for `Vault.open`, which a test moves."""

    def __init__(self, world):
        self.ahead = 0
        self._world = world

    def clock(self):
        """Give the vault's time: milliseconds since 1970 UTC."""
        return now_ms() + self.ahead

    def jump(self, seconds):
        """Move the vault's clock alone: forward, or back."""
        self.ahead += int(seconds * 1000)

    async def on(self, seconds):
        """Let time pass for everybody."""
        self.jump(seconds)
        await self._world.advance(seconds)
