-- What each call, background command, undo and rewind did to files, one after the other. From
-- them a session's files can be taken back to any point; `checkpoints` and `checkpoint_files` stay
-- what an operation did in sum, with the person's review of it.
CREATE TABLE checkpoint_steps (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    session_id    TEXT    NOT NULL REFERENCES chat_sessions (id),
    project_id    TEXT    REFERENCES projects (id),
    -- Null where no single operation's changes were meant (a rewind).
    operation_id  TEXT    REFERENCES operations (id),
    call_id       TEXT,
    kind          TEXT    NOT NULL,
    title         TEXT    NOT NULL,
    -- The newest event of the session when it was made.
    seq           INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    not_covered   TEXT    NOT NULL DEFAULT '[]',
    -- Files and links; the first of them as JSON; bytes of all contents before and after.
    files         INTEGER NOT NULL,
    first_paths   TEXT    NOT NULL,
    logical_bytes INTEGER NOT NULL,
    -- JSON: marks of operations' files before a rewind, to put them back with it.
    marks         TEXT,
    -- The journal of the restore that it belongs to: both are there, or neither counts.
    journal       TEXT    UNIQUE,
    -- Let go; its contents may be removed from then on, and are gone once `swept_at` is set.
    pruned_at     INTEGER,
    swept_at      INTEGER
) STRICT;

CREATE INDEX checkpoint_steps_by_session ON checkpoint_steps (session_id, seq);
CREATE INDEX checkpoint_steps_by_operation ON checkpoint_steps (operation_id) WHERE operation_id IS NOT NULL;

CREATE TABLE checkpoint_step_files (
    step_id  INTEGER NOT NULL REFERENCES checkpoint_steps (id),
    path     TEXT    NOT NULL,
    "before" TEXT,
    "after"  TEXT,
    PRIMARY KEY (step_id, path)
) STRICT, WITHOUT ROWID;

-- JSON {now, other, partial}: what stands on disk in place of what marks say (a merge, a state in
-- the middle of the operation), and what undo or redo brings instead.
ALTER TABLE checkpoint_files ADD COLUMN standing TEXT;

-- Its message is no longer part of the conversation.
ALTER TABLE operations ADD COLUMN rewound INTEGER NOT NULL DEFAULT 0 CHECK (rewound IN (0, 1));

-- What was recorded before: one step an operation, and one for what is taken back of it.
INSERT INTO checkpoint_steps
    (session_id, project_id, operation_id, kind, title, seq, created_at, not_covered, files, first_paths, logical_bytes)
SELECT c.session_id, c.project_id, c.operation_id, 'command', 'all of its calls',
       coalesce((SELECT max(e.seq) FROM operation_events e
                 WHERE e.operation_id = c.operation_id AND e.session_id = c.session_id), 0),
       c.created_at, c.not_covered,
       (SELECT count(*) FROM checkpoint_files f WHERE f.operation_id = c.operation_id),
       (SELECT coalesce(json_group_array(path), '[]') FROM
           (SELECT path FROM checkpoint_files f WHERE f.operation_id = c.operation_id ORDER BY path LIMIT 3)),
       (SELECT coalesce(sum(coalesce(json_extract("before", '$.size'), 0) + coalesce(json_extract("after", '$.size'), 0)), 0)
        FROM checkpoint_files f WHERE f.operation_id = c.operation_id)
FROM checkpoints c
ORDER BY c.created_at, c.rowid;

INSERT INTO checkpoint_step_files (step_id, path, "before", "after")
SELECT s.id, f.path, f."before", f."after"
FROM checkpoint_steps s JOIN checkpoint_files f ON f.operation_id = s.operation_id;

INSERT INTO checkpoint_steps
    (session_id, project_id, operation_id, kind, title, seq, created_at, files, first_paths, logical_bytes)
SELECT s.session_id, s.project_id, s.operation_id, 'undo', 'undo', s.seq, s.created_at,
       (SELECT count(*) FROM checkpoint_files f WHERE f.operation_id = s.operation_id AND f.undone),
       s.first_paths, 0
FROM checkpoint_steps s
WHERE EXISTS (SELECT 1 FROM checkpoint_files f WHERE f.operation_id = s.operation_id AND f.undone)
ORDER BY s.id;

INSERT INTO checkpoint_step_files (step_id, path, "before", "after")
SELECT s.id, f.path, f."after", f."before"
FROM checkpoint_steps s JOIN checkpoint_files f ON f.operation_id = s.operation_id AND f.undone
WHERE s.kind = 'undo';
