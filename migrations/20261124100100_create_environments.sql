-- Creates the table of desired environments, the only one a user writes.

CREATE TABLE streamkeeper.environments (
    name text NOT NULL,
    uid uuid NOT NULL DEFAULT gen_random_uuid(),
    region text NOT NULL,
    account_id text,
    spec jsonb NOT NULL,
    labels jsonb NOT NULL DEFAULT '{}',
    mode text NOT NULL DEFAULT 'enforce',
    paused boolean NOT NULL DEFAULT false,
    deletion_policy text NOT NULL DEFAULT 'delete',
    generation bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    deletion_requested_at timestamptz,
    CONSTRAINT environments_pkey PRIMARY KEY (name),
    CONSTRAINT environments_uid_key UNIQUE (uid),
    CONSTRAINT environments_name_check
        CHECK (name ~ '^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,100}$'),
    CONSTRAINT environments_region_check
        CHECK (region ~ '^[a-z]{2,4}(-[a-z]+)+-[0-9]+$'),
    CONSTRAINT environments_account_id_check
        CHECK (account_id ~ '^[0-9]{12}$'),
    CONSTRAINT environments_spec_check
        CHECK (jsonb_typeof(spec) = 'object'),
    -- Strict: the lax mode would look for the strings inside a list and accept it.
    CONSTRAINT environments_labels_check
        CHECK (jsonb_typeof(labels) = 'object'
               AND NOT jsonb_path_exists(labels, 'strict $.* ? (@.type() != "string")')),
    CONSTRAINT environments_mode_check
        CHECK (mode IN ('enforce', 'observe')),
    CONSTRAINT environments_deletion_policy_check
        CHECK (deletion_policy IN ('delete', 'retain', 'forget')),
    CONSTRAINT environments_generation_check
        CHECK (generation >= 1)
);

COMMENT ON TABLE streamkeeper.environments IS
    'What should be: one row per environment. INSERT, UPDATE and DELETE here; everything else follows.';
COMMENT ON COLUMN streamkeeper.environments.name IS
    'The environment''s name, and the default name of its fleet and stack. Immutable.';
COMMENT ON COLUMN streamkeeper.environments.uid IS
    'Identity, on which ownership rests: a row deleted and inserted again under its name is another environment. Set by trigger.';
COMMENT ON COLUMN streamkeeper.environments.region IS
    'The AWS region it lives in. Immutable.';
COMMENT ON COLUMN streamkeeper.environments.account_id IS
    'The AWS account it lives in; null: the daemon''s own. Immutable, also from null to a value.';
COMMENT ON COLUMN streamkeeper.environments.spec IS
    'What it should be. A key that is left out is not managed, null means it must be unset, a value that it must be equal. "streamkeeper schema" prints what is allowed.';
COMMENT ON COLUMN streamkeeper.environments.labels IS
    'The user''s own strings, for selection with -l.';
COMMENT ON COLUMN streamkeeper.environments.mode IS
    'enforce: repair every difference; observe: report every difference and call nothing that changes anything.';
COMMENT ON COLUMN streamkeeper.environments.paused IS
    'Neither look nor touch; a requested deletion waits too.';
COMMENT ON COLUMN streamkeeper.environments.deletion_policy IS
    'What becomes of AWS''s side when the row is deleted. delete: fleet, stack and our policy statements go; retain: they stay without our tags; forget: the row goes without a call.';
COMMENT ON COLUMN streamkeeper.environments.generation IS
    'Version of spec, mode and deletion_policy: starts at 1, one more with each UPDATE that changes them. Set by trigger.';
COMMENT ON COLUMN streamkeeper.environments.created_at IS
    'When the row was inserted. Set by trigger.';
COMMENT ON COLUMN streamkeeper.environments.updated_at IS
    'When anything in the row last changed. Set by trigger.';
COMMENT ON COLUMN streamkeeper.environments.deletion_requested_at IS
    'When DELETE was asked for; SET it to NULL to take the request back. Set by trigger.';
