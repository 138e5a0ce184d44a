-- Owners, their keys, profiles and accounts.

create table owners (
    id         text collate "C" primary key,
    name       text not null,
    created_at timestamptz not null
);

create table api_keys (
    id         text collate "C" primary key,
    owner_id   text collate "C" not null references owners,
    name       text not null,
    hash       bytea not null unique, -- SHA-256 of the key: a random key needs no salt
    preview    text not null,
    expires_at timestamptz,
    created_at timestamptz not null
);
create index api_keys_owner on api_keys (owner_id);

create table profiles (
    id          text collate "C" primary key,
    owner_id    text collate "C" not null references owners,
    name        text not null,
    description text not null default '',
    color       text not null default '',
    is_default  boolean not null default false,
    created_at  timestamptz not null,
    unique (owner_id, name)
);
create unique index profiles_one_default on profiles (owner_id) where is_default;

create table accounts (
    id                 text collate "C" primary key,
    owner_id           text collate "C" not null references owners,
    profile_id         text collate "C" not null references profiles,
    platform           text not null,
    remote_id          text not null,
    username           text not null,
    display_name       text not null default '',
    picture_url        text not null default '',
    profile_url        text not null default '',
    data               jsonb,
    active             boolean not null default true,
    needs_reconnection boolean not null default false,
    created_at         timestamptz not null,
    updated_at         timestamptz not null,
    unique (owner_id, platform, remote_id)
);
create index accounts_profile on accounts (profile_id);

-- Sealed tokens, apart from the accounts so that no listing ever touches them.
create table tokens (
    account_id text collate "C" primary key references accounts on delete cascade,
    owner_id   text collate "C" not null,
    sealed     bytea not null, -- key ID, nonce and ciphertext; the account ID is authenticated with it
    expires_at timestamptz,    -- of the access token; null: unknown or never
    version    bigint not null default 1,
    updated_at timestamptz not null
);

-- What a platform said of an account's budgets, shared by all workers.
create table buckets (
    account_id    text collate "C" not null references accounts on delete cascade,
    name          text not null,
    percent       double precision not null,
    observed_at   timestamptz not null,
    blocked_until timestamptz,
    primary key (account_id, name)
);

-- Posts and their targets.
create table posts (
    id            text collate "C" primary key,
    owner_id      text collate "C" not null references owners,
    title         text not null default '',
    content       text not null default '',
    media         jsonb not null default '[]',
    tags          text[] not null default '{}',
    hashtags      text[] not null default '{}',
    mentions      text[] not null default '{}',
    visibility    text not null default '',
    crossposting  boolean not null default true,
    metadata      jsonb,
    timezone      text not null default 'UTC',
    scheduled_for timestamptz,
    published_at  timestamptz,
    status        text not null,
    created_at    timestamptz not null,
    updated_at    timestamptz not null
);
create index posts_by_time on posts (owner_id, coalesce(scheduled_for, created_at) desc, id desc);
create index posts_by_creation on posts (owner_id, created_at desc, id desc);
create index posts_by_status on posts (owner_id, status, coalesce(scheduled_for, created_at) desc, id desc);

create table targets (
    id             text collate "C" primary key,
    owner_id       text collate "C" not null,
    post_id        text collate "C" not null references posts on delete cascade,
    position       int not null,
    platform       text not null,
    account_id     text collate "C" not null references accounts,
    custom_content text,
    custom_media   jsonb,
    options        jsonb,
    scheduled_for  timestamptz, -- its own time, where it has one
    status         text not null,
    open           boolean not null,            -- there is more to do
    step           text not null default '',    -- the adapter's state: its name
    state          jsonb,                       -- and its data
    in_doubt       boolean not null default false, -- a visible step was begun and never settled
    unconfirmed    boolean not null default false, -- it ended in doubt
    claim          bigint not null default 0,   -- rises with each claim; a settle must carry the current one
    claimed_by     text,
    claimed_until  timestamptz,
    attempts       int not null default 0,      -- failures since it last got on
    next_at        timestamptz not null,        -- when it is worked on next
    failure        jsonb,
    remote_id      text not null default '',
    remote_url     text not null default '',
    published_at   timestamptz,
    fingerprint    bytea,                       -- of platform, account, text and media; null for drafts
    created_at     timestamptz not null,
    updated_at     timestamptz not null
);
create index targets_post on targets (post_id, position);
create index targets_account on targets (account_id);
create index targets_open on targets (next_at) where open;
create index targets_claimed on targets (claimed_by) where claimed_by is not null;
create index targets_fingerprint on targets (owner_id, fingerprint, created_at) where fingerprint is not null;

-- The timeline: one row per step taken.
create table target_steps (
    target_id text collate "C" not null references targets on delete cascade,
    claim     bigint not null,
    at        timestamptz not null,
    step      text not null,
    outcome   text not null,
    note      text not null default '',
    wait_ms   bigint not null default 0,
    took_ms   bigint not null default 0,
    worker    text not null default '',
    primary key (target_id, claim)
);

-- The x-request-id values of the last minutes, each naming the post it made.
create table requests (
    owner_id   text collate "C" not null,
    request_id text not null,
    post_id    text collate "C" not null references posts on delete cascade,
    created_at timestamptz not null,
    primary key (owner_id, request_id)
);
create index requests_age on requests (created_at);

-- Worker processes: each holds an advisory lock on its number while it lives, and beats while it can reach the database.
create table workers (
    id         text primary key,
    lock_key   bigint not null,
    host       text not null,
    pid        int not null,
    started_at timestamptz not null,
    beat_at    timestamptz not null
);
