-- Creates scopes and their leases: who may write for an account and a region.

-- Changed by a takeover only: every fenced transaction locks its row FOR SHARE, and renewals must
-- not wait for those.
CREATE TABLE streamkeeper.scope_fences (
    id bigint GENERATED ALWAYS AS IDENTITY,
    account_id text,
    region text NOT NULL,
    pinned_account text,
    epoch bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT scope_fences_pkey PRIMARY KEY (id),
    CONSTRAINT scope_fences_account_id_check CHECK (account_id ~ '^[0-9]{12}$'),
    CONSTRAINT scope_fences_region_check CHECK (region ~ '^[a-z]{2,4}(-[a-z]+)+-[0-9]+$'),
    CONSTRAINT scope_fences_pinned_account_check
        CHECK (pinned_account IS NULL OR (pinned_account ~ '^[0-9]{12}$' AND account_id IS NULL)),
    CONSTRAINT scope_fences_epoch_check CHECK (epoch >= 0)
);

CREATE UNIQUE INDEX scope_fences_declared_key
    ON streamkeeper.scope_fences (region, coalesce(account_id, ''));

COMMENT ON TABLE streamkeeper.scope_fences IS
    'Internal: identity and epoch of each scope. Read the view scopes instead.';
COMMENT ON COLUMN streamkeeper.scope_fences.id IS 'The scope''s id.';
COMMENT ON COLUMN streamkeeper.scope_fences.account_id IS
    'The account as the rows declare it; null: the daemon''s own.';
COMMENT ON COLUMN streamkeeper.scope_fences.region IS 'The region.';
COMMENT ON COLUMN streamkeeper.scope_fences.pinned_account IS
    'The account that the first daemon''s credentials belonged to; with others nothing is touched.';
COMMENT ON COLUMN streamkeeper.scope_fences.epoch IS
    'The fencing number: raised by every takeover, so that an earlier holder cannot write any more.';
COMMENT ON COLUMN streamkeeper.scope_fences.created_at IS 'When the scope first had an environment.';
COMMENT ON INDEX streamkeeper.scope_fences_declared_key IS 'An account and a region are one scope.';

CREATE TABLE streamkeeper.scope_leases (
    scope_id bigint NOT NULL,
    holder text,
    epoch bigint NOT NULL DEFAULT 0,
    acquired_at timestamptz,
    expires_at timestamptz,
    fresh_at timestamptz,
    sweeps bigint NOT NULL DEFAULT 0,
    calls jsonb NOT NULL DEFAULT '{}',
    association_runs jsonb NOT NULL DEFAULT '[]',
    CONSTRAINT scope_leases_pkey PRIMARY KEY (scope_id),
    CONSTRAINT scope_leases_scope_id_fkey
        FOREIGN KEY (scope_id) REFERENCES streamkeeper.scope_fences (id) ON DELETE CASCADE,
    CONSTRAINT scope_leases_holder_check CHECK ((holder IS NULL) = (expires_at IS NULL)),
    CONSTRAINT scope_leases_calls_check CHECK (jsonb_typeof(calls) = 'object'),
    CONSTRAINT scope_leases_association_runs_check CHECK (jsonb_typeof(association_runs) = 'array')
)
-- One small row that is written all the time: room for its next versions on the same page.
WITH (fillfactor = 50);

COMMENT ON TABLE streamkeeper.scope_leases IS
    'Internal: the lease of each scope and what its sweeps leave behind. Read the view scopes instead.';
COMMENT ON COLUMN streamkeeper.scope_leases.scope_id IS 'The scope.';
COMMENT ON COLUMN streamkeeper.scope_leases.holder IS 'The daemon that holds the lease; null: nobody.';
COMMENT ON COLUMN streamkeeper.scope_leases.epoch IS 'The scope''s epoch under this holder.';
COMMENT ON COLUMN streamkeeper.scope_leases.acquired_at IS 'When the holder took the scope over.';
COMMENT ON COLUMN streamkeeper.scope_leases.expires_at IS
    'Until when the lease runs, by this server''s clock.';
COMMENT ON COLUMN streamkeeper.scope_leases.fresh_at IS
    'When the last sweep began: environments that follow the sweep were verified then.';
COMMENT ON COLUMN streamkeeper.scope_leases.sweeps IS 'Sweeps so far.';
COMMENT ON COLUMN streamkeeper.scope_leases.calls IS 'AWS read calls of all sweeps, by operation.';
COMMENT ON COLUMN streamkeeper.scope_leases.association_runs IS
    'Whose associations the sweeps read, newest first: {"first", "last", "at"}, names in byte order.';
