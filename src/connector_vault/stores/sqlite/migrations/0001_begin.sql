create table meta (
    name  text primary key,
    value blob not null
) strict, without rowid;

create table connection (
    id          text primary key,
    tenant      text not null,
    user        text not null,
    provider    text not null,
    kind        text not null,
    client      text not null,
    client_id   text not null,
    account     text not null,
    label       text not null,
    state       text not null,
    reason      text not null,
    scopes      text,
    generation  integer not null,
    revision    integer not null,
    expires_at  integer not null,
    grant_id    text not null,
    grant_key   blob not null,
    dek_id      blob not null,
    sealed      blob not null,
    attempt     text not null,
    lease_until integer not null,
    intent      text not null,
    doubt       text not null,
    ended       integer not null,
    receipt     text not null,
    created_at  integer not null,
    changed_at  integer not null
) strict;

create index connection_owner on connection (tenant, user, created_at, id);
create index connection_grant on connection (grant_key) where grant_key <> x'';

-- Two consents of one account that finish at once are one connection.
create unique index connection_account on connection (tenant, user, provider, kind, account)
    where account <> '' and state in ('active', 'reconnect');

-- A table of its own, so that a later option can keep it elsewhere.
create table dek (
    dek_id     blob primary key,
    tenant     text not null,
    connection text not null,
    holder     text not null,
    version    integer not null,
    wrapped    blob not null
) strict;

create index dek_connection on dek (connection);
create index dek_work on dek (holder, version, dek_id);

create table consent (
    id         blob primary key,
    tenant     text not null,
    user       text not null,
    expires_at integer not null,
    sealed     blob not null
) strict;

create index consent_expiry on consent (expires_at);

create table audit (
    id         integer primary key autoincrement,
    at         integer not null,
    tenant     text not null,
    user       text not null,
    connection text not null,
    provider   text not null,
    deed       text not null,
    outcome    text not null,
    detail     text not null
) strict;

create index audit_connection on audit (connection, id);

create trigger audit_is_not_edited before update on audit
begin select raise(abort, 'the audit is append-only'); end;

create trigger audit_is_not_erased before delete on audit
begin select raise(abort, 'the audit is append-only'); end;
