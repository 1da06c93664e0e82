CREATE TABLE measurements ( -- solutions on examples they were not chosen by
  session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  step INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL, -- confirm or evaluate
  candidate INTEGER NOT NULL,
  split TEXT NOT NULL,
  examples INTEGER NOT NULL REFERENCES texts(id), -- their numbers, a JSON array
  value REAL, -- NULL is not a number
  n INTEGER NOT NULL,
  "of" INTEGER NOT NULL,
  stderr REAL,
  low REAL,
  high REAL,
  unparsed INTEGER NOT NULL,
  flagged INTEGER NOT NULL,
  grades BLOB NOT NULL, -- the score on each of the examples, packed
  PRIMARY KEY (session, seq)
);
