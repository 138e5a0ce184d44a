-- What happened, and who is told of it.

-- One row per event, written by the transaction of its cause. Readers go by (xid, position) and read only what is older than every
-- transaction that still runs, so that one that commits late is not passed over.
create table events (
    id          text collate "C" primary key,
    xid         xid8 not null default pg_current_xact_id(),
    position    bigint generated always as identity,
    owner_id    text collate "C" not null,
    name        text not null,
    subject     text collate "C" not null,
    sequence    int not null,              -- within the subject, from 1
    profile_ids text[] not null,
    account_ids text[] not null,
    payload     text not null,             -- the very bytes that are sent
    created_at  timestamptz not null
);
create index events_order on events (xid, position);
create index events_owner on events (owner_id, xid, position);
create unique index events_subject on events (subject, sequence);
create index events_age on events (created_at);

-- How far events have been handed out to endpoints; one row.
create table event_cursor (
    only_one boolean primary key default true check (only_one),
    xid      xid8 not null,
    position bigint not null
);
insert into event_cursor (xid, position) values ('0', 0);

create table endpoints (
    id               text collate "C" primary key,
    owner_id         text collate "C" not null references owners,
    name             text not null,
    url              text not null,
    events           text[] not null,
    secret           bytea,                -- sealed; null: nothing is signed
    old_secret       bytea,                -- sealed; still valid beside secret until old_until
    old_until        timestamptz,
    headers          bytea,                -- sealed JSON object: they may hold credentials
    active           boolean not null,
    disabled_reason  text not null default '',
    disabled_groups  text[] not null default '{}',
    profile_ids      text[] not null default '{}', -- empty: all
    account_ids      text[] not null default '{}',
    failure_count    int not null default 0,       -- deliveries in a row that were given up
    failing_since    timestamptz,                  -- the first failed attempt since the last success
    last_fired_at    timestamptz,                  -- the last success
    paused_until     timestamptz,                  -- the circuit is open: nothing is sent before
    created_at       timestamptz not null,
    updated_at       timestamptz not null
);
create index endpoints_owner on endpoints (owner_id, id);

-- One event for one endpoint.
create table deliveries (
    id          text collate "C" primary key,
    owner_id    text collate "C" not null,
    event_id    text collate "C" not null references events on delete cascade,
    endpoint_id text collate "C" not null references endpoints on delete cascade,
    subject     text collate "C" not null,
    sequence    int not null,
    attempts    int not null default 0,
    next_at     timestamptz not null,
    open        boolean not null default true,
    created_at  timestamptz not null,
    unique (endpoint_id, event_id)
);
create index deliveries_open on deliveries (endpoint_id, subject, sequence) where open;
create index deliveries_due on deliveries (next_at) where open;
create index deliveries_event on deliveries (event_id);

-- Every attempt, for the customer's log.
create table delivery_attempts (
    id            text collate "C" primary key,
    owner_id      text collate "C" not null,
    endpoint_id   text collate "C" not null,
    endpoint_name text not null,
    event_id      text collate "C" not null,
    event         text not null,
    url           text not null,
    succeeded     boolean not null,
    status_code   int not null default 0,   -- 0: no answer
    response      text not null default '',
    error         text not null default '',
    attempt       int not null,
    took_ms       bigint not null,
    created_at    timestamptz not null
);
create index delivery_attempts_owner on delivery_attempts (owner_id, created_at desc, id desc);
create index delivery_attempts_endpoint on delivery_attempts (endpoint_id, event_id);
create index delivery_attempts_age on delivery_attempts (created_at);
