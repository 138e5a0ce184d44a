-- Workers take due targets straight from their table, in fair shares, instead of by a job for each.

-- uploads: the next step sends a file, and takes a slot for long steps.
alter table targets add column uploads boolean not null default false;

-- What is due first, and what is due for one owner at one platform. Only rows with something left to do are in them, so that neither grows
-- with what was published.
create index targets_due on targets (uploads, next_at) where open;
create index targets_lanes on targets (uploads, owner_id, platform, next_at) where open;
drop index targets_open;
-- A worker's claims are found among what is due. Without an index on who claims, a claim changes nothing that is indexed.
drop index targets_claimed;
alter table targets set (fillfactor = 80);

-- Jobs of the release before. Its workers, while they still run, make new ones for what is overdue.
delete from river_job where kind = 'publish';

-- budget_spend_each takes from several sets of budgets, each from all of its own or from none. The sets lie one behind the other in the lists,
-- ends says where each ends. All rows are locked first, in the order of their keys, so that no two callers wait for each other.
create function budget_spend_each(ends int[], holders text[], names text[], amounts int[], present bigint[], limits int[], span int)
returns table (refused int, free_slot bigint, level double precision)
language plpgsql as $$
declare
    first int := 1;
    last  int;
begin
    insert into budget_counts (holder, name) select distinct h, n from unnest(holders, names) u (h, n) order by h, n on conflict do nothing;
    perform 1 from budget_counts b where (b.holder, b.name) in (select h, n from unnest(holders, names) u (h, n)) order by b.holder, b.name for update;
    foreach last in array ends loop
        return query select s.refused, s.free_slot, s.level
            from budget_spend(holders[first:last], names[first:last], amounts[first:last], present[first:last], limits[first:last], span) s;
        first := last + 1;
    end loop;
end $$;
