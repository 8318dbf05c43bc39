-- Messages of a project's sessions are agreed to beside its code and commits; NULL: they are not.
ALTER TABLE embedding_agreements ADD COLUMN message_tokens INTEGER;

-- Messages that are found by meaning: what the person said and how it was answered in the end, in
-- sessions of projects, as far as it is part of the conversation and is not changed any more.
CREATE VIEW standing_messages AS
SELECT m.event_id, m.session_id, s.project_id, m.role, m.content, m.at
FROM chat_sessions s
JOIN memory_entries m ON m.session_id = s.id
JOIN operation_events e ON e.id = m.event_id
LEFT JOIN operations o ON o.id = e.operation_id
WHERE s.deleted_at IS NULL AND s.project_id IS NOT NULL AND octet_length(m.content) > 0
  -- The operations of a copied session are those of its source.
  AND (o.id IS NULL OR o.state <> 'PENDING' AND NOT (o.rewound AND o.session_id = m.session_id))
  AND (m.role = 'user'
       OR (o.id IS NULL OR o.finished_at IS NOT NULL OR o.state = 'INTERRUPTED')
         AND NOT coalesce(json_extract(e.data, '$.superseded'), 0)
         AND NOT EXISTS (
           SELECT 1 FROM operation_events l
           WHERE l.operation_id = e.operation_id AND l.session_id = e.session_id AND l.id > e.id
             AND l.event_type = 'assistant_message'
             AND NOT coalesce(json_extract(l.data, '$.superseded'), 0)));
