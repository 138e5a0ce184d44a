-- A visit that has come back is remembered until its end, so that a page that is opened twice is told so where its user came from.
alter table connect_visits add column used_at timestamptz;

-- The browser that may choose on our own page, by the SHA-256 of a cookie; null: the caller has a page of its own.
alter table connect_choices add column browser_hash bytea;

-- When renewing a token last failed, and how many of the warnings of its end have been given. A new token begins anew.
alter table tokens
    add column tried_at timestamptz,
    add column warned   int not null default 0;
