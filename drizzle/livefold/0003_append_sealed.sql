-- Sealed bytes do not get smaller: Postgres need not try.
alter table "livefold"."events" alter column "sealed" set storage external;
--> statement-breakpoint
alter table "livefold"."snapshots" alter column "sealed" set storage external;
--> statement-breakpoint
drop function "livefold"."append"(text[], integer[], integer[], text[], text[], text[], text[]);
--> statement-breakpoint
drop function "livefold"."any_match"(jsonb, bigint);
--> statement-breakpoint
-- The tag that the fewest events behind position p_after carry: what a search by several tags walks. It counts up to a few
-- events of each tag, then up to four times as many, until one tag has fewer: a frequent tag costs what the rarest costs.
create function "livefold"."rarest_tag"(p_tags text[], p_after bigint) returns text language plpgsql stable
set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
  v_tag text;
  v_count bigint;
  v_most bigint := 16;
begin
  loop
    select t.tag, c.count into v_tag, v_count
    from unnest(p_tags) as t(tag), lateral (
      select count(*) from (
        select from "livefold"."tags" x where x.tag = t.tag and x.position > p_after limit v_most) x) c
    order by c.count limit 1;
    if v_count < v_most then return v_tag; end if;
    v_most := v_most * 4;
  end loop;
end
$$;
--> statement-breakpoint
-- Whether an event behind position p_after matches the query: any item, of which each part given must hold. Each item has one
-- way to be searched that stays right whatever the statistics say, so that no plan depends on how large the log was when it was made.
create function "livefold"."any_match"(p_items jsonb, p_after bigint) returns boolean language plpgsql stable as $$
declare
  v_item jsonb;
  v_types text[];
  v_tags text[];
  v_tag text;
  v_is_tag_only boolean;
  v_event record;
begin
  if jsonb_array_length(p_items) = 0 then
    return exists (select 1 from "livefold"."events" e where e.position > p_after);
  end if;
  for v_item in select * from jsonb_array_elements(p_items) loop
    v_types := case when v_item ? 'types' then array(select jsonb_array_elements_text(v_item -> 'types')) end;
    v_tags := array(select jsonb_array_elements_text(v_item -> 'tags'));
    continue when v_types = '{}';
    if v_item ? 'stream' then
      -- Positions rise with versions, so that the newest are looked at first and the search ends at p_after.
      for v_event in
        select e.position, e.tags @> v_tags and (v_types is null or e.type = any (v_types)) as matches
        from "livefold"."events" e
        where e.stream = v_item ->> 'stream' and e.version > coalesce((v_item -> 'afterVersion')::bigint, 0)
        order by e.version desc
      loop
        exit when v_event.position <= p_after;
        if v_event.matches then return true; end if;
      end loop;
    elsif v_tags <> '{}' then
      v_tag := case cardinality(v_tags) when 1 then v_tags[1] else "livefold"."rarest_tag"(v_tags, p_after) end;
      v_is_tag_only := v_types is null and cardinality(v_tags) = 1;
      if exists (
        select 1 from "livefold"."tags" t
        where t.tag = v_tag and t.position > p_after and (v_is_tag_only or (
            select e.tags @> v_tags and (v_types is null or e.type = any (v_types))
            from "livefold"."events" e where e.position = t.position)))
      then return true; end if;
    elsif exists (
      select 1 from "livefold"."events" e where e.position > p_after and (v_types is null or e.type = any (v_types)))
    then return true; end if;
  end loop;
  return false;
end
$$;
--> statement-breakpoint
-- Appends a batch of independent items. Of its answer, `head` is the position before the batch, `heads` the version of each
-- stream of p_stream before it, `recorded` when it was in milliseconds since 1970, and `refused` the items of which nothing
-- was stored: as a duplicate (the command id is known), a conflict (an expected version does not hold) or a condition (an
-- event matches its query).
-- The lock comes first and is released by the commit: positions are drawn in commit order, and each statement behind it
-- sees all that earlier holders committed. It is the one place where positions are given out.
-- Rows come as arrays of two dimensions, of which these are the columns:
--   p_event:     item, place of its stream in p_stream, place among the batch's events of that stream, id, type,
--                schema version, data, tags, time it occurred, correlation id, causation id, actor, tenant, metadata,
--                sealed bytes in base64 (then data is null)
--   p_tag:       tag, event
--   p_command:   item, id, fingerprint, last event (null: none), number of events
--   p_condition: item, query, position
--   p_forget:    item, id for a subject that never had a key, subject
-- Each parameter is read in and unfolded once an append, so that few wide arrays are cheaper than one for each column; they
-- are read by subscript, as `unnest` of so many columns sets up, fills and reads a store for each of them.
-- One plan, made once and by index: planning costs more than running it, and statistics lag behind a log that grows.
create function "livefold"."append"(
  p_stream text[], p_stream_item integer[], p_stream_expected integer[],
  p_event text[], p_tag text[], p_command text[], p_condition text[], p_forget text[]
) returns json language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off
as $$
#variable_conflict use_column
declare
  v_head bigint;
  v_now timestamptz;
  v_heads integer[];
  v_duplicates integer[] := '{}';
  v_conflicts integer[] := '{}';
  v_conditions integer[] := '{}';
  v_refused integer[];
  v_refusals json;
  -- Only when an item was refused: the order of the events that are stored (0: not stored), and their place in their stream.
  v_order integer[];
  v_place integer[];
begin
  perform pg_advisory_xact_lock(hashtextextended('livefold_log', 0));

  select e.position, e.recorded_at into v_head, v_now from "livefold"."events" e order by e.position desc limit 1;
  v_head := coalesce(v_head, 0);
  -- A clock that was set back must not make recorded times fall along the log.
  v_now := greatest(v_now, date_trunc('milliseconds', clock_timestamp()));

  if p_command <> '{}' then
    v_duplicates := array(
      select p_command[c][1]::integer from (select generate_series(1, array_length(p_command, 1)) as c) c
      where (select true from "livefold"."commands" k where k.id = p_command[c][2]));
  end if;

  v_heads := array(
    select coalesce((select e.version from "livefold"."events" e where e.stream = s.stream order by e.version desc limit 1), 0)
    from (select unnest(p_stream) as stream) s);
  if v_heads <> p_stream_expected then
    v_conflicts := array(
      select s.item from unnest(p_stream_item, p_stream_expected, v_heads) as s(item, expected, head)
      where case s.expected when -1 then s.head = 0 else s.head <> s.expected end);
  end if;

  if p_condition <> '{}' then
    v_conditions := array(
      select p_condition[c][1]::integer from generate_series(1, array_length(p_condition, 1)) c
      where "livefold"."any_match"(p_condition[c][2]::jsonb, p_condition[c][3]::bigint));
  end if;

  v_refused := v_duplicates || v_conflicts || v_conditions;
  if v_refused <> '{}' then
    v_refusals := json_build_object('duplicate', v_duplicates, 'conflict', v_conflicts, 'condition', v_conditions);
    select array_agg(case when p.holds then p.nth else 0 end order by p.n), array_agg(p.place order by p.n)
    into v_order, v_place
    from (
      select e.n, e.holds,
        count(*) filter (where e.holds) over (order by e.n) as nth,
        count(*) filter (where e.holds) over (partition by e.stream order by e.n) as place
      from (
        select n, p_event[n][2]::integer as stream, p_event[n][1]::integer <> all (v_refused) as holds
        from generate_series(1, array_length(p_event, 1)) n) e) p;
  end if;

  with event as (
    insert into "livefold"."events"
      (position, id, occurred_at, recorded_at, version, schema_version, stream, type, tags, data, correlation_id, causation_id, actor, tenant, metadata, sealed)
    select v_head + coalesce(v_order[e], e), p_event[e][4]::uuid, p_event[e][9]::timestamptz, v_now,
      v_heads[p_event[e][2]::integer] + coalesce(v_place[e], p_event[e][3]::integer), p_event[e][6]::smallint,
      p_stream[p_event[e][2]::integer], p_event[e][5], p_event[e][8]::text[], p_event[e][7]::jsonb,
      p_event[e][10], p_event[e][11], p_event[e][12], p_event[e][13], p_event[e][14]::jsonb,
      decode(p_event[e][15], 'base64')
    from (select generate_series(1, array_length(p_event, 1)) as e) e
    where v_order is null or v_order[e] > 0
  ), tag as (
    insert into "livefold"."tags" (tag, position)
    select p_tag[t][1], v_head + coalesce(v_order[p_tag[t][2]::integer], p_tag[t][2]::integer)
    from (select generate_series(1, array_length(p_tag, 1)) as t) t
    where v_order is null or v_order[p_tag[t][2]::integer] > 0
  )
  insert into "livefold"."commands" (id, fingerprint, position, events)
  select p_command[c][2], p_command[c][3], v_head + coalesce(v_order[p_command[c][4]::integer], p_command[c][4]::integer, 0), p_command[c][5]::integer
  from (select generate_series(1, array_length(p_command, 1)) as c) c
  where p_command[c][1]::integer <> all (v_refused);

  -- In the order of subjects, as everyone who locks several keys: else two could wait for each other.
  if p_forget <> '{}' then
    insert into "livefold"."keys" (id, subject, master_id)
    select distinct on (f.subject collate "C") f.id, f.subject, ''
    from (
      select p_forget[f][2]::uuid as id, p_forget[f][3] as subject from generate_series(1, array_length(p_forget, 1)) f
      where p_forget[f][1]::integer <> all (v_refused)) f
    order by f.subject collate "C"
    on conflict (subject) do update set wrapped = null;
  end if;

  if p_event <> '{}' then
    perform pg_notify('livefold_log', (v_head + coalesce((select max(o) from unnest(v_order) o), array_length(p_event, 1)))::text);
  end if;

  return json_build_object('head', v_head, 'recorded', date_part('epoch', v_now) * 1000, 'heads', v_heads, 'refused', v_refusals);
end
$$;
