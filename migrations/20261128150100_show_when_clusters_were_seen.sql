-- Shows in scopes when clusters were last looked at.

CREATE OR REPLACE VIEW streamkeeper.scopes AS
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
    ) AS environments,
    lease.clusters_seen_at
FROM streamkeeper.scope_fences AS fence
JOIN streamkeeper.scope_leases AS lease
    ON lease.scope_id = fence.id;

COMMENT ON COLUMN streamkeeper.scopes.clusters_seen_at IS
    'When the last sweep began that listed all clusters; null: none has.';
