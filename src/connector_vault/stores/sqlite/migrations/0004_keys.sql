-- Data keys have an age, at which they are replaced. And they lie in the order of their ids, in
-- which all of them are wrapped anew: else each of them is in another page that is to be written.
create table dek_anew (
    dek_id     blob primary key,
    tenant     text not null,
    connection text not null,
    holder     text not null,
    version    integer not null,
    wrapped    blob not null,
    created_at integer not null
) strict, without rowid;

insert into dek_anew
select dek_id, tenant, connection, holder, version, wrapped, 1000 * strftime('%s', 'now') from dek
order by dek_id;

drop table dek;
alter table dek_anew rename to dek;

create index dek_connection on dek (connection);
create index dek_work on dek (holder, version, dek_id);
create index dek_age on dek (created_at, dek_id) where tenant <> '';
