-- What is done with posts after they are published: taken away, edited, published again.

alter table targets add column removed_at timestamptz; -- when it was taken away at the platform

-- Every attempt to edit a published target, before the platform hears of it. One that is open has no known end.
create table target_edits (
    id          text collate "C" primary key,
    owner_id    text collate "C" not null,
    target_id   text collate "C" not null references targets on delete cascade,
    user_id     text collate "C" not null,
    key_id      text collate "C" not null,
    text_before text not null,
    text_after  text not null,
    remote_id   text not null, -- what the post was called before
    remote_url  text not null,
    begun_at    timestamptz not null,
    ended_at    timestamptz,
    done        boolean not null default false -- it changed the post
);
create index target_edits_target on target_edits (target_id, begun_at);

-- Recycling: what was asked for with how far it has come, and of a copy which post it repeats.
alter table posts
    add column recycling       jsonb,
    add column next_recycle_at timestamptz, -- null: it makes no copies, or no more
    add column recycled_from   text collate "C",
    add column recycle_number  int; -- of a copy: 1 is the first
create index posts_recycle_due on posts (next_recycle_at) where next_recycle_at is not null;
create unique index posts_recycled on posts (recycled_from, recycle_number) where recycled_from is not null;
