-- Creates the write-ahead record of mutating calls.

-- No foreign key to environments: an intent outlives its environment.
CREATE TABLE streamkeeper.intents (
    id bigint GENERATED ALWAYS AS IDENTITY,
    uid uuid NOT NULL,
    environment text NOT NULL,
    scope_id bigint NOT NULL,
    epoch bigint NOT NULL,
    generation bigint NOT NULL,
    operation text NOT NULL,
    object text NOT NULL,
    action jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    outcome text,
    error text,
    settled_at timestamptz,
    CONSTRAINT intents_pkey PRIMARY KEY (id),
    CONSTRAINT intents_scope_id_fkey
        FOREIGN KEY (scope_id) REFERENCES streamkeeper.scope_fences (id),
    CONSTRAINT intents_outcome_check CHECK (outcome IN ('ok', 'refused', 'unknown')),
    CONSTRAINT intents_settled_at_check CHECK (settled_at IS NULL OR outcome IS NOT NULL)
);

CREATE INDEX intents_open_idx ON streamkeeper.intents (uid) WHERE settled_at IS NULL;

-- The budget of deletions and stops is counted before each of them.
CREATE INDEX intents_destructive_idx ON streamkeeper.intents (scope_id, created_at)
    WHERE operation IN ('StopFleet', 'DeleteFleet', 'DeleteStack');

-- Retention.
CREATE INDEX intents_settled_at_idx ON streamkeeper.intents (settled_at);

COMMENT ON TABLE streamkeeper.intents IS
    'Every mutating AWS call, written down before it was made; outlives the environment.';
COMMENT ON COLUMN streamkeeper.intents.id IS 'Order of the calls.';
COMMENT ON COLUMN streamkeeper.intents.uid IS 'The environment''s identity.';
COMMENT ON COLUMN streamkeeper.intents.environment IS 'The environment''s name.';
COMMENT ON COLUMN streamkeeper.intents.scope_id IS 'The scope it was made in.';
COMMENT ON COLUMN streamkeeper.intents.epoch IS 'The epoch of the daemon that made it.';
COMMENT ON COLUMN streamkeeper.intents.generation IS 'The generation that was planned.';
COMMENT ON COLUMN streamkeeper.intents.operation IS 'The AWS operation, such as CreateFleet.';
COMMENT ON COLUMN streamkeeper.intents.object IS 'The object, such as fleet/cfd.';
COMMENT ON COLUMN streamkeeper.intents.action IS 'The call with all its parameters.';
COMMENT ON COLUMN streamkeeper.intents.created_at IS 'When the intent was committed, before the call.';
COMMENT ON COLUMN streamkeeper.intents.outcome IS
    'ok; refused: a definite no; unknown: it may have been executed, and the next look decides; null: the daemon ended before it could say.';
COMMENT ON COLUMN streamkeeper.intents.error IS 'AWS''s words, if it refused or did not answer.';
COMMENT ON COLUMN streamkeeper.intents.settled_at IS 'When the outcome was known; null: still open.';
