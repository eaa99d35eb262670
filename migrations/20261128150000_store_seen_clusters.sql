-- Stores the clusters that looks have seen; the table clusters, which was empty, becomes a view of them.

ALTER TABLE streamkeeper.scope_leases
    ADD COLUMN clusters_seen_at timestamptz;

COMMENT ON COLUMN streamkeeper.scope_leases.clusters_seen_at IS
    'When the last sweep began that listed all clusters; null: none has.';

CREATE TABLE streamkeeper.seen_clusters (
    scope_id bigint NOT NULL,
    name text NOT NULL,
    arn text NOT NULL,
    status text NOT NULL,
    version text NOT NULL,
    environment text,
    "user" text,
    changed_at timestamptz,
    last_seen_at timestamptz,
    CONSTRAINT seen_clusters_pkey PRIMARY KEY (scope_id, name),
    CONSTRAINT seen_clusters_scope_id_fkey
        FOREIGN KEY (scope_id) REFERENCES streamkeeper.scope_fences (id) ON DELETE CASCADE
);

COMMENT ON TABLE streamkeeper.seen_clusters IS
    'Internal: the clusters of each scope. Read the view clusters instead.';
COMMENT ON COLUMN streamkeeper.seen_clusters.scope_id IS 'The scope.';
COMMENT ON COLUMN streamkeeper.seen_clusters.name IS 'The cluster''s name.';
COMMENT ON COLUMN streamkeeper.seen_clusters.arn IS
    'The ARN of its root stack: a cluster made anew under the name has another.';
COMMENT ON COLUMN streamkeeper.seen_clusters.status IS 'The status as pcluster says it.';
COMMENT ON COLUMN streamkeeper.seen_clusters.version IS 'The ParallelCluster version that made it.';
COMMENT ON COLUMN streamkeeper.seen_clusters.environment IS
    'The value of its tag streamkeeper:environment, whether there is such a row or not.';
COMMENT ON COLUMN streamkeeper.seen_clusters."user" IS 'The value of its tag appstream-user.';
COMMENT ON COLUMN streamkeeper.seen_clusters.changed_at IS
    'When its root stack was last updated, or created.';
COMMENT ON COLUMN streamkeeper.seen_clusters.last_seen_at IS
    'When it was last seen; null: by the scope''s last list of clusters.';

-- Nothing was ever written to it, and no release of the daemon reads it.
DROP TABLE streamkeeper.clusters;

CREATE VIEW streamkeeper.clusters AS
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
    coalesce(cluster.last_seen_at, lease.clusters_seen_at) AS seen_at
FROM streamkeeper.seen_clusters AS cluster
JOIN streamkeeper.scope_fences AS fence
    ON fence.id = cluster.scope_id
JOIN streamkeeper.scope_leases AS lease
    ON lease.scope_id = cluster.scope_id
LEFT JOIN streamkeeper.environments AS environment
    ON environment.name = cluster.environment
   AND streamkeeper.scope_of(environment.region, environment.account_id) = cluster.scope_id
ORDER BY account_id, region, name, seen_at DESC NULLS LAST;

COMMENT ON VIEW streamkeeper.clusters IS
    'ParallelCluster clusters seen in AWS; Streamkeeper never changes or ends one.';
COMMENT ON COLUMN streamkeeper.clusters.environment IS
    'The environment that its tag streamkeeper:environment names; null when there is none of that name here.';
COMMENT ON COLUMN streamkeeper.clusters.region IS 'The region.';
COMMENT ON COLUMN streamkeeper.clusters.account_id IS 'The account.';
COMMENT ON COLUMN streamkeeper.clusters.name IS 'The cluster''s name.';
COMMENT ON COLUMN streamkeeper.clusters.status IS 'The cluster''s status as pcluster says it.';
COMMENT ON COLUMN streamkeeper.clusters.version IS 'The ParallelCluster version that made it.';
COMMENT ON COLUMN streamkeeper.clusters."user" IS
    'The user whose cluster it is, by its tag appstream-user; null: it has none.';
COMMENT ON COLUMN streamkeeper.clusters.seen_at IS 'When it was last seen.';
