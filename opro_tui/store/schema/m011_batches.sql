CREATE TABLE batches ( -- scorer's requests that were sent together, at the provider's batch price
  id INTEGER PRIMARY KEY,
  session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
  step INTEGER NOT NULL,
  model TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  tag TEXT NOT NULL, -- ours; each request's name at the provider is the tag, - and the call's key
  remote_id TEXT, -- the provider's name for it; NULL until it is known
  requests INTEGER NOT NULL,
  reserved_pico INTEGER, -- the most that it can cost, in picodollars; NULL: price unknown
  reserved_tokens INTEGER NOT NULL,
  started INTEGER NOT NULL, -- when its calls were stored, before it was sent
  submitted INTEGER, -- when the provider had taken it
  cancelled INTEGER, -- when a person asked the provider to end it
  ended INTEGER -- when all its calls had an outcome
);
CREATE INDEX batches_by_session ON batches(session);
ALTER TABLE calls ADD COLUMN batch INTEGER REFERENCES batches(id) ON DELETE SET NULL;
CREATE INDEX calls_by_batch ON calls(batch) WHERE batch IS NOT NULL;
