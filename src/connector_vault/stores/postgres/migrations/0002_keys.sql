-- Data keys have an age, at which they are replaced.
alter table vault.dek add column created_at bigint not null default 0;
update vault.dek set created_at = (extract(epoch from clock_timestamp()) * 1000)::bigint;
create index dek_age on vault.dek (created_at, dek_id) where tenant <> '';
