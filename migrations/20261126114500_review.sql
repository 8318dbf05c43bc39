-- Remarks on lines that wait to be sent, and what the person pins or leaves out of a session's
-- requests.

CREATE TABLE review_comments (
    id           TEXT    NOT NULL PRIMARY KEY,
    session_id   TEXT    NOT NULL REFERENCES chat_sessions (id),
    -- Whose change it is about; null: the file as it is.
    operation_id TEXT    REFERENCES operations (id),
    path         TEXT    NOT NULL,
    side         TEXT    NOT NULL CHECK (side IN ('before', 'after')),
    line         INTEGER NOT NULL,
    end_line     INTEGER NOT NULL,
    quote        TEXT    NOT NULL,
    text         TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX review_comments_by_session ON review_comments (session_id, path, line);

CREATE TABLE context_choices (
    session_id TEXT    NOT NULL REFERENCES chat_sessions (id),
    -- JSON of the target, which is its name.
    target     TEXT    NOT NULL,
    choice     TEXT    NOT NULL CHECK (choice IN ('pin', 'exclude')),
    chosen_at  INTEGER NOT NULL,
    PRIMARY KEY (session_id, target)
) STRICT, WITHOUT ROWID;
