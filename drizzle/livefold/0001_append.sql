-- The log is append-only: the database itself refuses everything else.
create function "livefold"."refuse_change"() returns trigger language plpgsql as $$
begin
  raise exception 'the event log is append-only: % on % is refused', tg_op, tg_table_name
    using errcode = 'integrity_constraint_violation', hint = 'Append an event that corrects the earlier one.';
end
$$;
--> statement-breakpoint
create trigger "events_append_only" before update or delete or truncate on "livefold"."events"
  for each statement execute function "livefold"."refuse_change"();
--> statement-breakpoint
-- Whether an event behind position p_after matches the query: any item, of which each part given must hold.
create function "livefold"."any_match"(p_items jsonb, p_after bigint) returns boolean language plpgsql stable as $$
declare
  v_item jsonb;
  v_types text[];
  v_tags text[];
  v_stream text;
  v_found boolean;
begin
  if jsonb_array_length(p_items) = 0 then
    return exists (select 1 from "livefold"."events" e where e.position > p_after);
  end if;
  for v_item in select * from jsonb_array_elements(p_items) loop
    v_types := case when v_item ? 'types' then array(select jsonb_array_elements_text(v_item -> 'types')) end;
    v_tags := array(select jsonb_array_elements_text(v_item -> 'tags'));
    v_stream := v_item ->> 'stream';
    if v_stream is not null then
      v_found := exists (
        select 1 from "livefold"."events" e
        where e.stream = v_stream and e.position > p_after and e.tags @> v_tags and (v_types is null or e.type = any (v_types)));
    elsif cardinality(v_tags) > 0 then
      v_found := exists (
        select 1 from "livefold"."tags" t join "livefold"."events" e on e.position = t.position
        where t.tag = v_tags[1] and t.position > p_after and e.tags @> v_tags and (v_types is null or e.type = any (v_types)));
    else
      v_found := exists (
        select 1 from "livefold"."events" e
        where e.position > p_after and (v_types is null or e.type = any (v_types)));
    end if;
    if v_found then return true; end if;
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
--                schema version, data, tags, time it occurred, correlation id, causation id, actor, tenant, metadata
--   p_tag:       tag, event
--   p_command:   item, id, fingerprint, last event (null: none), number of events
--   p_condition: item, query, position
-- Each parameter is read in and unfolded once an append, so that few wide arrays are cheaper than one for each column; they
-- are read by subscript, as `unnest` of so many columns sets up, fills and reads a store for each of them.
-- One plan, made once and by index: planning costs more than running it, and statistics lag behind a log that grows.
create function "livefold"."append"(
  p_stream text[], p_stream_item integer[], p_stream_expected integer[],
  p_event text[], p_tag text[], p_command text[], p_condition text[]
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
      (position, id, occurred_at, recorded_at, version, schema_version, stream, type, tags, data, correlation_id, causation_id, actor, tenant, metadata)
    select v_head + coalesce(v_order[e], e), p_event[e][4]::uuid, p_event[e][9]::timestamptz, v_now,
      v_heads[p_event[e][2]::integer] + coalesce(v_place[e], p_event[e][3]::integer), p_event[e][6]::smallint,
      p_stream[p_event[e][2]::integer], p_event[e][5], p_event[e][8]::text[], p_event[e][7]::jsonb,
      p_event[e][10], p_event[e][11], p_event[e][12], p_event[e][13], p_event[e][14]::jsonb
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

  if p_event <> '{}' then
    perform pg_notify('livefold_log', (v_head + coalesce((select max(o) from unnest(v_order) o), array_length(p_event, 1)))::text);
  end if;

  return json_build_object('head', v_head, 'recorded', date_part('epoch', v_now) * 1000, 'heads', v_heads, 'refused', v_refusals);
end
$$;
