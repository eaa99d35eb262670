-- Creates what holds now, in kstatus's words.

CREATE TABLE streamkeeper.conditions (
    environment text NOT NULL,
    type text NOT NULL,
    status text NOT NULL,
    reason text NOT NULL,
    message text NOT NULL,
    observed_generation bigint NOT NULL,
    last_transition_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    uid uuid NOT NULL,
    CONSTRAINT conditions_pkey PRIMARY KEY (uid, type),
    CONSTRAINT conditions_uid_fkey
        FOREIGN KEY (uid) REFERENCES streamkeeper.environments (uid) ON DELETE CASCADE,
    CONSTRAINT conditions_type_check
        CHECK (type IN ('Ready', 'Reconciling', 'Stalled', 'Synced', 'Paused', 'Conflict',
                        'Contested')),
    CONSTRAINT conditions_status_check CHECK (status IN ('True', 'False', 'Unknown')),
    CONSTRAINT conditions_reason_check CHECK (reason ~ '^[A-Z][A-Za-z0-9]*$')
);

COMMENT ON TABLE streamkeeper.conditions IS 'What holds now: one row per environment and type.';
COMMENT ON COLUMN streamkeeper.conditions.environment IS 'The environment''s name.';
COMMENT ON COLUMN streamkeeper.conditions.type IS
    'Ready: everything matches. Reconciling: in progress or waiting. Stalled: needs a human. Synced: no differences. Paused, Conflict (somebody else owns an object of that name), Contested (somebody else keeps writing the same path).';
COMMENT ON COLUMN streamkeeper.conditions.status IS 'True, False or Unknown.';
COMMENT ON COLUMN streamkeeper.conditions.reason IS 'Why, in one word for searches and alerts.';
COMMENT ON COLUMN streamkeeper.conditions.message IS 'Why, for people.';
COMMENT ON COLUMN streamkeeper.conditions.observed_generation IS
    'The generation it speaks of; an older one than the environment''s is not the last word.';
COMMENT ON COLUMN streamkeeper.conditions.last_transition_at IS
    'When the status last changed; a new message alone does not move it.';
COMMENT ON COLUMN streamkeeper.conditions.uid IS 'The environment''s identity.';
