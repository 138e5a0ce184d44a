-- Invitations, the devices that log in, and what keeps people apart.

create unique index users_email on users (owner_id, lower(email)) where email <> '';
create index api_keys_user on api_keys (user_id);

create table invites (
    id          text collate "C" primary key,
    owner_id    text collate "C" not null references owners,
    created_by  text collate "C" not null references users on delete cascade, -- whoever is removed invites nobody
    hash        bytea not null unique, -- SHA-256 of the token
    role        text not null,
    profile_ids text[],                -- the only profiles the invited person will reach; null: all
    created_at  timestamptz not null,
    expires_at  timestamptz not null,
    used_at     timestamptz
);
create index invites_owner on invites (owner_id, expires_at);
create index invites_creator on invites (created_by);

-- Devices that wait for a person to let them in. Rows live for minutes.
create table device_logins (
    id          text collate "C" primary key,
    hash        bytea not null unique, -- SHA-256 of the device's code
    user_code   text not null unique,  -- what the person compares
    name        text not null,
    state       text not null,         -- pending, authorized or denied
    key_id      text collate "C" references api_keys on delete cascade, -- of the person who looked at it last
    ticket_hash bytea unique,          -- SHA-256 of that person's right to decide
    polled_at   timestamptz,
    created_at  timestamptz not null,
    expires_at  timestamptz not null
);
create index device_logins_age on device_logins (expires_at);
create index device_logins_key on device_logins (key_id);

-- How often the people of an owner have entered a device's code, so that nobody can try them all.
create table device_tries (
    owner_id text collate "C" primary key references owners,
    tries    int not null,
    since    timestamptz not null
);
