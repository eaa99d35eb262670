-- Adds what a cluster's template grants of the shared bucket, and how that compares with the row.

ALTER TABLE streamkeeper.seen_clusters
    ADD COLUMN granted jsonb,
    ADD COLUMN access text,
    ADD COLUMN access_message text,
    ADD CONSTRAINT seen_clusters_access_check CHECK (access IN ('matches', 'differs', 'unknown'));

COMMENT ON COLUMN streamkeeper.seen_clusters.granted IS
    'What was read from its template, and in which state of the stack; null: nothing was.';
COMMENT ON COLUMN streamkeeper.seen_clusters.access IS
    'matches, differs or unknown; null: no row says what it should reach, or its template was not read yet.';
COMMENT ON COLUMN streamkeeper.seen_clusters.access_message IS 'Why.';

CREATE OR REPLACE VIEW streamkeeper.clusters AS
-- Two scopes can stand for one account: rows that name the pinned account, from before it was
-- pinned. The scope that looked last knows best.
SELECT DISTINCT ON (account_id, region, name)
    environment.name AS environment,
    fence.region,
    coalesce(fence.account_id, fence.pinned_account) AS account_id,
    cluster.name,
    cluster.status,
    cluster.version,
    cluster."user",
    coalesce(cluster.last_seen_at, lease.clusters_seen_at) AS seen_at,
    cluster.access,
    cluster.access_message
FROM streamkeeper.seen_clusters AS cluster
JOIN streamkeeper.scope_fences AS fence
    ON fence.id = cluster.scope_id
JOIN streamkeeper.scope_leases AS lease
    ON lease.scope_id = cluster.scope_id
LEFT JOIN streamkeeper.environments AS environment
    ON environment.name = cluster.environment
   AND streamkeeper.scope_of(environment.region, environment.account_id) = cluster.scope_id
ORDER BY account_id, region, name, seen_at DESC NULLS LAST;

COMMENT ON COLUMN streamkeeper.clusters.access IS
    'Whether its head node reaches the shared bucket as the row says: matches, differs or unknown; null: not compared.';
COMMENT ON COLUMN streamkeeper.clusters.access_message IS 'Why.';
