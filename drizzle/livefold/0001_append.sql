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
-- stream of p_stream before it, and `refused` the items of which nothing was stored: as a duplicate (the command id is known),
-- a conflict (an expected version does not hold) or a condition (an event matches its query).
-- The lock comes first and is released by the commit: positions are drawn in commit order, and each statement behind it
-- sees all that earlier holders committed. It is the one place where positions are given out.
-- The arrays of the batch are read by subscript: `unnest` of so many sets up, fills and reads a store for each of them.
-- One plan, made once and by index: planning costs more than running it, and statistics lag behind a log that grows.
create function "livefold"."append"(
  p_stream text[], p_stream_item integer[], p_stream_expected integer[],
  p_item integer[], p_stream_of integer[], p_place integer[], p_id uuid[], p_type text[], p_schema_version smallint[], p_data jsonb[], p_tags text[],
  p_correlation_id text[], p_causation_id text[], p_actor text[], p_tenant text[], p_metadata jsonb[], p_occurred_at timestamptz[],
  p_tag text[], p_tag_event integer[],
  p_command_item integer[], p_command_id text[], p_command_fingerprint text[], p_command_last integer[], p_command_events integer[],
  p_condition_item integer[], p_condition_query jsonb[], p_condition_after bigint[],
  out head bigint, out heads json, out refused json, out recorded double precision
) language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off
as $$
#variable_conflict use_column
declare
  v_now timestamptz;
  v_heads integer[];
  v_duplicates integer[] := '{}';
  v_conflicts integer[] := '{}';
  v_conditions integer[] := '{}';
  v_refused integer[];
  -- Only when an item was refused: the order of the events that are stored (0: not stored), and their place in their stream.
  v_order integer[];
  v_place integer[];
begin
  perform pg_advisory_xact_lock(hashtextextended('livefold_log', 0));

  select e.position, e.recorded_at into head, v_now from "livefold"."events" e order by e.position desc limit 1;
  head := coalesce(head, 0);
  -- A clock that was set back must not make recorded times fall along the log.
  v_now := greatest(v_now, date_trunc('milliseconds', clock_timestamp()));
  recorded := date_part('epoch', v_now) * 1000;

  if p_command_item <> '{}' then
    v_duplicates := array(
      select p_command_item[c] from generate_series(1, cardinality(p_command_item)) c
      where (select true from "livefold"."commands" k where k.id = p_command_id[c]));
  end if;

  v_heads := array(
    select coalesce((select e.version from "livefold"."events" e where e.stream = p_stream[s] order by e.version desc limit 1), 0)
    from generate_series(1, cardinality(p_stream)) s);
  if v_heads <> p_stream_expected then
    v_conflicts := array(
      select s.item from unnest(p_stream_item, p_stream_expected, v_heads) as s(item, expected, head)
      where case s.expected when -1 then s.head = 0 else s.head <> s.expected end);
  end if;

  if p_condition_item <> '{}' then
    v_conditions := array(
      select c.item from unnest(p_condition_item, p_condition_query, p_condition_after) as c(item, query, after)
      where "livefold"."any_match"(c.query, c.after));
  end if;

  v_refused := v_duplicates || v_conflicts || v_conditions;
  if v_refused <> '{}' then
    refused := json_build_object('duplicate', v_duplicates, 'conflict', v_conflicts, 'condition', v_conditions);
    select array_agg(case when p.holds then p.nth else 0 end order by p.n), array_agg(p.place order by p.n)
    into v_order, v_place
    from (
      select e.n, e.holds,
        count(*) filter (where e.holds) over (order by e.n) as nth,
        count(*) filter (where e.holds) over (partition by e.stream order by e.n) as place
      from (
        select u.n, u.stream, u.item <> all (v_refused) as holds
        from unnest(p_item, p_stream_of) with ordinality as u(item, stream, n)) e) p;
  end if;

  if p_item <> '{}' then
    insert into "livefold"."events"
      (position, id, occurred_at, recorded_at, version, schema_version, stream, type, tags, data, correlation_id, causation_id, actor, tenant, metadata)
    select head + coalesce(v_order[e], e), p_id[e], p_occurred_at[e], v_now, v_heads[p_stream_of[e]] + coalesce(v_place[e], p_place[e]), p_schema_version[e],
      p_stream[p_stream_of[e]], p_type[e], p_tags[e]::text[], p_data[e], p_correlation_id[e], p_causation_id[e], p_actor[e], p_tenant[e], p_metadata[e]
    from generate_series(1, cardinality(p_item)) e
    where v_order is null or v_order[e] > 0;

    insert into "livefold"."tags" (tag, position)
    select p_tag[t], head + coalesce(v_order[p_tag_event[t]], p_tag_event[t])
    from generate_series(1, cardinality(p_tag)) t
    where v_order is null or v_order[p_tag_event[t]] > 0;

    perform pg_notify('livefold_log', (head + coalesce((select max(o) from unnest(v_order) o), cardinality(p_item)))::text);
  end if;

  if p_command_item <> '{}' then
    insert into "livefold"."commands" (id, fingerprint, position, events)
    select p_command_id[c], p_command_fingerprint[c], head + coalesce(v_order[p_command_last[c]], p_command_last[c], 0), p_command_events[c]
    from generate_series(1, cardinality(p_command_item)) c
    where p_command_item[c] <> all (v_refused);
  end if;

  heads := to_json(v_heads);
end
$$;
