-- A visit that has come back is remembered for a day longer than it is good, so that a page that is opened twice is told so where its user came from.
alter table connect_visits add column used_at timestamptz;

-- The browser that may choose on our own page, by the SHA-256 of a cookie; null: the caller has a page of its own.
alter table connect_choices add column browser_hash bytea;

-- When renewing a token last failed, and how many of the warnings of its end have been given. A new token begins anew.
alter table tokens
    add column tried_at timestamptz,
    add column warned   int not null default 0;

-- Who agreed to an account's connection, by the platform's ID of that person, who may be another one than the account.
alter table accounts add column granted_by text;
create index accounts_granted on accounts (granted_by) where granted_by is not null;

-- What was deleted because a platform's user wanted it, for the page on which that user can look.
create table connect_deletions (
    hash       bytea primary key, -- SHA-256 of the confirmation code
    accounts   int not null,      -- how many were forgotten
    deleted_at timestamptz not null
);
