-- Who logged in, for the page on which a choice is made; null: the platform did not say. It holds no token.
alter table connect_choices add column person jsonb;
