-- Requests that may be repeated, and lists that count without reading what they count.

-- What was answered under each Idempotency-Key of the last day, or that the answer is still being made.
create table idempotency_keys (
    key_id     text collate "C" not null, -- the API key that sent it
    path       text not null,
    key        text not null,
    body_hash  bytea not null,
    holder     text not null,             -- the request that makes the answer
    held_until timestamptz,               -- after which another one may; null: it is made
    status     int,
    body       bytea,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (key_id, path, key)
);
create index idempotency_keys_age on idempotency_keys (expires_at);

-- Each request ID has a time of its own. The release before, whose windows are all of five minutes, leaves it to the default; while its
-- workers still run, their sweep takes every ID after five minutes.
alter table requests add column expires_at timestamptz not null default now() + interval '5 minutes';
create index requests_expiry on requests (expires_at);
drop index requests_age;

-- What lists go by stands in the posts' own columns, for only those can be read off an index. Adding the generated ones rewrites the
-- table: about a second for 100,000 posts, in which nothing is created.
alter table posts
    add column platforms text[] not null default '{}', -- of its targets: distinct, sorted, kept by triggers
    add column sort_at   timestamptz generated always as (coalesce(scheduled_for, created_at)) stored,
    add column hidden    boolean generated always as (coalesce(metadata @> '{"hidden": true}', false)) stored;
update posts set platforms = t.names
from (select post_id, array_agg(distinct platform collate "C" order by platform collate "C") as names from targets group by post_id) t
where posts.id = t.post_id;

-- The deepest page is an index-only scan, whatever it is filtered by. The release before sorts by an expression instead, and is slower
-- until it is replaced.
drop index posts_by_time;
drop index posts_by_status;
create index posts_by_time on posts (owner_id, sort_at desc, id desc) include (status, hidden, platforms);
create index posts_by_status on posts (owner_id, status, sort_at desc, id desc) include (hidden, platforms);

-- A ledger of how many posts an owner has of each kind. Every change of posts adds lines to it and touches none, so that two at once
-- never wait for each other; a total is the sum of the lines. Now and then a worker folds the lines of a kind into one.
create table post_tallies (
    owner_id  text collate "C" not null,
    status    text not null,
    hidden    boolean not null,
    platforms text[] not null,
    n         bigint not null,
    folded    boolean not null default false
);
create index post_tallies_owner on post_tallies (owner_id);
create unique index post_tallies_folded on post_tallies (owner_id, status, hidden, platforms) where folded;
insert into post_tallies select owner_id, status, hidden, platforms, count(*), true from posts group by owner_id, status, hidden, platforms;

create function tally_posts() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into post_tallies (owner_id, status, hidden, platforms, n)
        select owner_id, status, hidden, platforms, count(*) from new_rows group by owner_id, status, hidden, platforms;
    elsif tg_op = 'DELETE' then
        insert into post_tallies (owner_id, status, hidden, platforms, n)
        select owner_id, status, hidden, platforms, -count(*) from old_rows group by owner_id, status, hidden, platforms;
    else
        insert into post_tallies (owner_id, status, hidden, platforms, n)
        select owner_id, status, hidden, platforms, sum(d)
        from (select owner_id, status, hidden, platforms, 1 as d from new_rows union all select owner_id, status, hidden, platforms, -1 from old_rows) changes
        group by owner_id, status, hidden, platforms having sum(d) <> 0;
    end if;
    return null;
end $$;
create trigger posts_tally_insert after insert on posts referencing new table as new_rows for each statement execute function tally_posts();
create trigger posts_tally_update after update on posts referencing new table as new_rows old table as old_rows for each statement execute function tally_posts();
create trigger posts_tally_delete after delete on posts referencing old table as old_rows for each statement execute function tally_posts();

-- posts.platforms follows the targets. Whoever makes a post with its targets sets it beforehand, and spares the post a second version.
-- An update of no row would still run the ledger's trigger, so it is looked first whether there is something to do.
create function name_platforms() returns trigger language plpgsql as $$
declare
    names text[];
begin
    if tg_op = 'INSERT' then
        perform 1 from posts where id = new.post_id and not platforms @> array[new.platform];
        if found then
            update posts set platforms = array(select distinct name collate "C" as name from unnest(platforms || new.platform) as u(name) order by name) where id = new.post_id;
        end if;
    else
        names := array(select distinct platform collate "C" as name from targets where post_id = old.post_id order by name);
        perform 1 from posts where id = old.post_id and platforms <> names;
        if found then
            update posts set platforms = names where id = old.post_id;
        end if;
    end if;
    return null;
end $$;
create trigger targets_name_insert after insert on targets for each row execute function name_platforms();
create trigger targets_name_delete after delete on targets for each row execute function name_platforms();
