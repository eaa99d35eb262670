-- Creates the history of desired rows.

CREATE TABLE streamkeeper.revisions (
    id bigint GENERATED ALWAYS AS IDENTITY,
    environment text NOT NULL,
    uid uuid NOT NULL,
    generation bigint NOT NULL,
    spec jsonb NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    mode text NOT NULL,
    deletion_policy text NOT NULL,
    CONSTRAINT revisions_pkey PRIMARY KEY (id),
    CONSTRAINT revisions_uid_generation_key UNIQUE (uid, generation)
);

-- No foreign key: a revision outlives its environment. By name, newest first, for describe.
CREATE INDEX revisions_environment_idx ON streamkeeper.revisions (environment, id DESC);

COMMENT ON TABLE streamkeeper.revisions IS
    'Every version of every desired row and who made it; outlives the environment.';
COMMENT ON COLUMN streamkeeper.revisions.id IS 'Order of the changes.';
COMMENT ON COLUMN streamkeeper.revisions.environment IS 'The environment''s name.';
COMMENT ON COLUMN streamkeeper.revisions.uid IS 'The environment''s identity.';
COMMENT ON COLUMN streamkeeper.revisions.generation IS 'The generation this version is.';
COMMENT ON COLUMN streamkeeper.revisions.spec IS 'The whole spec of this version.';
COMMENT ON COLUMN streamkeeper.revisions.changed_by IS
    'The role that logged in (session_user), whatever role it acted as.';
COMMENT ON COLUMN streamkeeper.revisions.changed_at IS 'When the row was changed.';
COMMENT ON COLUMN streamkeeper.revisions.mode IS 'The mode of this version.';
COMMENT ON COLUMN streamkeeper.revisions.deletion_policy IS 'The deletion policy of this version.';
