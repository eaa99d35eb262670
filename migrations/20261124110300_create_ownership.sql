-- Creates what an environment manages, owns and owes.

-- One row per environment: they are read and written together, and there are dozens of paths.
CREATE TABLE streamkeeper.managed_paths (
    uid uuid NOT NULL,
    paths jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT managed_paths_pkey PRIMARY KEY (uid),
    CONSTRAINT managed_paths_uid_fkey
        FOREIGN KEY (uid) REFERENCES streamkeeper.environments (uid) ON DELETE CASCADE,
    CONSTRAINT managed_paths_paths_check CHECK (jsonb_typeof(paths) = 'object')
);

COMMENT ON TABLE streamkeeper.managed_paths IS
    'Internal: the paths each environment manages, and what was last applied to them.';
COMMENT ON COLUMN streamkeeper.managed_paths.uid IS 'The environment''s identity.';
COMMENT ON COLUMN streamkeeper.managed_paths.paths IS
    'By path: a list of one, the desired value that was last seen to hold, or an empty list until one was. A path joins with the intent that sets it, and leaves when its reset was seen.';

-- RESTRICT: the trigger on environments asks owns_anything first; this holds when that is disabled
-- or looks with an old snapshot.
CREATE TABLE streamkeeper.owned_objects (
    uid uuid NOT NULL,
    object text NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT owned_objects_pkey PRIMARY KEY (uid, object),
    CONSTRAINT owned_objects_uid_fkey
        FOREIGN KEY (uid) REFERENCES streamkeeper.environments (uid) ON DELETE RESTRICT,
    CONSTRAINT owned_objects_object_check CHECK (object ~ '^(fleet|stack|bucket)/.')
);

COMMENT ON TABLE streamkeeper.owned_objects IS
    'Internal: the AWS objects that are, or may be, ours. A row of environments stays until it has none.';
COMMENT ON COLUMN streamkeeper.owned_objects.uid IS 'The environment''s identity.';
COMMENT ON COLUMN streamkeeper.owned_objects.object IS 'The object, such as fleet/cfd.';
COMMENT ON COLUMN streamkeeper.owned_objects.since IS 'When the intent that claimed it was committed.';

CREATE TABLE streamkeeper.debts (
    uid uuid NOT NULL,
    fleet text NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT debts_pkey PRIMARY KEY (uid, fleet),
    CONSTRAINT debts_uid_fkey
        FOREIGN KEY (uid) REFERENCES streamkeeper.environments (uid) ON DELETE CASCADE
);

COMMENT ON TABLE streamkeeper.debts IS
    'Internal: fleets that Streamkeeper stopped for a change and must start again.';
COMMENT ON COLUMN streamkeeper.debts.uid IS 'The environment''s identity.';
COMMENT ON COLUMN streamkeeper.debts.fleet IS 'The fleet''s name.';
COMMENT ON COLUMN streamkeeper.debts.since IS 'When the intent that stops it was committed.';
