"""What processes on one file know of each other: nothing. Their journals' locks tell more."""

import asyncio

__all__ = ["Alone"]


class Alone:
    """The presence of a database that has no sessions."""

    async def appear(self, process: str) -> bool:  # noqa: ARG002  # it is the seam's
        return False

    async def alive(self, process: str) -> bool | None:  # noqa: ARG002
        return None

    async def wait(self, connection: str, seconds: float) -> None:  # noqa: ARG002
        await asyncio.sleep(seconds)

    def tell(self, connection: str) -> None:
        """Tell nobody: whoever waits looks again soon."""
