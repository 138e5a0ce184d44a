-- Who stands behind a key: the people of an owner, and what each key may do.

create table users (
    id            text collate "C" primary key, -- that of an owner's root user is the owner's own
    owner_id      text collate "C" not null references owners,
    name          text not null,
    email         text not null default '',
    role          text not null, -- owner, admin, member, billing_admin or viewer
    profile_ids   text[],        -- the only profiles it reaches; null: all
    created_at    timestamptz not null,
    last_login_at timestamptz
);
create index users_owner on users (owner_id);
insert into users (id, owner_id, name, role, created_at) select id, id, name, 'owner', created_at from owners;

alter table api_keys
    add column user_id         text collate "C" references users, -- null, written by the release before: the root user
    add column read_only       boolean not null default false,
    add column profile_ids     text[],                            -- the only profiles it reaches; null: all of its user's
    add column disabled_groups text[] not null default '{}';
update api_keys set user_id = owner_id;

-- Who made a post: the person, and with which key.
alter table posts
    add column user_id text collate "C",
    add column key_id  text collate "C";
