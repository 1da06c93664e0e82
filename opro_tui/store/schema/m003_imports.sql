CREATE TABLE imports ( -- sessions that came from a file
  session INTEGER PRIMARY KEY REFERENCES sessions(id) ON DELETE CASCADE,
  at INTEGER NOT NULL,
  parent TEXT, -- the name of the session that it was a fork of
  allow_python INTEGER NOT NULL -- whether the person lets the code that it names run
);
