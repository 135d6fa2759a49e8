-- Keys that open the panel. A user that is null is everybody in the tenant.
create table access (
    id         text primary key,
    tenant     text not null,
    user       text,
    name       text not null,
    digest     blob not null unique,
    created_at integer not null,
    revoked_at integer not null,
    mac        blob not null
) strict;

create index access_tenant on access (tenant, created_at, id);

-- For who looks at a whole tenant, page by page.
create index connection_tenant on connection (tenant, created_at, id);
