-- Hunks that the person kept, one by one, as a JSON list of ids.

ALTER TABLE checkpoint_files ADD COLUMN kept_hunks TEXT NOT NULL DEFAULT '[]';
