-- The ledger in full: what each call was for, on which prices, how sure its cost is, how it was
-- routed; sums of days and months; caps and raises; reservations; caches.

ALTER TABLE budget_tracking ADD COLUMN project_id TEXT REFERENCES projects (id);
-- The local day that the call counts for, as YYYY-MM-DD: fixed when the row is written.
ALTER TABLE budget_tracking ADD COLUMN day TEXT NOT NULL DEFAULT '';
ALTER TABLE budget_tracking ADD COLUMN tier TEXT;
-- The number of the call within its operation, from 1.
ALTER TABLE budget_tracking ADD COLUMN call_number INTEGER;
ALTER TABLE budget_tracking ADD COLUMN price_version TEXT NOT NULL DEFAULT '';
ALTER TABLE budget_tracking ADD COLUMN reserved_micro_usd INTEGER;
-- "settled", "kept" (an upper bound, until reconciled), "reconciled".
ALTER TABLE budget_tracking ADD COLUMN settlement TEXT NOT NULL DEFAULT 'settled'
    CHECK (settlement IN ('settled', 'kept', 'reconciled'));
ALTER TABLE budget_tracking ADD COLUMN cache_hit INTEGER NOT NULL DEFAULT 0 CHECK (cache_hit IN (0, 1));
ALTER TABLE budget_tracking ADD COLUMN saved_micro_usd INTEGER NOT NULL DEFAULT 0;
-- What the prefix that the provider has would have cost uncached, less what it cost.
ALTER TABLE budget_tracking ADD COLUMN prefix_saved_micro_usd INTEGER NOT NULL DEFAULT 0;
ALTER TABLE budget_tracking ADD COLUMN expected_cached_tokens INTEGER;
ALTER TABLE budget_tracking ADD COLUMN prefix_break TEXT;
-- JSON of the router's decision.
ALTER TABLE budget_tracking ADD COLUMN route TEXT;

UPDATE budget_tracking SET
    day = strftime('%Y-%m-%d', at / 1000, 'unixepoch', 'localtime'),
    project_id = (SELECT o.project_id FROM operations o WHERE o.id = budget_tracking.operation_id),
    tier = (SELECT o.tier FROM operations o WHERE o.id = budget_tracking.operation_id);

CREATE INDEX budget_tracking_by_day ON budget_tracking (day);
CREATE INDEX budget_tracking_by_project ON budget_tracking (project_id);
CREATE INDEX budget_tracking_kept ON budget_tracking (id) WHERE settlement = 'kept';

-- Sums of the ledger; written in the transaction that writes the row, rebuilt from the rows.
CREATE TABLE budget_summary (
    -- "2026-11-26" is a day, "2026-11" a month.
    period             TEXT    NOT NULL,
    -- Empty where a call belongs to no project.
    project_id         TEXT    NOT NULL,
    calls              INTEGER NOT NULL,
    failed_calls       INTEGER NOT NULL,
    cache_hits         INTEGER NOT NULL,
    unpriced_calls     INTEGER NOT NULL,
    kept_calls         INTEGER NOT NULL,
    input_tokens       INTEGER NOT NULL,
    cached_tokens      INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    output_tokens      INTEGER NOT NULL,
    reasoning_tokens   INTEGER NOT NULL,
    cost_micro_usd     INTEGER NOT NULL,
    kept_micro_usd     INTEGER NOT NULL,
    saved_micro_usd    INTEGER NOT NULL,
    PRIMARY KEY (period, project_id)
) STRICT, WITHOUT ROWID;

INSERT INTO budget_summary
SELECT p.period, coalesce(b.project_id, ''), count(*),
    sum(b.outcome IN ('error', 'cancelled', 'broken', 'unsettled')), sum(b.cache_hit),
    sum(b.cost_micro_usd IS NULL), sum(b.settlement = 'kept'), sum(b.input_tokens),
    sum(b.cached_tokens), sum(b.cache_write_tokens), sum(b.output_tokens), sum(b.reasoning_tokens),
    coalesce(sum(b.cost_micro_usd), 0),
    coalesce(sum(CASE WHEN b.settlement = 'kept' THEN b.cost_micro_usd END), 0),
    sum(b.saved_micro_usd)
FROM budget_tracking b
JOIN (SELECT day AS period, day FROM (SELECT DISTINCT day FROM budget_tracking)
      UNION ALL
      SELECT substr(day, 1, 7), day FROM (SELECT DISTINCT day FROM budget_tracking)) p
    ON p.day = b.day
GROUP BY 1, 2;

-- Worst cases of calls that run now. What a dead engine left here becomes a kept row.
CREATE TABLE budget_reservations (
    id            TEXT    NOT NULL PRIMARY KEY,
    session_id    TEXT    REFERENCES chat_sessions (id),
    operation_id  TEXT    REFERENCES operations (id),
    project_id    TEXT    REFERENCES projects (id),
    call_number   INTEGER,
    at            INTEGER NOT NULL,
    day           TEXT    NOT NULL,
    purpose       TEXT    NOT NULL,
    provider      TEXT    NOT NULL,
    model         TEXT    NOT NULL,
    tier          TEXT,
    price_version TEXT    NOT NULL,
    -- Null for a model without known prices.
    micro_usd     INTEGER,
    -- The upper bound of the input that it was computed from.
    input_tokens  INTEGER NOT NULL,
    route         TEXT
) STRICT;

-- Caps beside those of the settings.
CREATE TABLE budget_caps (
    period          TEXT    NOT NULL CHECK (period IN ('operation', 'session', 'day', 'month')),
    project_id      TEXT    NOT NULL REFERENCES projects (id),
    limit_micro_usd INTEGER NOT NULL,
    changed_at      INTEGER NOT NULL,
    PRIMARY KEY (period, project_id)
) STRICT, WITHOUT ROWID;

-- What was added to a cap for one window only.
CREATE TABLE budget_raises (
    id         INTEGER NOT NULL PRIMARY KEY,
    period     TEXT    NOT NULL,
    -- Empty for a cap over everything.
    project_id TEXT    NOT NULL,
    -- "2026-11-26", "2026-11", a session's id, an operation's id.
    window     TEXT    NOT NULL,
    micro_usd  INTEGER NOT NULL,
    at         INTEGER NOT NULL
) STRICT;

CREATE INDEX budget_raises_by_window ON budget_raises (window, period, project_id);

-- Tier and model chosen for a session or a project.
CREATE TABLE route_choices (
    -- A session's or a project's id.
    of         TEXT    NOT NULL PRIMARY KEY,
    tier       TEXT,
    model      TEXT,
    changed_at INTEGER NOT NULL
) STRICT;

-- Answers by the hash of the whole request. No request is kept, and no answer with a secret.
CREATE TABLE llm_cache (
    key_hash    TEXT    NOT NULL,
    -- Empty where a call belongs to no project: projects never share answers.
    project_id  TEXT    NOT NULL,
    provider    TEXT    NOT NULL,
    model       TEXT    NOT NULL,
    -- JSON of the answer's pieces.
    response    TEXT    NOT NULL,
    bytes       INTEGER NOT NULL,
    -- What the original call really cost.
    cost_micro_usd INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    last_hit_at INTEGER NOT NULL,
    hits        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (key_hash, project_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX llm_cache_by_use ON llm_cache (last_hit_at);

-- What the provider can have cached of a session: the last request's whole input.
CREATE TABLE session_cache_state (
    session_id             TEXT    NOT NULL PRIMARY KEY REFERENCES chat_sessions (id),
    provider               TEXT    NOT NULL,
    model                  TEXT    NOT NULL,
    -- JSON: hashes of the parts, in the order of the request, to name what broke.
    parts                  TEXT    NOT NULL,
    prefix_tokens          INTEGER NOT NULL,
    last_call_at           INTEGER NOT NULL,
    requests               INTEGER NOT NULL,
    input_tokens           INTEGER NOT NULL,
    expected_cached_tokens INTEGER NOT NULL,
    cached_tokens          INTEGER NOT NULL,
    breaks                 INTEGER NOT NULL,
    last_break             TEXT
) STRICT;

-- Files whose content the model was told in a session.
CREATE TABLE session_file_hashes (
    session_id   TEXT    NOT NULL REFERENCES chat_sessions (id),
    path         TEXT    NOT NULL,
    content_hash TEXT    NOT NULL,
    tokens       INTEGER NOT NULL,
    sent_at      INTEGER NOT NULL,
    -- How often with this content.
    times        INTEGER NOT NULL,
    PRIMARY KEY (session_id, path)
) STRICT, WITHOUT ROWID;
