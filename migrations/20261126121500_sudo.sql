-- Commands with more rights: what is known, what never runs, what was asked, what became of it.

CREATE TABLE sudo_permissions (
    id                INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name              TEXT    NOT NULL,
    description       TEXT    NOT NULL DEFAULT '',
    -- One of the three: the whole command, its first words, an expression on the whole of it.
    command_exact     TEXT,
    command_prefix    TEXT,
    command_pattern   TEXT,
    requires_approval INTEGER NOT NULL DEFAULT 1 CHECK (requires_approval IN (0, 1)),
    enabled           INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
    created_at        INTEGER NOT NULL,
    last_used_at      INTEGER,
    use_count         INTEGER NOT NULL DEFAULT 0,
    notes             TEXT    NOT NULL DEFAULT '',
    -- Removed, and kept to be brought back.
    removed_at        INTEGER,
    CHECK ((command_exact IS NOT NULL) + (command_prefix IS NOT NULL) + (command_pattern IS NOT NULL) = 1)
) STRICT;

CREATE TABLE sudo_blocklist (
    id             INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name           TEXT    NOT NULL,
    description    TEXT    NOT NULL DEFAULT '',
    pattern_exact  TEXT,
    pattern_prefix TEXT,
    pattern_regex  TEXT,
    -- The name of a check that understands what a command does.
    builtin        TEXT,
    severity       TEXT    NOT NULL DEFAULT 'high'
                   CHECK (severity IN ('low', 'medium', 'high', 'critical')),
    is_default     INTEGER NOT NULL DEFAULT 0 CHECK (is_default IN (0, 1)),
    enabled        INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
    created_at     INTEGER NOT NULL,
    notes          TEXT    NOT NULL DEFAULT '',
    removed_at     INTEGER,
    CHECK ((pattern_exact IS NOT NULL) + (pattern_prefix IS NOT NULL) + (pattern_regex IS NOT NULL)
           + (builtin IS NOT NULL) = 1)
) STRICT;

INSERT INTO sudo_blocklist (name, description, builtin, severity, is_default, created_at) VALUES
    ('recursive_root_deletion', 'it would delete the system or the whole home folder', 'recursive_root_deletion', 'critical', 1, 1795694400000),
    ('dd_to_disk_device', 'it would write raw bytes over a disk', 'dd_to_disk_device', 'critical', 1, 1795694400000),
    ('dd_to_partition', 'it would write raw bytes over a partition', 'dd_to_partition', 'high', 1, 1795694400000),
    ('format_filesystem', 'it would format a disk', 'format_filesystem', 'critical', 1, 1795694400000),
    ('destructive_fdisk', 'it would change a disk''s partitions', 'destructive_fdisk', 'critical', 1, 1795694400000),
    ('curl_to_shell', 'it would run what curl fetches, unread', 'curl_to_shell', 'high', 1, 1795694400000),
    ('wget_to_shell', 'it would run what a download fetches, unread', 'wget_to_shell', 'high', 1, 1795694400000),
    ('fork_bomb', 'it would start itself without end', 'fork_bomb', 'critical', 1, 1795694400000),
    ('overwrite_boot_sector', 'it would overwrite a boot sector', 'overwrite_boot_sector', 'critical', 1, 1795694400000),
    ('chmod_world_writable_root', 'it would let everybody write to the system', 'chmod_world_writable_root', 'high', 1, 1795694400000),
    ('delete_boot_password_files', 'it would destroy what the machine needs to start or to log in', 'delete_boot_password_files', 'critical', 1, 1795694400000);

CREATE TABLE sudo_approval_requests (
    -- That of the approval.
    id            TEXT    NOT NULL PRIMARY KEY,
    session_id    TEXT    NOT NULL REFERENCES chat_sessions (id),
    operation_id  TEXT    NOT NULL REFERENCES operations (id),
    command       TEXT    NOT NULL,
    -- JSON: the words that are run.
    argv          TEXT    NOT NULL,
    as_user       TEXT    NOT NULL,
    working_dir   TEXT    NOT NULL,
    reason        TEXT    NOT NULL,
    status        TEXT    NOT NULL DEFAULT 'pending'
                  CHECK (status IN ('pending', 'approved', 'denied', 'expired', 'cancelled', 'running', 'executed', 'refused')),
    -- Hash of everything that an answer counts for.
    binding       TEXT    NOT NULL,
    permission_id INTEGER REFERENCES sudo_permissions (id),
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    responded_at  INTEGER,
    executed_at   INTEGER,
    exit_code     INTEGER
) STRICT;

CREATE INDEX sudo_approval_requests_by_status ON sudo_approval_requests (status, created_at);
CREATE INDEX sudo_approval_requests_by_session ON sudo_approval_requests (session_id);

CREATE TABLE sudo_audit_log (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at            INTEGER NOT NULL,
    outcome       TEXT    NOT NULL,
    command       TEXT    NOT NULL,
    working_dir   TEXT    NOT NULL,
    session_id    TEXT    NOT NULL,
    operation_id  TEXT    NOT NULL,
    request_id    TEXT,
    rule          TEXT,
    authorized_by TEXT    NOT NULL DEFAULT '',
    exit_code     INTEGER,
    duration_ms   INTEGER,
    output        TEXT    NOT NULL DEFAULT '',
    detail        TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX sudo_audit_log_by_session ON sudo_audit_log (session_id, id);
