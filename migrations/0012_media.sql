-- Files that callers upload. The world knows a file by its key; the bytes lie in the store under an object's name of their own, so that two
-- uploads to one address never meet in one object.
create table media_files (
    key          text collate "C" primary key,
    owner_id     text collate "C" not null references owners on delete cascade,
    filename     text not null,
    declared     text not null,              -- the type that the caller told
    token        bytea,                      -- SHA-256 of what lets the caller write; null: written with the request itself
    objects      text[] not null default '{}', -- what an upload may have left in the store
    open_until   timestamptz not null,       -- until when it waits for its bytes
    created_at   timestamptz not null,
    kept_at      timestamptz,                -- null: the bytes are not there
    object       text,
    mime         text,                       -- by the bytes
    size         bigint,
    content      text,                       -- names the bytes: sha256:HEX, or what the store says of them
    expires_at   timestamptz                 -- null: kept for good
);
-- Those that came in before, under a simpler form of this table.
insert into media_files (key, owner_id, filename, declared, token, objects, open_until, created_at, kept_at, object, mime, size, content, expires_at)
    select key, owner_id, filename, content_type, token, array[key], expires_at, created_at, stored_at, key, content_type, size, 'sha256:' || encode(sum, 'hex'), delete_at
    from uploads where stored_at is not null;
-- uploads itself goes with a later release: the one before this still writes to it.

create index media_files_waiting on media_files (open_until) where kept_at is null;
create index media_files_ending on media_files (expires_at) where expires_at is not null;

-- What was found in files, by what names their bytes: a hash, or an address with the ETag that its server gave.
create table media_probes (
    content  text collate "C" primary key,
    version  int not null,       -- of what probing finds
    found    jsonb not null,
    seen_at  timestamptz not null -- when it was last asked for
);
create index media_probes_seen on media_probes (seen_at);

-- Files that were made of others to fit a platform. They are kept while they are in use.
create table media_made (
    key        text collate "C" primary key,
    expires_at timestamptz not null
);
create index media_made_ending on media_made (expires_at);
