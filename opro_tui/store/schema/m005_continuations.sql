CREATE TABLE continuations ( -- what a session went on under, each time that had changed
  session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  step INTEGER NOT NULL,
  at INTEGER NOT NULL,
  versions TEXT NOT NULL, -- JSON object: package to version
  sources TEXT NOT NULL, -- JSON object: data file to SHA-256, empty where it could not be read
  PRIMARY KEY (session, seq)
);
