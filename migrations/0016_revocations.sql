-- What a disconnected account's user permitted, until the platform has been told that it is over.
create table revocations (
    id         text collate "C" primary key,
    owner_id   text collate "C" not null references owners,
    account_id text collate "C" not null,
    account    jsonb not null,      -- what the platform needs to know of the account, as it was then
    sealed     bytea,               -- its last token, bound to account_id; null: still in tokens, as it was being refreshed at that moment
    failures   int not null default 0,
    created_at timestamptz not null,
    next_at    timestamptz not null -- when it is tried, or tried again
);
create index revocations_due on revocations (next_at);
create index revocations_account on revocations (account_id);
