"""What libraries of others read in the environment, said for a while."""

import os
from collections.abc import Generator
from contextlib import contextmanager

__all__ = ["told"]


@contextmanager
def told(**said: str) -> Generator[None]:
    """Set variables, and put them back as they were."""
    before = {name: os.environ.get(name) for name in said}
    os.environ.update(said)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
