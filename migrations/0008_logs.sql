-- The log: a row for each call of the API, each exchange with a platform and each thing that became of a post. Partitioned by day, so that
-- old days are dropped and not deleted; the partitions are made by a worker, and what finds none goes to the default one.
create table logs (
    at            timestamptz not null,
    id            text collate "C" not null,
    owner_id      text collate "C" not null,
    type          text not null, -- publishing, connections, api_request, ...
    action        text not null,
    status        text not null, -- success, failed, pending or skipped
    status_code   int,
    platform      text,
    account_id    text collate "C",
    post_id       text collate "C",
    target_id     text collate "C",
    user_id       text collate "C",
    api_key_id    text collate "C",
    request_id    text,
    event         text,
    method        text,
    path          text,
    endpoint      text,
    error_code    text,
    error_message text,
    request_body  text,
    response_body text,
    duration_ms   bigint,
    ip_address    text,
    user_agent    text,
    metadata      jsonb
) partition by range (at);
create table logs_default partition of logs default;
-- The columns that most filters ask for are in the index, so that a rare kind is found without reading the rows of the others.
create index logs_owner on logs (owner_id, at desc, id desc) include (type, status);
-- What is looked for most is rare: failures, and what happened to accounts.
create index logs_rare on logs (owner_id, at desc, id desc) where status <> 'success' or (type <> 'publishing' and type <> 'api_request');
create index logs_account on logs (account_id, at desc, id desc) where account_id is not null;
create index logs_post on logs (post_id, at desc, id desc) where post_id is not null;
create index logs_request on logs (owner_id, request_id) where request_id is not null;

-- The request that made a post, so that what the post leads to can be found by it.
alter table posts add column request_id text;

-- How many requests each API process has admitted for an owner lately, by the second.
create unlogged table api_windows (
    process  text not null,
    owner_id text collate "C" not null,
    seconds  bigint[] not null, -- since 1970
    counts   int[] not null,
    told_at  timestamptz not null,
    primary key (owner_id, process)
);
create index api_windows_age on api_windows (told_at);

-- When a target was or will be published, for the limits of an account. It takes the place of the index on the account alone.
create index targets_account_time on targets (account_id, coalesce(published_at, next_at));
drop index targets_account;

-- What was published and has been deleted or taken down since still counts as published.
create index targets_published on targets (owner_id, published_at) where published_at is not null;
create table published_once (
    owner_id     text collate "C" not null,
    account_id   text collate "C" not null,
    published_at timestamptz not null
);
create index published_once_time on published_once (owner_id, published_at);

create function keep_published() returns trigger language plpgsql as $$
begin
    insert into published_once (owner_id, account_id, published_at) values (old.owner_id, old.account_id, old.published_at);
    return null;
end $$;
create trigger targets_deleted after delete on targets for each row when (old.published_at is not null) execute function keep_published();
create trigger targets_unpublished after update of published_at on targets for each row
    when (old.published_at is not null and new.published_at is distinct from old.published_at) execute function keep_published();

-- The times during which an account was connected, in which profile. A trigger writes them, so that no way to connect or disconnect an
-- account, now or later, can forget to.
create table account_spans (
    account_id      text collate "C" not null,
    owner_id        text collate "C" not null,
    profile_id      text collate "C" not null,
    platform        text not null,
    connected_at    timestamptz not null,
    disconnected_at timestamptz
);
create index account_spans_owner on account_spans (owner_id, connected_at);
create unique index account_spans_open on account_spans (account_id) where disconnected_at is null;
insert into account_spans (account_id, owner_id, profile_id, platform, connected_at, disconnected_at)
    select id, owner_id, profile_id, platform, created_at, case when active then null else updated_at end from accounts;

create function keep_account_spans() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then
        update account_spans set disconnected_at = greatest(connected_at, case tg_op when 'DELETE' then now() else new.updated_at end)
            where account_id = old.id and disconnected_at is null;
    end if;
    if tg_op <> 'DELETE' then
        if new.active then
            insert into account_spans (account_id, owner_id, profile_id, platform, connected_at) values (new.id, new.owner_id, new.profile_id, new.platform, new.updated_at);
        end if;
    end if;
    return null;
end $$;
create trigger accounts_connected after insert on accounts for each row execute function keep_account_spans();
create trigger accounts_changed after update on accounts for each row
    when (old.active is distinct from new.active or old.profile_id is distinct from new.profile_id) execute function keep_account_spans();
create trigger accounts_deleted after delete on accounts for each row execute function keep_account_spans();

-- The metering of closed days: a row for each account that was connected or published something on that day, UTC.
create table usage_days (
    owner_id   text collate "C" not null,
    day        date not null,
    account_id text collate "C" not null,
    profile_id text collate "C" not null,
    platform   text not null,
    connected  boolean not null,
    posts      int not null,
    primary key (owner_id, day, account_id)
);
-- Up to which day, inclusive, an owner's usage is in usage_days.
create table usage_rolled (
    owner_id text collate "C" primary key,
    until    date not null
);
