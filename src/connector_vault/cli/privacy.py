"""What a process that stays, and holds keys, does about its memory."""

import sys
from contextlib import suppress

__all__ = ["keep_memory_private"]


def keep_memory_private() -> None:
    """Leave no core dump, and let nobody but root look into this process (prctl(2), getrlimit(2)).

    Nothing else can be done about the texts of tokens: Python cannot wipe them.
    """
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        from connector_vault.sandbox.inside.kernel import undumpable

        # A kernel that forbids even this has other ways to keep others out.
        with suppress(OSError):
            undumpable()
