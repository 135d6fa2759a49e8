"""The main job, done before your eyes: connect, seal, call, refresh under a crowd, disconnect."""

import asyncio

__all__ = ["run"]


def run(*, as_json: bool) -> int:
    """Play the demo in a temporary folder, against an emulated GitHub. Give the exit code."""
    # Not above: its modules are started as processes of their own, and must not be loaded twice.
    from connector_vault.demo.play import play
    from connector_vault.demo.stage import stage

    async def main() -> bool:
        async with stage(as_json=as_json) as ready:
            return await play(ready)

    return 0 if asyncio.run(main()) else 1
