-- Visits to the platforms' consent pages. Of what names one, only the hash is kept.
create table connect_visits (
    hash         bytea primary key,   -- SHA-256 of the state
    owner_id     text collate "C" not null references owners,
    user_id      text collate "C" not null,
    key_id       text collate "C" not null,
    profile_ids  text[],              -- the only profiles that whoever began it reaches; null: all
    profile_id   text collate "C" not null,
    platform     text not null,
    method       text not null,
    redirect_url text not null,       -- where the browser ends up; empty: at a page of this server
    headless     boolean not null,
    created_at   timestamptz not null,
    expires_at   timestamptz not null
);
create index connect_visits_age on connect_visits (expires_at);

-- What a login has opened and nobody has chosen from yet. It has two names: one for whoever reads the list, one that stands for an API key.
create table connect_choices (
    hash         bytea primary key,
    connect_hash bytea not null unique,
    owner_id     text collate "C" not null references owners,
    user_id      text collate "C" not null,
    key_id       text collate "C" not null,
    profile_ids  text[],
    profile_id   text collate "C" not null,
    platform     text not null,
    method       text not null,
    redirect_url text not null,
    sealed       bytea not null,      -- the accounts with their tokens
    created_at   timestamptz not null,
    expires_at   timestamptz not null
);
create index connect_choices_age on connect_choices (expires_at);
