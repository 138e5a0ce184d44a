-- What accounts and apps have spent of their budgets: one row per holder and budget, which all workers share. A window slides: it is cut
-- into slots, and a slot counts until the whole of it has left the window. Slots are numbered from 1970 on; only those that count are kept.
create table budget_counts (
    holder text collate "C" not null, -- an account's ID, or app:PLATFORM:ID
    name   text not null,
    slots  bigint[] not null default '{}',
    counts int[] not null default '{}',
    primary key (holder, name)
) with (fillfactor = 70);

-- budget_spend takes from several budgets, from all or from none. Every list has an entry for each budget, in the order of their keys, so
-- that two callers never wait for each other. A slot counts while it is no older than span slots. refused is zero, or which budget had no
-- room, and then free_slot is the first slot in which it has (null: never). level is how full the fullest is, from 0 to 1.
create function budget_spend(holders text[], names text[], amounts int[], present bigint[], limits int[], span int, out refused int, out free_slot bigint, out level double precision)
language plpgsql as $$
declare
    used int;
begin
    refused := 0;
    level := 0;
    insert into budget_counts (holder, name) select h, n from unnest(holders, names) u (h, n) on conflict do nothing;
    for i in 1 .. cardinality(holders) loop
        select coalesce((select sum(c) from unnest(b.slots, b.counts) u (s, c) where s >= present[i] - span), 0) into used
            from (select slots, counts from budget_counts where holder = holders[i] and name = names[i] for update) b;
        if used + amounts[i] > limits[i] then
            refused := i;
            level := 1;
            select min(s) + span + 1 into free_slot from (
                select s, sum(c) over (order by s) as freed from budget_counts b, unnest(b.slots, b.counts) u (s, c)
                where b.holder = holders[i] and b.name = names[i] and s >= present[i] - span) x
            where used - freed + amounts[i] <= limits[i];
            return;
        end if;
        level := greatest(level, (used + amounts[i])::double precision / limits[i]);
    end loop;
    for i in 1 .. cardinality(holders) loop
        update budget_counts set (slots, counts) = (
            select array_agg(s order by s), array_agg(c order by s) from (
                select s, sum(c)::int as c from (
                    select s, c from unnest(slots, counts) u (s, c) where s >= present[i] - span
                    union all select present[i], amounts[i]) x
                group by s) y)
        where holder = holders[i] and name = names[i];
    end loop;
end $$;

-- budget_correct makes a count what the platform says it is. What was spent in the present slot may not have been seen there yet, so that
-- no correction takes it back.
create function budget_correct(of_holder text, of_name text, present bigint, span int, used int) returns void
language plpgsql as $$
declare
    counted int;
    latest  int;
    surplus int;
begin
    insert into budget_counts (holder, name) values (of_holder, of_name) on conflict do nothing;
    select coalesce(sum(c), 0), coalesce(sum(c) filter (where s = present), 0) into counted, latest
        from (select slots, counts from budget_counts where holder = of_holder and name = of_name for update) b, unnest(b.slots, b.counts) u (s, c)
        where s >= present - span;
    surplus := counted - greatest(used, latest);
    if surplus = 0 then
        return;
    end if;
    update budget_counts set (slots, counts) = (
        select coalesce(array_agg(s order by s), '{}'), coalesce(array_agg(c order by s), '{}') from (
            select s, sum(c)::int as c from (
                -- the oldest give way first
                select s, case when surplus > 0 then greatest(0, c - greatest(0, surplus - before)) else c end as c from (
                    select s, c, coalesce(sum(c) over (order by s rows between unbounded preceding and 1 preceding), 0)::int as before
                    from unnest(slots, counts) u (s, c) where s >= present - span) x
                union all select present, -surplus where surplus < 0) y
            group by s having sum(c) > 0) z)
    where holder = of_holder and name = of_name;
end $$;

-- How often in a row a platform has refused an account's calls without saying for how long.
alter table buckets add column strikes int not null default 0;
