-- Lists are asked for flows that start by a type of trigger. A flow may have several, so they are a set: one bit for each
-- type, in the order of `TriggerTypes`. What stands here before this migration is NULL; the rules of folding got another
-- number with it, so the service computes the rows again after its start, in small batches.
--
-- There is no index: a page of a rare type costs a walk over the flows that changed since its last one, 0.1 s at 100,000
-- flows, and an index would cost every edit.
ALTER TABLE flow_view ADD COLUMN trigger_types smallint, ADD COLUMN published_trigger_types smallint;
