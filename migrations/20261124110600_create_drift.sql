-- Creates the record of fields that differed without anybody changing the row.

-- No foreign key to environments: drift outlives its environment.
CREATE TABLE streamkeeper.drift (
    id bigint GENERATED ALWAYS AS IDENTITY,
    environment text NOT NULL,
    uid uuid NOT NULL,
    object text NOT NULL,
    path text NOT NULL,
    desired jsonb NOT NULL,
    observed jsonb NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    resolved_at timestamptz,
    resolution text,
    actor text,
    CONSTRAINT drift_pkey PRIMARY KEY (id),
    CONSTRAINT drift_resolution_check
        CHECK (resolution IN ('repaired', 'accepted', 'observed_only', 'ignored')),
    CONSTRAINT drift_resolved_at_check CHECK ((resolved_at IS NULL) = (resolution IS NULL))
);

CREATE UNIQUE INDEX drift_open_key ON streamkeeper.drift (uid, object, path)
    WHERE resolved_at IS NULL;

CREATE INDEX drift_environment_idx ON streamkeeper.drift (environment, id);

COMMENT ON TABLE streamkeeper.drift IS
    'Fields that differed without anybody changing the row; outlives the environment.';
COMMENT ON COLUMN streamkeeper.drift.id IS 'The drift.';
COMMENT ON COLUMN streamkeeper.drift.environment IS 'The environment''s name.';
COMMENT ON COLUMN streamkeeper.drift.uid IS 'The environment''s identity.';
COMMENT ON COLUMN streamkeeper.drift.object IS 'The object, such as fleet/cfd.';
COMMENT ON COLUMN streamkeeper.drift.path IS
    'The field, as in spec.ignore; fleet.state is the power state, association the association.';
COMMENT ON COLUMN streamkeeper.drift.desired IS 'What the row asks; JSON null: that it is unset.';
COMMENT ON COLUMN streamkeeper.drift.observed IS 'What AWS had; JSON null: nothing.';
COMMENT ON COLUMN streamkeeper.drift.first_seen_at IS 'When it was first seen.';
COMMENT ON COLUMN streamkeeper.drift.last_seen_at IS 'When what was seen last changed.';
COMMENT ON COLUMN streamkeeper.drift.resolved_at IS 'When it ended; null: it is open.';
COMMENT ON COLUMN streamkeeper.drift.resolution IS
    'repaired: by Streamkeeper; accepted: the row asks for it now, or no longer for anything; observed_only: it went away by itself; ignored: the path was added to spec.ignore.';
COMMENT ON COLUMN streamkeeper.drift.actor IS 'Who did it, where known.';
COMMENT ON INDEX streamkeeper.drift_open_key IS 'One open drift per environment, object and path.';
