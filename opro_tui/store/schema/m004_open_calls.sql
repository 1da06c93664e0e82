CREATE INDEX calls_open ON calls("key") WHERE outcome IS NULL;
