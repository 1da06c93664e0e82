BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'opro_tui','m001_initial','2026-11-20 12:38:42.479943+00:00');
CREATE TABLE answers ( -- the first completion of each answered call
  call INTEGER PRIMARY KEY REFERENCES calls(id) ON DELETE CASCADE,
  finish TEXT, -- NULL: stop
  request_id TEXT,
  text TEXT NOT NULL
);
INSERT INTO "answers" VALUES(1,NULL,'req-1','It is 4.');
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
INSERT INTO "calls" VALUES(1,1,0,1,1,0,0,NULL,7,1795178322521,X'6B6B6B6B6B6B6B6B6B6B6B6B6B6B6B6B',7,1795178322524,0,1,0,10,0,NULL,2,0,123456789,NULL,NULL);
INSERT INTO "calls" VALUES(2,1,0,2,1,0,0,NULL,7,1795178322531,X'6F6F6F6F6F6F6F6F6F6F6F6F6F6F6F6F',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
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
INSERT INTO "candidates" VALUES(1,1,3,0,1795178322518,'optimizer',NULL,NULL,NULL,NULL,NULL,NULL,'text 1',NULL);
INSERT INTO "candidates" VALUES(1,2,4,0,1795178322518,'optimizer',NULL,5,0,1795178322518,1,'duplicate of #1','text 2',NULL);
CREATE TABLE choices ( -- the completions after the first
  call INTEGER NOT NULL REFERENCES calls(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  finish TEXT, -- NULL: stop
  text TEXT NOT NULL,
  PRIMARY KEY (call, position)
) WITHOUT ROWID;
INSERT INTO "choices" VALUES(1,1,NULL,'Four.');
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
INSERT INTO "edits" VALUES(1,10,1,1795178322530,'pin','null','1','why');
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
INSERT INTO "evaluations" VALUES(1,8,0,1795178322524,1,0,1.0,0,1,0,'truncated',X'3400EDA080');
CREATE TABLE example_sets (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE);
INSERT INTO "example_sets" VALUES(1,X'8B151E30B6CA6701A974A2B16616BC68');
CREATE TABLE examples (
  "set" INTEGER NOT NULL REFERENCES example_sets(id) ON DELETE CASCADE, -- sessions.examples
  number INTEGER NOT NULL,
  split TEXT NOT NULL, -- train, test or rest
  input TEXT NOT NULL,
  target TEXT NOT NULL,
  fields TEXT, -- JSON object of all columns; NULL when there are none
  PRIMARY KEY ("set", number)
);
INSERT INTO "examples" VALUES(1,0,'train','2+2?','4','{"q":"2+2?"}');
INSERT INTO "examples" VALUES(1,1,'test','1+1?','2',NULL);
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
INSERT INTO "notices" VALUES(1,11,0,1795178322530,'warning','c','m');
INSERT INTO "notices" VALUES(1,13,0,1795178322530,'stopped','person','m');
CREATE TABLE outcomes (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO "outcomes" VALUES(0,'answered');
INSERT INTO "outcomes" VALUES(1,'failed');
INSERT INTO "outcomes" VALUES(2,'unknown');
CREATE TABLE routes ( -- what calls have in common
  id INTEGER PRIMARY KEY,
  role TEXT NOT NULL,
  purpose TEXT NOT NULL,
  model TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  parameters TEXT NOT NULL, -- JSON
  UNIQUE (role, purpose, model, endpoint, parameters)
);
INSERT INTO "routes" VALUES(1,'scorer','score','openai/m','http://x','{"temperature":0}');
INSERT INTO "routes" VALUES(2,'scorer','score','openai/m','http://x','{}');
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
INSERT INTO "scores" VALUES(1,9,0,1795178322530,1,0.5,2,2,0.1,0.2,0.8,0,0,X'');
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
INSERT INTO "sessions" VALUES(1,'first',1795178322514,1795178322530,13,NULL,0,1,NULL,1,1,2,3,'[{"path":"a.jsonl","sha256":"00","rows":2}]','{"opro-tui":"1"}');
INSERT INTO "sessions" VALUES(2,'child',1795178322546,1795178322549,14,1,13,1,NULL,1,1,2,3,'[{"path":"a.jsonl","sha256":"00","rows":2}]','{"opro-tui":"1"}');
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
INSERT INTO "steps" VALUES(1,0,1,1795178322518,2,1795178322518,6,1795178322518,12,1795178322530,2,3,2,1.0,1,'[]','[[0,"scorer",{"calls":1,"from_store":0,"failed":0,"unknown":0,"input_tokens":0,"cached_tokens":0,"output_tokens":0,"reasoning_tokens":0,"cost_pico":0}]]','[[0,6,"instructions",null]]','prompt');
INSERT INTO "steps" VALUES(2,1,14,1795178322549,NULL,NULL,NULL,NULL,NULL,NULL,2,3,NULL,NULL,NULL,'[]',NULL,NULL,NULL);
CREATE TABLE summaries (
  session INTEGER PRIMARY KEY REFERENCES sessions(id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  summary TEXT NOT NULL -- JSON
);
INSERT INTO "summaries" VALUES(1,10,'{"best":0.5}');
CREATE TABLE texts ( -- long texts that repeat, each stored once
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  text TEXT NOT NULL -- here and elsewhere: a BLOB in UTF-8 if it holds lone surrogates
);
INSERT INTO "texts" VALUES(1,X'7D5BFD41EEA32278E533E847F1C70132','{"kind":"test"}');
INSERT INTO "texts" VALUES(2,X'3101046029BA648832C06AB048AD2D90','{"task":"sums","data_dir":null,"input":null,"target":null,"header":true,"metric":null,"train":null,"test":null,"seed":0,"scorer":"simulated","scorer_url":null,"scorer_temperature":0.0,"judge":null,"position":"Q_begin","qa":true,"optimizer":"simulated","optimizer_url":null,"candidates":8,"shown":20,"order":"ascending","score_buckets":100,"exemplars":3,"exemplar_choice":"random","temperature":1.0,"schedule":"constant","proposals":"independent","max_output_tokens":{},"reasoning_effort":{},"threshold":null,"max_length":null,"max_steps":null,"patience":null,"budget":null,"budget_tokens":null,"concurrency":16,"scoring":"full","review":false,"meta_style":"tuned"}');
INSERT INTO "texts" VALUES(3,X'F60E4BF6E6BA814CD2F8A58496F807ED','{"instructions":"{trajectory}{exemplars}","solution_format":"{solution} {score}","solution_format_without_score":"{solution}","exemplar_format":"{input}","solution_separator":"","exemplar_separator":"","several_format":"\n\nWrite {count} proposals that differ from each other in their idea, not only in their wording, each between its own pair of tags.","placeholder":"<INS>","proposal_open":"<INS>","proposal_close":"</INS>"}');
CREATE TABLE traits (
  endpoint TEXT NOT NULL,
  model TEXT NOT NULL,
  trait TEXT NOT NULL,
  value TEXT NOT NULL, -- JSON
  PRIMARY KEY (endpoint, model, trait)
) WITHOUT ROWID;
INSERT INTO "traits" VALUES('http://x','openai/m','n','8');
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE UNIQUE INDEX sessions_by_name ON sessions(name) WHERE deleted IS NULL;
CREATE INDEX sessions_by_parent ON sessions(parent) WHERE parent IS NOT NULL;
CREATE UNIQUE INDEX candidates_by_seq ON candidates(session, seq);
CREATE UNIQUE INDEX candidates_rejected ON candidates(session, rejected_seq)
  WHERE rejected_seq IS NOT NULL;
CREATE INDEX scores_by_candidate ON scores(session, candidate);
CREATE INDEX evaluations_by_candidate ON evaluations(session, candidate);
CREATE INDEX calls_by_seq ON calls(session, seq);
CREATE INDEX calls_by_key ON calls("key") WHERE outcome = 0;
CREATE INDEX calls_failed ON calls(session, seq) WHERE outcome = 1;
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
COMMIT;