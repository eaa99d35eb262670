-- Creates the places of ParallelCluster configurations and clusters.

CREATE TABLE streamkeeper.cluster_configs (
    environment text NOT NULL,
    cluster text NOT NULL,
    bucket text NOT NULL,
    access text NOT NULL,
    config text NOT NULL,
    CONSTRAINT cluster_configs_pkey PRIMARY KEY (environment, cluster),
    CONSTRAINT cluster_configs_environment_fkey
        FOREIGN KEY (environment) REFERENCES streamkeeper.environments (name) ON DELETE CASCADE,
    CONSTRAINT cluster_configs_access_check CHECK (access IN ('READ_ONLY', 'READ_WRITE'))
);

COMMENT ON TABLE streamkeeper.cluster_configs IS
    'The ParallelCluster configuration of each cluster of an environment. Empty in this version: filled by a later release.';
COMMENT ON COLUMN streamkeeper.cluster_configs.environment IS 'The environment''s name.';
COMMENT ON COLUMN streamkeeper.cluster_configs.cluster IS 'The cluster''s name in the spec.';
COMMENT ON COLUMN streamkeeper.cluster_configs.bucket IS 'The shared bucket''s name.';
COMMENT ON COLUMN streamkeeper.cluster_configs.access IS 'READ_ONLY or READ_WRITE.';
COMMENT ON COLUMN streamkeeper.cluster_configs.config IS 'The configuration, YAML.';

CREATE TABLE streamkeeper.clusters (
    environment text,
    region text NOT NULL,
    account_id text NOT NULL,
    name text NOT NULL,
    status text NOT NULL,
    version text,
    "user" text,
    seen_at timestamptz NOT NULL,
    CONSTRAINT clusters_pkey PRIMARY KEY (account_id, region, name)
);

COMMENT ON TABLE streamkeeper.clusters IS
    'ParallelCluster clusters seen in AWS; Streamkeeper never ends one. Empty in this version: filled by a later release.';
COMMENT ON COLUMN streamkeeper.clusters.environment IS
    'The environment it belongs to; null when none claims it.';
COMMENT ON COLUMN streamkeeper.clusters.region IS 'The region.';
COMMENT ON COLUMN streamkeeper.clusters.account_id IS 'The account.';
COMMENT ON COLUMN streamkeeper.clusters.name IS 'The cluster''s name.';
COMMENT ON COLUMN streamkeeper.clusters.status IS 'The cluster''s status as AWS calls it.';
COMMENT ON COLUMN streamkeeper.clusters.version IS 'The ParallelCluster version that made it.';
COMMENT ON COLUMN streamkeeper.clusters."user" IS 'The user whose cluster it is, where known.';
COMMENT ON COLUMN streamkeeper.clusters.seen_at IS 'When it was last seen.';
