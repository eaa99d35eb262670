-- Creates the views that people read first.

CREATE VIEW streamkeeper.status AS
SELECT
    environments.name,
    environments.region,
    environments.account_id,
    coalesce(ready.status, 'Unknown') AS ready,
    ready.reason,
    ready.message,
    environments.generation,
    state.observed_generation,
    state.fleet_state,
    (
        SELECT count(*)
        FROM streamkeeper.drift
        WHERE drift.uid = environments.uid
          AND drift.resolved_at IS NULL
    ) AS drift_count,
    greatest(
        state.verified_at,
        -- A sweep that began before the row was inserted did not see it.
        CASE WHEN state.follows_sweep AND lease.fresh_at >= environments.created_at
             THEN lease.fresh_at END
    ) AS last_verified_at,
    greatest(
        state.associations_verified_at,
        (
            SELECT max((run.value ->> 'at')::timestamptz)
            FROM jsonb_array_elements(lease.association_runs) AS run
            WHERE environments.name COLLATE "C" BETWEEN run.value ->> 'first' AND run.value ->> 'last'
              AND (run.value ->> 'at')::timestamptz >= environments.created_at
        )
    ) AS associations_verified_at,
    date_trunc('second', statement_timestamp() - environments.created_at) AS age
FROM streamkeeper.environments
LEFT JOIN streamkeeper.environment_state AS state
    ON state.uid = environments.uid
LEFT JOIN streamkeeper.conditions AS ready
    ON ready.uid = environments.uid
   AND ready.type = 'Ready'
LEFT JOIN streamkeeper.scope_leases AS lease
    ON lease.scope_id = streamkeeper.scope_of(environments.region, environments.account_id);

COMMENT ON VIEW streamkeeper.status IS 'One line per environment, as "streamkeeper get" prints it.';
COMMENT ON COLUMN streamkeeper.status.name IS 'The environment''s name.';
COMMENT ON COLUMN streamkeeper.status.region IS 'Its region.';
COMMENT ON COLUMN streamkeeper.status.account_id IS 'Its account; null: the daemon''s own.';
COMMENT ON COLUMN streamkeeper.status.ready IS
    'True: everything matches. False: it does not. Unknown: paused, or not looked at yet.';
COMMENT ON COLUMN streamkeeper.status.reason IS 'Why, in one word.';
COMMENT ON COLUMN streamkeeper.status.message IS 'Why, for people.';
COMMENT ON COLUMN streamkeeper.status.generation IS 'Version of the desired row.';
COMMENT ON COLUMN streamkeeper.status.observed_generation IS
    'The newest generation that was planned; ready speaks of that one.';
COMMENT ON COLUMN streamkeeper.status.fleet_state IS 'The fleet''s state as AWS calls it.';
COMMENT ON COLUMN streamkeeper.status.drift_count IS 'Fields that differ and nobody asked for it.';
COMMENT ON COLUMN streamkeeper.status.last_verified_at IS
    'When AWS was last looked at for it: in the scope''s sweep or on its own.';
COMMENT ON COLUMN streamkeeper.status.associations_verified_at IS
    'When its fleet''s association with its stack was last read; they are read in rotation.';
COMMENT ON COLUMN streamkeeper.status.age IS 'Time since the row was inserted.';

CREATE VIEW streamkeeper.scopes AS
SELECT
    coalesce(fence.account_id, fence.pinned_account) AS account_id,
    fence.region,
    CASE WHEN lease.expires_at > clock_timestamp() THEN lease.holder END AS holder,
    fence.epoch,
    lease.acquired_at,
    lease.expires_at,
    lease.fresh_at AS last_sweep_at,
    lease.sweeps,
    lease.calls,
    (
        SELECT coalesce(sum(call.value::bigint), 0)::bigint
        FROM jsonb_each_text(lease.calls) AS call
    ) AS calls_total,
    (
        SELECT count(*)
        FROM streamkeeper.environments
        WHERE streamkeeper.scope_of(environments.region, environments.account_id) = fence.id
    ) AS environments
FROM streamkeeper.scope_fences AS fence
JOIN streamkeeper.scope_leases AS lease
    ON lease.scope_id = fence.id;

COMMENT ON VIEW streamkeeper.scopes IS
    'Accounts and regions: who holds them, when they were last swept and what that took.';
COMMENT ON COLUMN streamkeeper.scopes.account_id IS
    'The account: as declared, or pinned for the daemon''s own; null until one is pinned.';
COMMENT ON COLUMN streamkeeper.scopes.region IS 'The region.';
COMMENT ON COLUMN streamkeeper.scopes.holder IS 'The daemon that holds it; null: none does.';
COMMENT ON COLUMN streamkeeper.scopes.epoch IS 'How often it was taken over.';
COMMENT ON COLUMN streamkeeper.scopes.acquired_at IS 'When it was last taken over.';
COMMENT ON COLUMN streamkeeper.scopes.expires_at IS 'Until when the lease runs, or ran.';
COMMENT ON COLUMN streamkeeper.scopes.last_sweep_at IS 'When the last finished sweep began.';
COMMENT ON COLUMN streamkeeper.scopes.sweeps IS 'Sweeps so far.';
COMMENT ON COLUMN streamkeeper.scopes.calls IS 'AWS read calls of all sweeps, by operation.';
COMMENT ON COLUMN streamkeeper.scopes.calls_total IS 'AWS read calls of all sweeps.';
COMMENT ON COLUMN streamkeeper.scopes.environments IS 'How many environments live there.';
