-- What keeps a connection alive, says how long it will live, and tells what became of it.
alter table connection drop column ended;
alter table connection add column origin     text    not null default 'consent';
alter table connection add column granted_at integer not null default 0;
alter table connection add column proven_at  integer not null default 0;
alter table connection add column used_at    integer not null default 0;
alter table connection add column due_at     integer not null default 0;
alter table connection add column retry_at   integer not null default 0;
alter table connection add column failures   integer not null default 0;
alter table connection add column dies_on    integer not null default 0;
alter table connection add column warn_at    integer not null default 0;

update connection set granted_at = created_at, proven_at = changed_at;
update connection set origin = 'pasted' where kind <> 'oauth';
update connection set due_at = 1 where state = 'revoking';
update connection set due_at = max(1, expires_at - 300000) where state = 'active' and expires_at > 0;

create index connection_due on connection (state, due_at, id) where due_at > 0;
create index connection_dying on connection (warn_at, created_at, id) where warn_at > 0;
create index connection_doomed on connection (provider, client_id, changed_at)
    where state = 'reconnect';
create index connection_tombstone on connection (changed_at) where state = 'revoked';

create table event (
    seq        integer primary key autoincrement,
    at         integer not null,
    tenant     text not null,
    user       text not null,
    connection text not null,
    provider   text not null,
    name       text not null,
    generation integer not null,
    detail     text not null
) strict;

create index event_tenant on event (tenant, seq);
create index event_at on event (at);

create table follower (
    name     text primary key,
    seq      integer not null,
    failures integer not null,
    due_at   integer not null
) strict;
