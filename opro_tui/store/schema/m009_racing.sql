-- behind: the candidate whose lead ended the scoring.
ALTER TABLE scores ADD COLUMN behind INTEGER;
