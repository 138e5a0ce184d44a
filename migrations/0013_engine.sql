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
-- A fingerprint names the account as well. Where it stands behind the owner, Postgres may read all that the owner made lately instead.
drop index targets_fingerprint;
create index targets_fingerprint on targets (fingerprint, created_at) where fingerprint is not null;

-- Accounts and owners are never deleted, and every post that is made would lock the rows of its own together with all others at once.
alter table targets drop constraint targets_account_id_fkey;
alter table posts drop constraint posts_owner_id_fkey;

-- Events and attempts are found by age through their IDs, which begin with the time.
drop index events_age;
drop index delivery_attempts_age;

-- Jobs of the release before. Its workers, while they still run, make new ones for what is overdue.
delete from river_job where kind = 'publish';

-- budget_take is budget_spend for budgets whose rows are there and locked already.
create function budget_take(holders text[], names text[], amounts int[], present bigint[], limits int[], span int, out refused int, out free_slot bigint, out level double precision)
language plpgsql as $$
declare
    kept bigint[];
    n    int[];
    used int;
    left_over int;
    last int;
begin
    refused := 0;
    level := 0;
    for i in 1 .. cardinality(holders) loop
        select coalesce(sum(c), 0) into used from budget_counts b, unnest(b.slots, b.counts) u (s, c)
            where b.holder = holders[i] and b.name = names[i] and s >= present[i] - span;
        if used + amounts[i] > limits[i] then
            refused := i;
            level := 1;
            left_over := used;
            select slots, counts into kept, n from budget_counts b where b.holder = holders[i] and b.name = names[i];
            for k in 1 .. cardinality(kept) loop -- slots are in order: the first whose end makes room
                continue when kept[k] < present[i] - span;
                left_over := left_over - n[k];
                if left_over + amounts[i] <= limits[i] then
                    free_slot := kept[k] + span + 1;
                    exit;
                end if;
            end loop;
            return;
        end if;
        level := greatest(level, (used + amounts[i])::double precision / limits[i]);
    end loop;
    for i in 1 .. cardinality(holders) loop
        select slots, counts into kept, n from budget_counts b where b.holder = holders[i] and b.name = names[i];
        last := cardinality(kept);
        if last > 0 and kept[last] = present[i] then
            n[last] := n[last] + amounts[i];
        elsif last > 0 and kept[last] > present[i] then -- another worker's clock is ahead: it counts there
            n[last] := n[last] + amounts[i];
        else
            while cardinality(kept) > 0 and kept[1] < present[i] - span loop
                kept := kept[2:];
                n := n[2:];
            end loop;
            kept := kept || present[i];
            n := n || amounts[i];
        end if;
        update budget_counts b set slots = kept, counts = n where b.holder = holders[i] and b.name = names[i];
    end loop;
end $$;

-- budget_spend_each takes from several sets of budgets, each from all of its own or from none. The sets lie one behind the other in the lists,
-- ends says where each ends. All rows are locked first, in the order of their keys, so that no two callers wait for each other.
create function budget_spend_each(ends int[], holders text[], names text[], amounts int[], present bigint[], limits int[], span int)
returns table (refused int, free_slot bigint, level double precision)
language plpgsql as $$
declare
    first  int := 1;
    last   int;
    there  int;
    wanted int;
begin
    select count(distinct (h, n)) into wanted from unnest(holders, names) u (h, n);
    perform 1 from (select distinct h, n from unnest(holders, names) x (h, n)) u join budget_counts b on b.holder = u.h and b.name = u.n order by b.holder, b.name for update of b;
    get diagnostics there = row_count;
    if there < wanted then
        insert into budget_counts (holder, name) select distinct h, n from unnest(holders, names) u (h, n) order by h, n on conflict do nothing;
        perform 1 from (select distinct h, n from unnest(holders, names) x (h, n)) u join budget_counts b on b.holder = u.h and b.name = u.n order by b.holder, b.name for update of b;
    end if;
    foreach last in array ends loop
        return query select t.refused, t.free_slot, t.level
            from budget_take(holders[first:last], names[first:last], amounts[first:last], present[first:last], limits[first:last], span) t;
        first := last + 1;
    end loop;
end $$;
