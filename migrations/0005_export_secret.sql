-- What the links to exports of an organization are signed with. Replicas share it through this table; it is made when
-- the first link is. Deleting the row ends every link that is out.
CREATE TABLE export_secret (
    org_id uuid  NOT NULL PRIMARY KEY,
    secret bytea NOT NULL
);
