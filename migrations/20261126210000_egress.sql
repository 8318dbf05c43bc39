-- Every request that Mira made itself: what left this machine, to whom, what for.
-- Written as it leaves; the end is added when it came. No contents, no queries.

CREATE TABLE egress_log (
    id             INTEGER NOT NULL PRIMARY KEY,
    at             INTEGER NOT NULL,
    host           TEXT    NOT NULL,
    port           INTEGER NOT NULL,
    method         TEXT    NOT NULL,
    path           TEXT    NOT NULL,
    -- "model", "embedding", "models list", "page", "web search", "command", …
    purpose        TEXT    NOT NULL,
    -- This machine itself: nothing left it.
    local          INTEGER NOT NULL CHECK (local IN (0, 1)),
    -- Offline: nothing was sent.
    held           INTEGER NOT NULL CHECK (held IN (0, 1)),
    session_id     TEXT,
    operation_id   TEXT,
    -- Bytes of the bodies. Null where Mira does not see them (what a command sent).
    sent_bytes     INTEGER,
    received_bytes INTEGER,
    status         INTEGER,
    -- Null while it is under way, and where Mira ended before it did.
    ended_at       INTEGER
) STRICT;

CREATE INDEX egress_log_by_time ON egress_log (at);
CREATE INDEX egress_log_by_operation ON egress_log (operation_id) WHERE operation_id IS NOT NULL;
