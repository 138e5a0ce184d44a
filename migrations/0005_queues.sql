-- Queues: the weekly times at which the posts of a profile go out, and the posts that wait in them.

create table queues (
    id         text collate "C" primary key,
    owner_id   text collate "C" not null references owners,
    profile_id text collate "C" not null references profiles on delete cascade,
    name       text not null,
    timezone   text not null,  -- an IANA name, in which the slots are meant
    slots      jsonb not null, -- [{"dayOfWeek": 0 to 6 from Sunday, "time": "HH:mm"}], in order
    active     boolean not null,
    is_default boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index queues_profile on queues (profile_id, created_at, id);
create unique index queues_one_default on queues (profile_id) where is_default;

-- Which queue a post came from; it is kept when that queue is deleted.
alter table posts
    add column queued_from_profile text collate "C",
    add column queue_id            text collate "C";
-- No two posts share a slot. Only drafts and cancelled posts hold none, so that nothing that becomes of a post while it is being published
-- can run into this.
create unique index posts_slot on posts (queue_id, scheduled_for) where queue_id is not null and status not in ('draft', 'cancelled');
