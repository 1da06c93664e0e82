CREATE TABLE judgements ( -- what a judge said of an evaluation's answer, each time
  session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
  seq INTEGER NOT NULL, -- evaluations.seq
  position INTEGER NOT NULL,
  call INTEGER NOT NULL, -- calls.id, of any session
  score REAL, -- NULL: no grade could be read
  from_store INTEGER NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (session, seq, position)
) WITHOUT ROWID;
