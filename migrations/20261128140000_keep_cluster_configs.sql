-- Keeps beside each cluster's configuration what goes with it, and what tells whether it changes.

ALTER TABLE streamkeeper.cluster_configs
    ADD COLUMN version2 text NOT NULL DEFAULT '',
    ADD COLUMN policies jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN kms_key text,
    ADD COLUMN digest text NOT NULL DEFAULT '';

COMMENT ON TABLE streamkeeper.cluster_configs IS
    'The ParallelCluster configuration of each cluster of an environment, once its bucket is known.';
COMMENT ON COLUMN streamkeeper.cluster_configs.config IS
    'The configuration for ParallelCluster 3, YAML; comments name what it leaves open.';
COMMENT ON COLUMN streamkeeper.cluster_configs.version2 IS
    'The keys that ParallelCluster 2 takes instead.';
COMMENT ON COLUMN streamkeeper.cluster_configs.policies IS
    'IAM policy documents by name, those that config and version2 refer to.';
COMMENT ON COLUMN streamkeeper.cluster_configs.kms_key IS
    'The customer''s key that the bucket encrypts with, as it was last known; null: none.';
COMMENT ON COLUMN streamkeeper.cluster_configs.digest IS
    'Tells whether what is rendered next is what is stored.';
