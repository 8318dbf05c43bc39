-- Commits of a project are agreed to beside its code.
ALTER TABLE embedding_agreements ADD COLUMN commit_tokens INTEGER NOT NULL DEFAULT 0;
