-- The events of a flow that put something in force: publishes and live restores, few among its edits. Whether a flow was
-- ever published is asked by it, and whether a document was in force at any time. An event enters it once, when it is
-- appended, and is never changed.
CREATE INDEX event_published ON event (org_id, stream_id, version) WHERE published_by_version = version;
