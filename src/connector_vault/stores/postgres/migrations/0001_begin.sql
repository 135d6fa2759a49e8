-- "vault." stands for the schema that the address names.
-- Ids sort by their bytes, in every locale.
create table vault.meta (
    name  text primary key,
    value bytea not null
);

create table vault.connection (
    id          text collate "C" primary key,
    tenant      text not null,
    "user"      text not null,
    provider    text not null,
    kind        text not null,
    client      text not null,
    client_id   text not null,
    account     text not null,
    label       text not null,
    state       text not null,
    reason      text not null,
    scopes      text,
    generation  bigint not null,
    revision    bigint not null,
    expires_at  bigint not null,
    grant_id    text not null,
    grant_key   bytea not null,
    dek_id      bytea not null,
    sealed      bytea not null,
    attempt     text not null,
    lease_until bigint not null,
    intent      text not null,
    doubt       text not null,
    receipt     text not null,
    origin      text not null,
    granted_at  bigint not null,
    proven_at   bigint not null,
    used_at     bigint not null,
    due_at      bigint not null,
    retry_at    bigint not null,
    failures    bigint not null,
    dies_on     bigint not null,
    warn_at     bigint not null,
    created_at  bigint not null,
    changed_at  bigint not null
);

-- What is sealed cannot be compressed, and is not tried.
alter table vault.connection alter column sealed set storage external;

create index connection_owner on vault.connection (tenant, "user", created_at, id);
create index connection_tenant on vault.connection (tenant, created_at, id);
create index connection_age on vault.connection (created_at, id);
create index connection_grant on vault.connection (grant_key) where grant_key <> '';
create index connection_due on vault.connection (state, due_at, id) where due_at > 0;
create index connection_dying on vault.connection (warn_at, created_at, id) where warn_at > 0;
create index connection_doomed on vault.connection (provider, client_id, changed_at)
    where state = 'reconnect';
create index connection_tombstone on vault.connection (changed_at) where state = 'revoked';

-- Two consents of one account that finish at once are one connection.
create unique index connection_account
    on vault.connection (tenant, "user", provider, kind, account)
    where account <> '' and state in ('active', 'reconnect');

-- A table of its own, so that it can be kept elsewhere.
create table vault.dek (
    dek_id     bytea primary key,
    tenant     text not null,
    connection text not null,
    holder     text not null,
    version    bigint not null,
    wrapped    bytea not null
);

create index dek_connection on vault.dek (connection);
create index dek_work on vault.dek (holder, version, dek_id);

-- What was deleted leaves the table's file soon, and not after a fifth of it has been deleted.
alter table vault.dek set (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);

create table vault.consent (
    id         bytea primary key,
    tenant     text not null,
    "user"     text not null,
    expires_at bigint not null,
    sealed     bytea not null
);

create index consent_expiry on vault.consent (expires_at);

-- Keys that open the panel. A user that is null is everybody in the tenant.
create table vault.access (
    id         text collate "C" primary key,
    tenant     text not null,
    "user"     text,
    name       text not null,
    digest     bytea not null unique,
    created_at bigint not null,
    revoked_at bigint not null,
    mac        bytea not null
);

create index access_tenant on vault.access (tenant, created_at, id);

-- Transactions end in another order than they began. Who reads events numbers them first, so that
-- none appears behind one that was read already.
create table vault.event (
    id         bigint generated always as identity primary key,
    seq        bigint unique,
    at         bigint not null,
    tenant     text not null,
    "user"     text not null,
    connection text not null,
    provider   text not null,
    name       text not null,
    generation bigint not null,
    detail     text not null
);

create index event_unnumbered on vault.event (id) where seq is null;
create index event_tenant on vault.event (tenant, seq);
create index event_at on vault.event (at);

-- One row, locked by whoever numbers.
create table vault.numbering (
    last bigint not null
);

insert into vault.numbering values (0);

create table vault.follower (
    name     text primary key,
    seq      bigint not null,
    failures bigint not null,
    due_at   bigint not null
);

create table vault.audit (
    id         bigint generated always as identity primary key,
    at         bigint not null,
    tenant     text not null,
    "user"     text not null,
    connection text not null,
    provider   text not null,
    deed       text not null,
    outcome    text not null,
    detail     text not null
);

create index audit_connection on vault.audit (connection, id);

create function vault.audit_is_append_only() returns trigger language plpgsql as
$$ begin raise exception 'the audit is append-only'; end $$;

create trigger audit_is_not_edited before update on vault.audit
    for each row execute function vault.audit_is_append_only();

create trigger audit_is_not_erased before delete on vault.audit
    for each row execute function vault.audit_is_append_only();

create trigger audit_is_not_emptied before truncate on vault.audit
    for each statement execute function vault.audit_is_append_only();
