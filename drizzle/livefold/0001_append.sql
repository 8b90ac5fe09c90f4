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
-- Appends a batch of independent items and says of each what became of it: appended, duplicate (its command id is
-- known), conflict (an expected version does not hold) or condition (an event matches its query).
-- The lock comes first and is released by the commit: positions are drawn in commit order, and each statement behind it
-- sees all that earlier holders committed. It is the one place where positions are given out.
create function "livefold"."append"(
  p_items integer,
  p_item integer[], p_id uuid[], p_stream text[], p_type text[], p_schema_version smallint[], p_data jsonb[], p_tags text[],
  p_correlation_id text[], p_causation_id text[], p_actor text[], p_tenant text[], p_metadata jsonb[], p_occurred_at timestamptz[],
  p_expected_item integer[], p_expected_stream text[], p_expected_version integer[],
  p_command_item integer[], p_command_id text[], p_command_fingerprint text[],
  p_condition_item integer[], p_condition_query jsonb[], p_condition_after bigint[]
) returns table (item integer, outcome text, "position" bigint, version integer)
language plpgsql
-- One plan, made once and by index: planning costs more than running it, and statistics lag behind a log that grows.
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
#variable_conflict use_column
declare
  v_head bigint;
  v_now timestamptz;
  v_duplicates integer[];
  v_conflicts integer[];
  v_conditions integer[];
  v_failed integer[];
begin
  perform pg_advisory_xact_lock(hashtextextended('livefold_log', 0));

  select e.position, e.recorded_at into v_head, v_now from "livefold"."events" e order by e.position desc limit 1;
  v_head := coalesce(v_head, 0);
  -- A clock that was set back must not make recorded times fall along the log.
  v_now := greatest(v_now, date_trunc('milliseconds', clock_timestamp()));

  if cardinality(p_command_item) > 0 then
    v_duplicates := array(
      select c.item from unnest(p_command_item, p_command_id) as c(item, id)
      where exists (select 1 from "livefold"."commands" k where k.id = c.id));
  end if;
  if cardinality(p_expected_item) > 0 then
    v_conflicts := array(
      select x.item
      from unnest(p_expected_item, p_expected_stream, p_expected_version) as x(item, stream, version),
        lateral (select coalesce((select e.version from "livefold"."events" e where e.stream = x.stream order by e.version desc limit 1), 0) as version) h
      where case x.version when -1 then h.version = 0 else h.version <> x.version end);
  end if;
  if cardinality(p_condition_item) > 0 then
    v_conditions := array(
      select c.item from unnest(p_condition_item, p_condition_query, p_condition_after) as c(item, query, after)
      where "livefold"."any_match"(c.query, c.after));
  end if;
  v_failed := v_duplicates || v_conflicts || v_conditions;

  return query
  with placed as materialized (
    select e.*,
      v_head + row_number() over (order by e.n) as position,
      (coalesce((select s.version from "livefold"."events" s where s.stream = e.stream order by s.version desc limit 1), 0)
        + row_number() over (partition by e.stream order by e.n))::integer as version
    from unnest(p_item, p_id, p_stream, p_type, p_schema_version, p_data, p_tags, p_correlation_id, p_causation_id, p_actor, p_tenant, p_metadata, p_occurred_at)
      with ordinality as e(item, id, stream, type, schema_version, data, tags, correlation_id, causation_id, actor, tenant, metadata, occurred_at, n)
    where v_failed is null or e.item <> all (v_failed)
  ), stored as (
    insert into "livefold"."events"
      (position, id, occurred_at, recorded_at, version, schema_version, stream, type, tags, data, correlation_id, causation_id, actor, tenant, metadata)
    select p.position, p.id, p.occurred_at, v_now, p.version, p.schema_version, p.stream, p.type, p.tags::text[], p.data,
      p.correlation_id, p.causation_id, p.actor, p.tenant, p.metadata
    from placed p order by p.n
  ), tagged as (
    insert into "livefold"."tags" (tag, position)
    select t.tag, p.position from placed p, unnest(p.tags::text[]) as t(tag) where p.tags <> '{}'
  ), last as materialized (
    select p.item, max(p.position) as position, count(*)::integer as events, (array_agg(p.version order by p.n desc))[1] as version
    from placed p group by p.item
  ), commanded as (
    insert into "livefold"."commands" (id, fingerprint, position, events)
    select c.id, c.fingerprint, coalesce(l.position, v_head), coalesce(l.events, 0)
    from unnest(p_command_item, p_command_id, p_command_fingerprint) as c(item, id, fingerprint)
      left join last l on l.item = c.item
    where v_failed is null or c.item <> all (v_failed)
  )
  select i.item,
    case
      when i.item = any (v_duplicates) then 'duplicate'
      when i.item = any (v_conflicts) then 'conflict'
      when i.item = any (v_conditions) then 'condition'
      else 'appended'
    end,
    coalesce(l.position, v_head), l.version
  from generate_series(1, p_items) as i(item) left join last l on l.item = i.item;

  if cardinality(p_item) > 0 then
    perform pg_notify('livefold_log', '');
  end if;
end
$$;
