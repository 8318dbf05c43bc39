-- What the person said yes to: code of this project may be sent to this model, about so much at once.

CREATE TABLE embedding_agreements (
    project_id TEXT    NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    -- With its provider: "openai/text-embedding-3-large".
    model      TEXT    NOT NULL,
    dimensions INTEGER NOT NULL,
    tokens     INTEGER NOT NULL,
    agreed_at  INTEGER NOT NULL,
    PRIMARY KEY (project_id, model, dimensions)
) STRICT, WITHOUT ROWID;
