-- Text that is on a screen and not yet a stored message: pieces of the answer that streams now.
-- After a crash they become a partial message, so that nothing shown is lost.

CREATE TABLE message_drafts (
    operation_id TEXT    NOT NULL REFERENCES operations (id),
    message_id   TEXT    NOT NULL,
    piece        TEXT    NOT NULL,
    -- Pieces of a message in the order in which they were shown.
    id           INTEGER NOT NULL PRIMARY KEY
) STRICT;

CREATE INDEX message_drafts_by_operation ON message_drafts (operation_id);
