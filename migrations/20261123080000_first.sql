-- Projects, sessions, operations, their one log, and what hangs on it.
-- Ids are TEXT, times UTC milliseconds (`_at`), money millionths of a US dollar (`_micro_usd`).

CREATE TABLE projects (
    id             TEXT    NOT NULL PRIMARY KEY,
    name           TEXT    NOT NULL,
    -- Canonical and absolute.
    path           TEXT    NOT NULL UNIQUE,
    description    TEXT    NOT NULL DEFAULT '',
    created_at     INTEGER NOT NULL,
    last_opened_at INTEGER NOT NULL,
    -- Forgotten by the person: hidden, but its sessions still know where they belonged.
    removed_at     INTEGER
) STRICT;

CREATE TABLE chat_sessions (
    id                   TEXT    NOT NULL PRIMARY KEY,
    project_id           TEXT    REFERENCES projects (id),
    name                 TEXT    NOT NULL DEFAULT '',
    -- A name that the person gave is never replaced by a made one.
    name_by_person       INTEGER NOT NULL DEFAULT 0 CHECK (name_by_person IN (0, 1)),
    session_type         TEXT    NOT NULL CHECK (session_type IN ('voice', 'codex')),
    pinned               INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1)),
    deleted_at           INTEGER,
    message_count        INTEGER NOT NULL DEFAULT 0,
    last_message_preview TEXT    NOT NULL DEFAULT '',
    created_at           INTEGER NOT NULL,
    last_active_at       INTEGER NOT NULL,
    last_seq             INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX chat_sessions_by_activity ON chat_sessions (pinned DESC, last_active_at DESC);
CREATE INDEX chat_sessions_by_project ON chat_sessions (project_id, last_active_at DESC);

CREATE TABLE session_forks (
    forked_session_id TEXT    NOT NULL PRIMARY KEY REFERENCES chat_sessions (id),
    source_session_id TEXT    NOT NULL REFERENCES chat_sessions (id),
    up_to_seq         INTEGER NOT NULL,
    created_at        INTEGER NOT NULL
) STRICT;

CREATE TABLE operations (
    id                 TEXT    NOT NULL PRIMARY KEY,
    session_id         TEXT    NOT NULL REFERENCES chat_sessions (id),
    project_id         TEXT    REFERENCES projects (id),
    -- Upper case, as on the wire: PENDING … INTERRUPTED.
    state              TEXT    NOT NULL,
    kind               TEXT,
    user_message       TEXT    NOT NULL,
    tier               TEXT,
    model              TEXT,
    provider           TEXT,
    input_tokens       INTEGER NOT NULL DEFAULT 0,
    cached_tokens      INTEGER NOT NULL DEFAULT 0,
    cache_write_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens      INTEGER NOT NULL DEFAULT 0,
    reasoning_tokens   INTEGER NOT NULL DEFAULT 0,
    cost_micro_usd     INTEGER NOT NULL DEFAULT 0,
    -- JSON of a failure, where the operation ended in one.
    failure            TEXT,
    -- JSON: access, approval mode and limits it was started with.
    request            TEXT    NOT NULL,
    created_at         INTEGER NOT NULL,
    started_at         INTEGER,
    finished_at        INTEGER
) STRICT;

CREATE INDEX operations_by_session ON operations (session_id, created_at);
CREATE INDEX operations_open ON operations (session_id, created_at) WHERE finished_at IS NULL;

-- The log. `seq` counts from 1 within its session, without gaps.
CREATE TABLE operation_events (
    id           INTEGER NOT NULL PRIMARY KEY,
    session_id   TEXT    NOT NULL REFERENCES chat_sessions (id),
    seq          INTEGER NOT NULL,
    operation_id TEXT    REFERENCES operations (id),
    at           INTEGER NOT NULL,
    event_type   TEXT    NOT NULL,
    data         TEXT    NOT NULL,
    UNIQUE (session_id, seq)
) STRICT;

CREATE INDEX operation_events_by_operation ON operation_events (operation_id) WHERE operation_id IS NOT NULL;

-- What was said, one row a message.
CREATE TABLE memory_entries (
    event_id   INTEGER NOT NULL PRIMARY KEY REFERENCES operation_events (id),
    session_id TEXT    NOT NULL REFERENCES chat_sessions (id),
    message_id TEXT    NOT NULL,
    role       TEXT    NOT NULL CHECK (role IN ('user', 'assistant')),
    content    TEXT    NOT NULL,
    at         INTEGER NOT NULL
) STRICT;

CREATE INDEX memory_entries_by_session ON memory_entries (session_id, event_id);

-- Full text over messages and tool output. The index keeps no text of its own.
CREATE VIEW searchable_text AS
SELECT e.id AS event_id,
       coalesce(m.content, json_extract(e.data, '$.output')) AS text
FROM operation_events e
LEFT JOIN memory_entries m ON m.event_id = e.id;

CREATE VIRTUAL TABLE session_search USING fts5 (
    text,
    content = 'searchable_text',
    content_rowid = 'event_id',
    tokenize = 'unicode61 remove_diacritics 2'
);

-- How far the index has come; it follows the log, off the hot path.
CREATE TABLE search_progress (
    one            INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    up_to_event_id INTEGER NOT NULL
) STRICT;

INSERT INTO search_progress (one, up_to_event_id) VALUES (1, 0);

CREATE TABLE approvals (
    id           TEXT    NOT NULL PRIMARY KEY,
    session_id   TEXT    NOT NULL REFERENCES chat_sessions (id),
    operation_id TEXT    NOT NULL REFERENCES operations (id),
    -- JSON: everything that the person was shown.
    approval     TEXT    NOT NULL,
    requested_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    decision     TEXT,
    decided_by   TEXT,
    decided_at   INTEGER
) STRICT;

CREATE INDEX approvals_waiting ON approvals (requested_at) WHERE decided_at IS NULL;
CREATE INDEX approvals_waiting_in_session ON approvals (session_id) WHERE decided_at IS NULL;

CREATE TABLE approval_rules (
    id           TEXT    NOT NULL PRIMARY KEY,
    project_id   TEXT    NOT NULL REFERENCES projects (id),
    pattern      TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    use_count    INTEGER NOT NULL DEFAULT 0,
    UNIQUE (project_id, pattern)
) STRICT;

-- What an operation did to files; contents lie in the blob store, by hash.
CREATE TABLE checkpoints (
    operation_id TEXT    NOT NULL PRIMARY KEY REFERENCES operations (id),
    session_id   TEXT    NOT NULL REFERENCES chat_sessions (id),
    project_id   TEXT    REFERENCES projects (id),
    created_at   INTEGER NOT NULL,
    -- Null while the changes are in force.
    undone_at    INTEGER,
    -- JSON: what the checkpoint could not cover, in words.
    not_covered  TEXT    NOT NULL DEFAULT '[]'
) STRICT;

CREATE INDEX checkpoints_by_session ON checkpoints (session_id, created_at);
CREATE INDEX checkpoints_by_project ON checkpoints (project_id, created_at);

CREATE TABLE checkpoint_files (
    operation_id   TEXT    NOT NULL REFERENCES checkpoints (operation_id),
    path           TEXT    NOT NULL,
    -- JSON of the entry before the operation and after it; null where there was no file.
    "before"       TEXT,
    "after"        TEXT,
    mark           TEXT    NOT NULL DEFAULT 'pending' CHECK (mark IN ('pending', 'kept', 'rejected')),
    rejected_hunks TEXT    NOT NULL DEFAULT '[]',
    undone         INTEGER NOT NULL DEFAULT 0 CHECK (undone IN (0, 1)),
    PRIMARY KEY (operation_id, path)
) STRICT, WITHOUT ROWID;

-- Every call of a model, whoever asked for it.
CREATE TABLE budget_tracking (
    id                 INTEGER NOT NULL PRIMARY KEY,
    session_id         TEXT    REFERENCES chat_sessions (id),
    operation_id       TEXT    REFERENCES operations (id),
    at                 INTEGER NOT NULL,
    -- "chat", "title", "summary", "test", …
    purpose            TEXT    NOT NULL,
    provider           TEXT    NOT NULL,
    model              TEXT    NOT NULL,
    input_tokens       INTEGER NOT NULL,
    cached_tokens      INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    output_tokens      INTEGER NOT NULL,
    reasoning_tokens   INTEGER NOT NULL,
    -- Null for a model without known prices.
    cost_micro_usd     INTEGER,
    duration_ms        INTEGER NOT NULL,
    -- "stop", "tool_calls", "length", "error", "cancelled".
    outcome            TEXT    NOT NULL
) STRICT;

CREATE INDEX budget_tracking_by_time ON budget_tracking (at);
CREATE INDEX budget_tracking_by_session ON budget_tracking (session_id);
CREATE INDEX budget_tracking_by_operation ON budget_tracking (operation_id);

-- What the person saved; flags and environment win over it.
CREATE TABLE settings (
    name       TEXT    NOT NULL PRIMARY KEY,
    value      TEXT    NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;
