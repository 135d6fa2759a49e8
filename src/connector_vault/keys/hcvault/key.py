"""One Transit key: what is asked of it, in batches. For threads."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from connector_vault.envelope import DEK_SIZE
from connector_vault.errors import BadArguments, Corrupt, KeysUnavailable, Misconfigured
from connector_vault.keys import Raw, Wrapped
from connector_vault.keys.hcvault.address import Address
from connector_vault.keys.hcvault.answer import Answer
from connector_vault.keys.hcvault.crew import Deadline, wipe_all
from connector_vault.keys.hcvault.desk import Desk
from connector_vault.keys.hcvault.facts import Facts, facts_of
from connector_vault.keys.hcvault.failures import disabled, incomprehensible, refused
from connector_vault.keys.hcvault.policy import retiring, rotating
from connector_vault.keys.hcvault.transit import (
    Entry,
    corrupt,
    data_key,
    raw_entry,
    version_of,
    wrapped_entry,
)

if TYPE_CHECKING:
    from hvac import Client

__all__ = ["Key"]

T = TypeVar("T")
A = TypeVar("A")

_Deed: TypeAlias = Literal["encrypt", "decrypt", "rewrap"]
_Result: TypeAlias = Mapping[str, object]

_BATCH = 128
"""Keys in a request. OpenBao reads at most 1000 texts in one, and each key comes with four."""

_MEMORY = 60.0
"""Seconds for which it is believed what the key was said to be before something is wrapped."""

_POLICY = (
    "see that our token has not ended, or have an administrator give it the policy that "
    "`connector-vault doctor` prints"
)
"""The server's answer to a token that it does not know is the one to a token without a right."""


class Key:
    """Asks about data keys, as many at once as the server takes."""

    def __init__(self, address: Address, desk: Desk) -> None:
        self._address = address
        self._desk = desk
        self._facts: Facts | None = None
        self._told = 0.0
        self._seen = 0
        self._most = _BATCH

    def version(self, deadline: Deadline) -> int:
        """Give the version that wraps. One that another process made is known a minute later."""
        return max(self._known(deadline, _MEMORY).latest, self._seen)

    def wrap(self, items: Sequence[Raw], deadline: Deadline) -> list[bytes]:
        """Wrap data keys. The key is looked at first: see `facts`."""
        self._known(deadline, _MEMORY)
        answers = self._each("encrypt", items, raw_entry, self._wrapped, deadline)
        for answer in answers:
            if isinstance(answer, Corrupt):
                raise incomprehensible(self._address)
        return [answer for answer in answers if isinstance(answer, bytes)]

    def unwrap(self, items: Sequence[Wrapped], deadline: Deadline) -> list[bytearray | Corrupt]:
        """Give data keys."""
        self._known(deadline, math.inf)
        return self._each("decrypt", items, wrapped_entry, self._raw, deadline)

    def rewrap(self, items: Sequence[Wrapped], deadline: Deadline) -> list[bytes | Corrupt]:
        """Wrap data keys again, at the server: none comes here."""
        self._known(deadline, math.inf)
        return self._each("rewrap", items, wrapped_entry, self._wrapped, deadline)

    def prove(self, deadline: Deadline) -> None:
        """Return if the key wraps and unwraps now."""
        self._known(deadline, 0)
        probe = self.wrap([Raw(bytearray(DEK_SIZE), b"health")], deadline)
        for answer in self.unwrap([Wrapped(one, b"health") for one in probe], deadline):
            if isinstance(answer, Corrupt):
                words = "does not open what it wrapped a moment ago: see its server's log"
                raise Misconfigured(f"the key {self._address.key} {words}")

    def oldest(self, deadline: Deadline) -> int:
        """Give the oldest version that opens anything."""
        return self._known(deadline, 0).oldest

    def rotate(self, deadline: Deadline) -> int:
        """Make a new version."""
        name, mount = self._address.name, self._address.mount
        self._change(
            lambda hvac: hvac.secrets.transit.rotate_key(name, mount_point=mount),
            "rotate",
            rotating(self._address),
            deadline,
        )
        return self._known(deadline, 0).latest

    def retire(self, before: int, deadline: Deadline) -> None:
        """Destroy the versions before this one. What was begun may be done again."""
        facts = self._known(deadline, 0)
        if not 1 <= before <= facts.latest:
            words = f"the newest version is {facts.latest}, and it stays"
            raise BadArguments(f"versions before {before} cannot be retired: {words}")
        if before <= facts.kept:
            return
        name, mount = self._address.name, self._address.mount
        remedy = retiring(self._address, before)
        opening = max(facts.oldest, before)
        # By hand: hvac refuses two equal versions, and only those let trim destroy all before.
        least = {
            "min_decryption_version": opening,
            "min_encryption_version": max(facts.sealing, opening),
        }
        path = f"{self._address.key}/config"
        self._change(lambda hvac: hvac.write_data(path, data=least), "retire", remedy, deadline)
        self._change(
            lambda hvac: hvac.secrets.transit.trim_key(name, before, mount_point=mount),
            "retire",
            remedy,
            deadline,
        )
        self._facts = None

    def _known(self, deadline: Deadline, memory: float) -> Facts:
        if self._facts is not None and time.monotonic() - self._told < memory:
            return self._facts
        name, mount = self._address.name, self._address.mount
        asked = time.monotonic()
        answer = self._desk.ask(
            lambda hvac: hvac.secrets.transit.read_key(name, mount_point=mount), deadline
        )
        if answer.status != 200:
            raise refused(answer, self._address, "read", _POLICY)
        self._facts, self._told = facts_of(answer, self._address), asked
        return self._facts

    def _change(
        self, question: "Callable[[Client], object]", deed: str, command: str, deadline: Deadline
    ) -> None:
        answer = self._desk.ask(question, deadline)
        if not 200 <= answer.status < 300:
            raise refused(answer, self._address, deed, f"an administrator runs: {command}")

    def _each(
        self,
        deed: _Deed,
        items: Sequence[T],
        write: Callable[[T], Entry | Corrupt],
        read: Callable[[_Result], A],
        deadline: Deadline,
    ) -> list[A | Corrupt]:
        answers: list[A | Corrupt] = []
        try:
            while len(answers) < len(items):
                entries = [write(one) for one in items[len(answers) : len(answers) + self._most]]
                sent = [entry for entry in entries if not isinstance(entry, Corrupt)]
                results = iter(self._batch(deed, sent, deadline))
                answers += [
                    entry if isinstance(entry, Corrupt) else read(next(results))
                    for entry in entries
                ]
        except BaseException:
            wipe_all(answers)
            raise
        return answers

    def _batch(self, deed: _Deed, entries: Sequence[Entry], deadline: Deadline) -> list[_Result]:
        """Ask about a batch; if that is too long for the server, about one half and the other."""
        if not entries:
            return []
        answer = self._desk.ask(self._question(deed, entries), deadline)
        if _is_too_long(answer) and len(entries) > 1:
            half = self._most = len(entries) // 2
            first = self._batch(deed, entries[:half], deadline)
            return first + self._batch(deed, entries[half:], deadline)
        if len(answer.results) != len(entries):
            raise self._refusal(answer, deed)
        for result in answer.results:
            self._check(result)
        return list(answer.results)

    def _question(self, deed: _Deed, some: Sequence[Entry]) -> "Callable[[Client], object]":
        path = f"{self._address.mount}/{deed}/{self._address.name}"
        # Else the good answers of a batch come as an error. hvac's own functions cannot say it.
        partly = {} if deed == "rewrap" else {"partial_failure_response_code": 207}
        return lambda hvac: hvac.write_data(path, data={"batch_input": some, **partly})

    def _refusal(self, answer: Answer, deed: _Deed) -> Exception:
        if 200 <= answer.status < 300:
            return incomprehensible(self._address)
        return refused(answer, self._address, f"{deed} with", _POLICY)

    def _check(self, result: _Result) -> None:
        """Raise what a result says that is no verdict on its item, before any key is read."""
        words = _words(result)
        if "soft-deleted" in words:
            raise disabled(self._address)
        if words and corrupt(words) is None:
            where = f"the key holder at {self._address.place}"
            raise KeysUnavailable(f"{where} failed with some of the keys: see its log")

    def _wrapped(self, result: _Result) -> bytes | Corrupt:
        if (verdict := corrupt(_words(result))) is not None:
            return verdict
        wrapped = str(result.get("ciphertext")).encode()
        version = version_of(wrapped)
        if not version:
            raise incomprehensible(self._address)
        self._seen = max(self._seen, version)
        return wrapped

    def _raw(self, result: _Result) -> bytearray | Corrupt:
        return corrupt(_words(result)) or data_key(str(result.get("plaintext")))


def _words(result: _Result) -> str:
    return str(result.get("error") or "")


def _is_too_long(answer: Answer) -> bool:
    # "exceeded maximum number of strings", or whatever else a request has too much of.
    return answer.status == 413 or (answer.status == 400 and "exceed" in answer.errors)
