-- Creates what is noted of each environment beside its conditions.

CREATE TABLE streamkeeper.environment_state (
    uid uuid NOT NULL,
    observed_generation bigint,
    fleet_state text,
    verified_at timestamptz,
    associations_verified_at timestamptz,
    follows_sweep boolean NOT NULL DEFAULT false,
    reconcile_requested_at timestamptz,
    approved_generation bigint,
    plan jsonb NOT NULL DEFAULT '[]',
    CONSTRAINT environment_state_pkey PRIMARY KEY (uid),
    CONSTRAINT environment_state_uid_fkey
        FOREIGN KEY (uid) REFERENCES streamkeeper.environments (uid) ON DELETE CASCADE,
    CONSTRAINT environment_state_plan_check CHECK (jsonb_typeof(plan) = 'array')
);

COMMENT ON TABLE streamkeeper.environment_state IS
    'Internal: what is noted of each environment. Read the view status and the function plan instead.';
COMMENT ON COLUMN streamkeeper.environment_state.uid IS 'The environment''s identity.';
COMMENT ON COLUMN streamkeeper.environment_state.observed_generation IS
    'The newest generation that was planned.';
COMMENT ON COLUMN streamkeeper.environment_state.fleet_state IS
    'The fleet''s state as AWS calls it; null without a fleet.';
COMMENT ON COLUMN streamkeeper.environment_state.verified_at IS
    'When it was last looked at on its own.';
COMMENT ON COLUMN streamkeeper.environment_state.associations_verified_at IS
    'When its association was last read on its own.';
COMMENT ON COLUMN streamkeeper.environment_state.follows_sweep IS
    'Whether the scope''s sweep speaks for it: false while anything about it is unknown.';
COMMENT ON COLUMN streamkeeper.environment_state.reconcile_requested_at IS
    'When somebody last asked for a look, by reconcile_now.';
COMMENT ON COLUMN streamkeeper.environment_state.approved_generation IS
    'The generation that a human approved beyond the budget of deletions and stops, by approve.';
COMMENT ON COLUMN streamkeeper.environment_state.plan IS
    'The last computed plan, a list of the function plan''s rows.';
