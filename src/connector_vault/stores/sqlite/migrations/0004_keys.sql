-- Data keys have an age, at which they are replaced.
alter table dek add column created_at integer not null default 0;
update dek set created_at = 1000 * strftime('%s', 'now');
create index dek_age on dek (created_at) where tenant <> '';
