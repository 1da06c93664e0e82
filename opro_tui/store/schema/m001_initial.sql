CREATE TABLE texts ( -- long texts that repeat, each stored once
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  text TEXT NOT NULL -- here and elsewhere: a BLOB in UTF-8 if it holds lone surrogates
);
CREATE TABLE example_sets (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE);
CREATE TABLE examples (
  "set" INTEGER NOT NULL REFERENCES example_sets(id) ON DELETE CASCADE, -- sessions.examples
  number INTEGER NOT NULL,
  split TEXT NOT NULL, -- train, test or rest
  input TEXT NOT NULL,
  target TEXT NOT NULL,
  fields TEXT, -- JSON object of all columns; NULL when there are none
  PRIMARY KEY ("set", number)
);
CREATE TABLE sessions (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  created INTEGER NOT NULL, -- times are milliseconds since 1970
  updated INTEGER NOT NULL,
  last_seq INTEGER NOT NULL, -- the last event of the session
  parent INTEGER REFERENCES sessions(id), -- a fork's past is its parent's rows up to fork_seq
  fork_seq INTEGER NOT NULL,
  simulated INTEGER NOT NULL,
  deleted INTEGER, -- when it was deleted; it stays while a fork needs it
  examples INTEGER NOT NULL REFERENCES example_sets(id),
  task_spec INTEGER NOT NULL REFERENCES texts(id), -- JSON
  settings INTEGER NOT NULL REFERENCES texts(id), -- JSON; what it started with
  template INTEGER NOT NULL REFERENCES texts(id), -- JSON; what it started with
  sources TEXT NOT NULL, -- JSON
  versions TEXT NOT NULL -- JSON
);
CREATE UNIQUE INDEX sessions_by_name ON sessions(name) WHERE deleted IS NULL;
CREATE INDEX sessions_by_parent ON sessions(parent) WHERE parent IS NOT NULL;
CREATE TABLE summaries (
  session INTEGER PRIMARY KEY REFERENCES sessions(id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  summary TEXT NOT NULL -- JSON
);
CREATE TABLE steps (
  session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  started_seq INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  prompt_seq INTEGER,
  prompt_at INTEGER,
  sampled_seq INTEGER,
  sampled_at INTEGER,
  finished_seq INTEGER,
  finished_at INTEGER,
  settings INTEGER NOT NULL REFERENCES texts(id), -- JSON
  template INTEGER NOT NULL REFERENCES texts(id), -- JSON
  tokens INTEGER, -- estimated, of the meta-prompt
  temperature REAL,
  proposals INTEGER,
  forecast TEXT NOT NULL, -- JSON
  usage TEXT, -- JSON: what was used since the step before finished
  regions TEXT, -- JSON: [start, end, kind, id] of the meta-prompt
  prompt TEXT, -- the meta-prompt
  PRIMARY KEY (session, number)
);
CREATE TABLE candidates (
  session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
  id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  step INTEGER NOT NULL,
  at INTEGER NOT NULL,
  origin TEXT NOT NULL,
  draw INTEGER,
  rejected_seq INTEGER,
  rejected_step INTEGER,
  rejected_at INTEGER,
  duplicate_of INTEGER,
  reason TEXT, -- why it was rejected
  text TEXT NOT NULL,
  raw TEXT, -- the proposal as it was written, where cleaning changed it
  PRIMARY KEY (session, id)
);
CREATE UNIQUE INDEX candidates_by_seq ON candidates(session, seq);
CREATE UNIQUE INDEX candidates_rejected ON candidates(session, rejected_seq)
  WHERE rejected_seq IS NOT NULL;
CREATE TABLE scores (
  session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  step INTEGER NOT NULL,
  at INTEGER NOT NULL,
  candidate INTEGER NOT NULL,
  value REAL, -- NULL is not a number
  n INTEGER NOT NULL,
  "of" INTEGER NOT NULL,
  stderr REAL,
  low REAL,
  high REAL,
  unparsed INTEGER NOT NULL,
  flagged INTEGER NOT NULL,
  grades BLOB NOT NULL, -- the score on each training example, packed
  PRIMARY KEY (session, seq)
);
CREATE INDEX scores_by_candidate ON scores(session, candidate);
CREATE TABLE evaluations (
  session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  step INTEGER NOT NULL,
  at INTEGER NOT NULL,
  candidate INTEGER NOT NULL,
  example INTEGER NOT NULL, -- -1: computed on the spot
  score REAL, -- NULL is not a number
  replicate INTEGER NOT NULL,
  call INTEGER, -- calls.id, of any session
  from_store INTEGER NOT NULL,
  flags TEXT, -- with commas between; NULL: none
  parsed TEXT, -- NULL: no answer could be found
  PRIMARY KEY (session, seq)
) WITHOUT ROWID;
CREATE INDEX evaluations_by_candidate ON evaluations(session, candidate);
CREATE TABLE routes ( -- what calls have in common
  id INTEGER PRIMARY KEY,
  role TEXT NOT NULL,
  purpose TEXT NOT NULL,
  model TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  parameters TEXT NOT NULL, -- JSON
  UNIQUE (role, purpose, model, endpoint, parameters)
);
CREATE TABLE outcomes (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO outcomes VALUES (0, 'answered'), (1, 'failed'), (2, 'unknown');
CREATE TABLE calls (
  id INTEGER PRIMARY KEY,
  session INTEGER REFERENCES sessions(id), -- NULL: deleted, but its answer is still in use
  step INTEGER NOT NULL,
  route INTEGER NOT NULL REFERENCES routes(id),
  candidate INTEGER,
  example INTEGER,
  replicate INTEGER NOT NULL,
  draw INTEGER,
  estimate INTEGER NOT NULL, -- input tokens
  started INTEGER NOT NULL,
  "key" BLOB NOT NULL,
  seq INTEGER, -- NULL until there is an outcome, as everything that follows
  at INTEGER,
  outcome INTEGER REFERENCES outcomes(id),
  attempts INTEGER,
  milliseconds INTEGER,
  input_tokens INTEGER, -- NULL: the endpoint did not say
  cached_tokens INTEGER,
  cache_write_tokens INTEGER,
  output_tokens INTEGER, -- NULL: the endpoint did not say
  reasoning_tokens INTEGER,
  cost_pico INTEGER, -- picodollars (10^-12), so that sums are exact; NULL: price unknown
  counted TEXT, -- JSON [calls, from_store, failed, unknown] where the outcome doesn't say it
  error TEXT
);
CREATE INDEX calls_by_seq ON calls(session, seq);
CREATE INDEX calls_by_key ON calls("key") WHERE outcome = 0;
CREATE INDEX calls_failed ON calls(session, seq) WHERE outcome = 1;
CREATE TABLE answers ( -- the first completion of each answered call
  call INTEGER PRIMARY KEY REFERENCES calls(id) ON DELETE CASCADE,
  finish TEXT, -- NULL: stop
  request_id TEXT,
  text TEXT NOT NULL
);
CREATE TABLE choices ( -- the completions after the first
  call INTEGER NOT NULL REFERENCES calls(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  finish TEXT, -- NULL: stop
  text TEXT NOT NULL,
  PRIMARY KEY (call, position)
) WITHOUT ROWID;
CREATE TABLE edits (
  session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  step INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  before TEXT NOT NULL, -- JSON
  after TEXT NOT NULL, -- JSON
  note TEXT NOT NULL,
  PRIMARY KEY (session, seq)
);
CREATE TABLE notices (
  session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  step INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL, -- warning or stopped
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  PRIMARY KEY (session, seq)
);
CREATE TABLE traits (
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  trait TEXT NOT NULL,
  value TEXT NOT NULL, -- JSON
  PRIMARY KEY (endpoint, model, trait)
) WITHOUT ROWID;
CREATE VIEW lineages AS -- the rows that a session reads: its own and its ancestors'
WITH RECURSIVE lineage(session, source, upto) AS (
  SELECT id, id, last_seq FROM sessions WHERE deleted IS NULL
  UNION ALL
  SELECT lineage.session, child.parent, min(child.fork_seq, lineage.upto)
  FROM lineage JOIN sessions AS child ON child.id = lineage.source
  WHERE child.parent IS NOT NULL
)
SELECT * FROM lineage;
CREATE VIEW trajectory AS -- every scored solution with its latest score
WITH latest AS (
  SELECT lineages.session AS reader, scores.*,
    row_number() OVER (PARTITION BY lineages.session, candidate ORDER BY seq DESC) AS age
  FROM lineages JOIN scores
    ON scores.session = lineages.source AND scores.seq <= lineages.upto
)
SELECT sessions.name AS session, candidates.id, candidates.text, latest.value AS score, latest.n,
  latest."of", latest.low, latest.high, candidates.step, candidates.origin
FROM lineages
JOIN sessions ON sessions.id = lineages.session
JOIN candidates
  ON candidates.session = lineages.source AND candidates.seq <= lineages.upto
JOIN latest ON latest.reader = lineages.session AND latest.candidate = candidates.id
WHERE latest.age = 1;
CREATE VIEW step_costs AS -- what each session paid itself; NULL where a part is unknown
SELECT sessions.name AS session, calls.step, routes.role,
  sum(calls.outcome = 0) AS calls, sum(calls.outcome = 1) AS failed,
  sum(calls.outcome = 2) AS unknown,
  CASE WHEN count(*) = count(input_tokens) THEN sum(input_tokens) END AS input_tokens,
  sum(cached_tokens) AS cached_tokens,
  CASE WHEN count(*) = count(output_tokens) THEN sum(output_tokens) END AS output_tokens,
  sum(reasoning_tokens) AS reasoning_tokens,
  CASE WHEN count(*) = count(cost_pico) THEN sum(cost_pico) / 1e12 END AS cost_usd
FROM calls
JOIN sessions ON sessions.id = calls.session AND sessions.deleted IS NULL
JOIN routes ON routes.id = calls.route
WHERE calls.outcome IS NOT NULL
GROUP BY sessions.id, calls.step, routes.role;
