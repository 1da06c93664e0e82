CREATE TABLE drafts ( -- what a person wrote and hasn't used yet; in no export
  session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
  name TEXT NOT NULL, -- where it was written
  at INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (session, name)
) WITHOUT ROWID;
