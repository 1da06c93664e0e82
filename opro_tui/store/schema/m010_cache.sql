ALTER TABLE calls ADD COLUMN cache_saved_pico INTEGER; -- picodollars; below 0: it cost more
DROP VIEW step_costs;
CREATE VIEW step_costs AS -- what each session paid itself; NULL where a part is unknown
SELECT sessions.name AS session, calls.step, routes.role,
  sum(calls.outcome = 0) AS calls, sum(calls.outcome = 1) AS failed,
  sum(calls.outcome = 2) AS unknown,
  CASE WHEN count(*) = count(input_tokens) THEN sum(input_tokens) END AS input_tokens,
  sum(cached_tokens) AS cached_tokens,
  CASE WHEN count(*) = count(output_tokens) THEN sum(output_tokens) END AS output_tokens,
  sum(reasoning_tokens) AS reasoning_tokens,
  CASE WHEN count(*) = count(cost_pico) THEN sum(cost_pico) / 1e12 END AS cost_usd,
  coalesce(sum(cache_write_tokens), 0) AS cache_write_tokens,
  CASE WHEN sum(cache_saved_pico IS NULL
      AND coalesce(cached_tokens, 0) + coalesce(cache_write_tokens, 0) > 0) = 0
    THEN coalesce(sum(cache_saved_pico), 0) / 1e12 END AS cache_saved_usd
FROM calls
JOIN sessions ON sessions.id = calls.session AND sessions.deleted IS NULL
JOIN routes ON routes.id = calls.route
WHERE calls.outcome IS NOT NULL
GROUP BY sessions.id, calls.step, routes.role;
