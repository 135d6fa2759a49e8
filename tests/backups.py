"""A database's state of before, put back into its place: by an operator, or by a thief."""

TABLES = ("connection", "dek")


def keep(raw):
    """Keep what there is now, as a backup does."""
    for table in TABLES:
        raw(f"drop table if exists kept_{table}")
        raw(f"create table kept_{table} as select * from {table}")


def put_back(raw, *tables):
    """Put back what was kept, and with it whatever was genuine then."""
    for table in reversed(tables or TABLES):
        raw(f"delete from {table}")
    for table in tables or TABLES:
        raw(f"insert into {table} select * from kept_{table}")
