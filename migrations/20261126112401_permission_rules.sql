-- Permission rules in place of remembered lines; trust of folders; how hooks ran.

CREATE TABLE permission_rules (
    id           TEXT    NOT NULL PRIMARY KEY,
    -- Null: in every project.
    project_id   TEXT    REFERENCES projects (id),
    action       TEXT    NOT NULL CHECK (action IN ('allow', 'ask', 'deny')),
    kind         TEXT    NOT NULL CHECK (kind IN ('command', 'line', 'read', 'write', 'host', 'tool')),
    pattern      TEXT    NOT NULL,
    -- Null: in any folder; '' is the project's own.
    folder       TEXT,
    note         TEXT    NOT NULL DEFAULT '',
    origin       TEXT    NOT NULL CHECK (origin IN ('person', 'always', 'import')),
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    use_count    INTEGER NOT NULL DEFAULT 0,
    removed_at   INTEGER
) STRICT;

CREATE INDEX permission_rules_by_project ON permission_rules (project_id, created_at);

-- What "always" remembered: a host, a file of secrets, or a line at the root of its project.
INSERT INTO permission_rules (id, project_id, action, kind, pattern, folder, origin, created_at, last_used_at, use_count)
SELECT id, project_id, 'allow', 'host', substr(pattern, 7), NULL, 'always', created_at, last_used_at, use_count
FROM approval_rules WHERE pattern LIKE 'fetch %' AND instr(substr(pattern, 7), ' ') = 0;

INSERT INTO permission_rules (id, project_id, action, kind, pattern, folder, origin, created_at, last_used_at, use_count)
SELECT id, project_id, 'allow', 'read', './' || substr(pattern, 6), NULL, 'always', created_at, last_used_at, use_count
FROM approval_rules WHERE pattern LIKE 'read %' AND instr(substr(pattern, 6), ' ') = 0;

INSERT INTO permission_rules (id, project_id, action, kind, pattern, folder, origin, created_at, last_used_at, use_count)
SELECT id, project_id, 'allow', 'line', pattern, '', 'always', created_at, last_used_at, use_count
FROM approval_rules WHERE id NOT IN (SELECT id FROM permission_rules);

DROP TABLE approval_rules;

-- "Which past commands would this have matched" reads only the calls.
CREATE INDEX operation_events_of_calls ON operation_events (id) WHERE event_type = 'tool_call';

-- What the person decided about a folder, and what lay in it then.
CREATE TABLE folder_trust (
    -- Canonical and absolute.
    folder     TEXT    NOT NULL PRIMARY KEY,
    trusted    INTEGER NOT NULL CHECK (trusted IN (0, 1)),
    hash       TEXT    NOT NULL,
    -- JSON: path and hash of each file.
    items      TEXT    NOT NULL,
    decided_at INTEGER NOT NULL
) STRICT;

CREATE TABLE hook_runs (
    id           INTEGER NOT NULL PRIMARY KEY,
    at           INTEGER NOT NULL,
    hook         TEXT    NOT NULL,
    source       TEXT    NOT NULL,
    point        TEXT    NOT NULL,
    project_id   TEXT,
    session_id   TEXT,
    operation_id TEXT,
    call_id      TEXT,
    tool         TEXT,
    outcome      TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    output       TEXT    NOT NULL,
    duration_ms  INTEGER NOT NULL,
    exit_code    INTEGER
) STRICT;

CREATE INDEX hook_runs_by_project ON hook_runs (project_id, id);
