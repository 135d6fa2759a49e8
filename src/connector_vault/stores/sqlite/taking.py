"""Each question that changes what it reads, as SQL. The last statement gives the rows."""

from collections.abc import Sequence

from connector_vault.stores import Claim, Consent, Due, Followed, Follower, Row, Value

__all__ = ["taking"]

_PENDING = f"""
    delete from consent where id = ? and tenant = ? and user = ? and expires_at > ?
    returning {", ".join(Consent._fields)}
"""  # noqa: S608  # our own names, here and below
_DUE = f"""
    update connection set due_at = ? where id in (
        select id from connection where state = ? and due_at > 0 and due_at <= ?
        order by due_at, id limit ?
    )
    returning {", ".join(Row._fields)}
"""  # noqa: S608
_FOLLOW = """
    insert or ignore into follower (name, seq, failures, due_at)
    values (?, (select coalesce(max(seq), 0) from event), 0, 0)
"""
_FOLLOWED = f"""
    update follower set due_at = ? where name = ? and due_at <= ?
    returning {", ".join(Follower._fields)}
"""  # noqa: S608

Statement = tuple[str, tuple[Value, ...]]


def taking(query: object) -> Sequence[Statement]:
    """Give the statements of a question, with their values."""
    match query:
        case Claim(consent=consent, owner=owner, now=now):
            return [(_PENDING, (consent, owner.tenant, owner.user or "", now))]
        case Due(state=state, now=now, until=until, limit=limit):
            return [(_DUE, (until, state, now, limit))]
        case Followed(name=name, now=now, until=until):
            return [(_FOLLOW, (name,)), (_FOLLOWED, (until, name, now))]
        case _:
            raise TypeError(query)
