"""Events get their numbers when they are read, so that none appears behind another."""

from connector_vault.stores.postgres.wording import Statement

__all__ = ["NUMBER", "UNNUMBERED"]

UNNUMBERED = Statement("select 1 from vault.event where seq is null limit 1")

_LOCK = Statement("select last from vault.numbering for update")
_NUMBER = Statement("""
    with fresh as (
        select id, row_number() over (order by id) as place from vault.event where seq is null
    ), counted as (
        update vault.numbering set last = last + (select count(*) from fresh) returning last
    )
    update vault.event
    set seq = fresh.place + (select last from counted) - (select count(*) from fresh)
    from fresh where event.id = fresh.id
""")

NUMBER = (_LOCK, _NUMBER)
"""In one transaction. What the second one sees was committed before the lock was free."""
