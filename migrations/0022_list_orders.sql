-- Lists of published flows whose drafts say something else, last change first; and lists in the order of names. Only lists
-- may use these indexes, and they repeat the condition that is true of every row: `0005_list_indexes.sql` says why.
CREATE INDEX flow_view_unpublished_changes ON flow_view (org_id, position DESC)
    WHERE published_version IS NOT NULL AND published_digest <> document_digest AND position > 0;

-- The name is the first line of the folded text, cut so that an index takes it.
CREATE INDEX flow_search_name
    ON flow_search (org_id, in_force, (left(split_part(text, E'\n', 1), 200) COLLATE "C"), flow_id)
    WHERE since_position > 0;
