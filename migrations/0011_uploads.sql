-- Files that customers upload. The files themselves lie in the media store, under their keys.
create table uploads (
    key           text collate "C" primary key,
    owner_id      text collate "C" not null references owners on delete cascade,
    token         bytea unique,          -- the hash of what allows to send the file; null: it came with its request
    filename      text not null,
    content_type  text not null,         -- as declared, then as its bytes are
    size          bigint,                -- as declared, if it was, then as it is
    sum           bytea,                 -- SHA-256, once it is there
    expires_at    timestamptz not null,  -- until when it may be sent
    claimed_until timestamptz,           -- somebody is sending it
    stored_at     timestamptz,
    delete_at     timestamptz,           -- null: it is kept
    created_at    timestamptz not null
);
create index uploads_delete on uploads (delete_at) where delete_at is not null;
create index uploads_pending on uploads (expires_at) where stored_at is null;
