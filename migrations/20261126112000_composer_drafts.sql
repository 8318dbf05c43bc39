-- What a person has written and not sent, one row a place: a session, or a project without one.

CREATE TABLE composer_drafts (
    -- "session:ses_…" or "project:prj_…", "project:" where there is neither.
    place       TEXT    NOT NULL PRIMARY KEY,
    content     TEXT    NOT NULL,
    -- JSON lists, as on the wire.
    mentions    TEXT    NOT NULL,
    attachments TEXT    NOT NULL,
    saved_at    INTEGER NOT NULL
) STRICT;
