"""One repository, with all that is in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from .git import Commit, Files, Git
from .records import Comment, Issue, Run, User

__all__ = ["Repository"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository. Only its owner may write to it."""

    id: int
    owner: User
    name: str
    description: str
    created: float
    private: bool = False
    branch: str = "main"
    """The default branch."""
    git: Git = field(default_factory=Git)
    issues: dict[int, Issue] = field(default_factory=dict[int, Issue])
    """By number; pull requests too."""
    comments: dict[int, Comment] = field(default_factory=dict[int, Comment])
    """By id."""
    runs: dict[int, Run] = field(default_factory=dict[int, Run])
    """By id."""
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    @property
    def tip(self) -> Commit | None:
        """Where the default branch stands. None: nothing was ever committed."""
        return self.git.find(self.branch)

    @property
    def files(self) -> Files:
        """What is on the default branch."""
        return self.tip.files if self.tip else {}

    def may_write(self, user: User | None) -> bool:
        """Tell whether this person may push."""
        return user is not None and user.id == self.owner.id

    def may_read(self, user: User | None) -> bool:
        """Tell whether this person may know that it exists."""
        return not self.private or self.may_write(user)
