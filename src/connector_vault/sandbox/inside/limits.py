"""What one worker may use of the machine (setrlimit(2)): no privilege is needed to say so."""

import resource

__all__ = ["MEMORY", "limit"]

MEMORY = 512 * 1024 * 1024
"""Bytes of address space. Python with a connector takes about a third of it."""

_CPU = 120
"""Seconds of computing in a worker's whole life. Its calls have deadlines of their own."""

_FILES = 64
"""Descriptors."""


def limit(memory: int = MEMORY) -> None:
    """Bind this process. It cannot take that back."""
    for kind, most in (
        (resource.RLIMIT_CORE, 0),  # a core file would hold what the worker held
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, _CPU),
        (resource.RLIMIT_NOFILE, _FILES),
    ):
        resource.setrlimit(kind, (most, most))
