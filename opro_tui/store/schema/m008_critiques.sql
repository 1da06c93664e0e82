CREATE TABLE critiques ( -- what the optimizer wrote for a step's meta-prompt before proposing
  session INTEGER NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  step INTEGER NOT NULL,
  at INTEGER NOT NULL,
  call INTEGER NOT NULL, -- calls.id
  text TEXT NOT NULL,
  PRIMARY KEY (session, seq)
);
