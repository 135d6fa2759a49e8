"""How far a tool was kept from everything else."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["INLINE", "Isolation", "Mode"]

Mode = Literal["inline", "pooled", "fresh"]
"""In the vault's own process; in a process that serves one owner and one provider, call after
call; in a process of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """How a call was isolated: not what was wished for, but what the worker said it had done."""

    mode: Mode
    landlock: int = 0
    """The ABI in force: https://docs.kernel.org/userspace-api/landlock.html. 0: none."""
    seccomp: bool = False

    @property
    def sandboxed(self) -> bool:
        """Whether the tool could reach no file, no network and no other process."""
        return self.landlock > 0 and self.seccomp

    def __str__(self) -> str:
        if self.mode == "inline":
            return "inline"
        means = [f"Landlock {self.landlock}"] if self.landlock else []
        means += ["seccomp"] if self.seccomp else []
        return f"{self.mode} ({', '.join(means) or 'no sandbox'})"


INLINE = Isolation(mode="inline")
