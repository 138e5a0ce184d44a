-- What owners say of their profiles and accounts, what a login granted, and groups of accounts.

-- Every profile has a colour; the release before leaves it to the default too.
alter table profiles alter column color set default '#ffeda0';
update profiles set color = '#ffeda0' where color = '';

alter table accounts
    add column own_username     text,    -- the owner's name for it, shown in place of the platform's; null: none
    add column own_display_name text,
    add column x_capabilities   jsonb,   -- what X, which costs money by the call, may be asked in the background
    add column scopes           text[];  -- what the platform granted at the last login; null: it did not say

create table account_groups (
    id         text collate "C" primary key,
    owner_id   text collate "C" not null references owners,
    name       text not null,
    created_by text collate "C" not null, -- a user
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint account_groups_name unique (owner_id, name)
);

create table account_group_members (
    group_id   text collate "C" not null references account_groups on delete cascade,
    position   int not null,
    account_id text collate "C" not null references accounts on delete cascade,
    primary key (group_id, position),
    unique (group_id, account_id)
);
create index account_group_members_account on account_group_members (account_id);
