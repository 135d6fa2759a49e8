"""Each question that changes what it reads, as SQL."""

from connector_vault.stores import Claim, Consent, Due, Followed, Follower, Row
from connector_vault.stores.postgres.wording import Statement, columns, numbered, quoted

__all__ = ["follow", "follower_of", "known", "taking"]

_CLAIM = numbered(f"""
    delete from vault.consent where id = ? and tenant = ? and "user" = ? and expires_at > ?
    returning {columns(Consent._fields)}
""")  # noqa: S608  # our own names, here and below

_DUE = f"""
    with due as materialized (
        select id from vault.connection where state = $1 and due_at > 0 and due_at <= $2
        order by due_at, id limit $3 for update skip locked
    )
    update vault.connection set due_at = $4 from due
    where connection.id = due.id
        and state = $1 and connection.due_at > 0 and connection.due_at <= $2
    returning {", ".join(f"connection.{quoted(name)}" for name in Row._fields)}
"""  # noqa: S608
"""What is due is asked again as the row is locked: `skip locked` saves time, and nothing else."""

_FOLLOW = """
    insert into vault.follower (name, seq, failures, due_at)
    select $1, last, 0, 0 from vault.numbering on conflict do nothing
"""
_FOLLOWED = numbered(f"""
    update vault.follower set due_at = ? where name = ? and due_at <= ?
    returning {columns(Follower._fields)}
""")  # noqa: S608


def taking(query: object) -> Statement:
    """Give the statement of a question."""
    match query:
        case Claim(consent=consent, owner=owner, now=now):
            return Statement(_CLAIM, (consent, owner.tenant, owner.user or "", now))
        case Due(state=state, now=now, until=until, limit=limit):
            return Statement(_DUE, (state, now, limit, until))
        case Followed(name=name, now=now, until=until):
            return Statement(_FOLLOWED, (until, name, now))
        case _:
            raise TypeError(query)


def follower_of(query: object) -> str | None:
    """Give the follower that is asked for, which may have to be made."""
    return query.name if isinstance(query, Followed) else None


def known(name: str) -> Statement:
    """Ask whether there is such a follower."""
    return Statement("select 1 from vault.follower where name = $1", (name,))


def follow(name: str) -> Statement:
    """Make a follower, if there is none, that has seen every event with a number."""
    return Statement(_FOLLOW, (name,))
