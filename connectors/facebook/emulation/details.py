"""What those deeds take."""

from dataclasses import dataclass, field

from .people import TASKS
from .records import Who

__all__ = [
    "Failing",
    "Hook",
    "Killing",
    "Limit",
    "Look",
    "Nothing",
    "Pages",
    "Place",
    "Registration",
    "Role",
    "SignIn",
    "Somebody",
    "Withdrawal",
    "Writing",
]

_VISITORS = {
    "dora": Who(id="24500000000000001", name="Dora Field"),
    "gil": Who(id="24500000000000002", name="Gil Reed"),
}
"""People who visit Pages. Dora has been there before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    id: str
    secret: str
    redirect_uris: tuple[str, ...]
    name: str = "Another App"
    configurations: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    login: str
    scopes: tuple[str, ...] | None = None
    pages: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    login: str
    client_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    login: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Killing:
    login: str
    subcode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    code: int
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    handshake: bool = False
    field: str = "permissions"
    login: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    login: str
    page: str
    tasks: tuple[str, ...] = TASKS


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    login: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    who: str
    minutes: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    text: str = ""
    message: str = ""
    """The same as `text`."""
    post: str = ""
    page: str = ""
    login: str = ""
    """A visitor: dora, or gil."""
    name: str = ""
    id: str = ""

    @property
    def words(self) -> str:
        return self.text or self.message

    @property
    def who(self) -> Who:
        known = _VISITORS.get(self.login or "dora", _VISITORS["dora"])
        return Who(id=self.id or known.id, name=self.name or known.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    pass
