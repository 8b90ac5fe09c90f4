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
-- Appends a batch of independent items and says what became of it: `head` is the position before it, `versions` hold the
-- version of each event (0: not stored) and `refused` the items that were not: as a duplicate (its command id is known), a
-- conflict (an expected version does not hold) or a condition (an event matches its query).
-- The lock comes first and is released by the commit: positions are drawn in commit order, and each statement behind it
-- sees all that earlier holders committed. It is the one place where positions are given out.
-- One plan, made once and by index: planning costs more than running it, and statistics lag behind a log that grows.
create function "livefold"."append"(
  p_stream text[], p_stream_item integer[], p_stream_expected bigint[],
  p_item integer[], p_stream_of integer[], p_id uuid[], p_type text[], p_schema_version smallint[], p_data jsonb[], p_tags text[],
  p_correlation_id text[], p_causation_id text[], p_actor text[], p_tenant text[], p_metadata jsonb[], p_occurred_at timestamptz[],
  p_tag text[], p_tag_event integer[],
  p_command_item integer[], p_command_id text[], p_command_fingerprint text[], p_command_last integer[], p_command_events integer[],
  p_condition_item integer[], p_condition_query jsonb[], p_condition_after bigint[]
) returns table (head bigint, versions json, refused json)
language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off
as $$
#variable_conflict use_column
declare
  v_head bigint;
  v_now timestamptz;
  v_heads integer[];
  v_duplicates integer[];
  v_conflicts integer[];
  v_conditions integer[];
  v_refused integer[];
  v_position bigint[];
  v_version integer[];
begin
  perform pg_advisory_xact_lock(hashtextextended('livefold_log', 0));

  select e.position, e.recorded_at into v_head, v_now from "livefold"."events" e order by e.position desc limit 1;
  v_head := coalesce(v_head, 0);
  -- A clock that was set back must not make recorded times fall along the log.
  v_now := greatest(v_now, date_trunc('milliseconds', clock_timestamp()));

  if cardinality(p_command_item) > 0 then
    v_duplicates := array(
      select c.item from unnest(p_command_item, p_command_id) as c(item, id)
      where (select true from "livefold"."commands" k where k.id = c.id));
  end if;

  select array_agg(h.version order by h.n),
    array_agg(h.item) filter (where case h.expected when -1 then h.version = 0 else h.version <> h.expected end)
  into v_heads, v_conflicts
  from (
    select s.n, s.item, s.expected,
      coalesce((select e.version from "livefold"."events" e where e.stream = s.stream order by e.version desc limit 1), 0) as version
    from unnest(p_stream, p_stream_item, p_stream_expected) with ordinality as s(stream, item, expected, n)) h;

  if cardinality(p_condition_item) > 0 then
    v_conditions := array(
      select c.item from unnest(p_condition_item, p_condition_query, p_condition_after) as c(item, query, after)
      where "livefold"."any_match"(c.query, c.after));
  end if;
  v_refused := v_duplicates || v_conflicts || v_conditions;

  if cardinality(p_item) > 0 then
    select array_agg(case when p.holds then v_head + p.place else 0 end order by p.n),
      array_agg(case when p.holds then v_heads[p.stream] + p.place_in_stream else 0 end order by p.n)
    into v_position, v_version
    from (
      select e.n, e.stream, e.holds,
        count(*) filter (where e.holds) over (order by e.n) as place,
        count(*) filter (where e.holds) over (partition by e.stream order by e.n) as place_in_stream
      from (
        select u.n, u.stream, coalesce(u.item <> all (v_refused), true) as holds
        from unnest(p_item, p_stream_of) with ordinality as u(item, stream, n)) e) p;

    insert into "livefold"."events"
      (position, id, occurred_at, recorded_at, version, schema_version, stream, type, tags, data, correlation_id, causation_id, actor, tenant, metadata)
    select v_position[e.n], e.id, e.occurred_at, v_now, v_version[e.n], e.schema_version, p_stream[e.stream], e.type, e.tags::text[], e.data,
      e.correlation_id, e.causation_id, e.actor, e.tenant, e.metadata
    from unnest(p_stream_of, p_id, p_type, p_schema_version, p_data, p_tags, p_correlation_id, p_causation_id, p_actor, p_tenant, p_metadata, p_occurred_at)
      with ordinality as e(stream, id, type, schema_version, data, tags, correlation_id, causation_id, actor, tenant, metadata, occurred_at, n)
    where v_position[e.n] > 0;

    insert into "livefold"."tags" (tag, position)
    select t.tag, v_position[t.event] from unnest(p_tag, p_tag_event) as t(tag, event) where v_position[t.event] > 0;

    perform pg_notify('livefold_log', '');
  end if;

  insert into "livefold"."commands" (id, fingerprint, position, events)
  select c.id, c.fingerprint, coalesce(v_position[c.last], v_head), c.events
  from unnest(p_command_item, p_command_id, p_command_fingerprint, p_command_last, p_command_events) as c(item, id, fingerprint, last, events)
  where coalesce(c.item <> all (v_refused), true);

  return query select v_head, to_json(v_version), case when v_refused <> '{}' then json_build_object('duplicate', v_duplicates, 'conflict', v_conflicts, 'condition', v_conditions) end;
end
$$;
