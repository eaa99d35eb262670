-- Creates the place of the JSON Schema that rows are checked against.

CREATE TABLE streamkeeper.spec_schema (
    id integer NOT NULL DEFAULT 1,
    schema jsonb NOT NULL,
    version text,
    stored_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT spec_schema_pkey PRIMARY KEY (id),
    CONSTRAINT spec_schema_single_row_check CHECK (id = 1)
);

-- Read for every row that is written: kept uncompressed, so that it is fetched once and not
-- unpacked again at every look into it.
ALTER TABLE streamkeeper.spec_schema ALTER COLUMN schema SET STORAGE EXTERNAL;

COMMENT ON TABLE streamkeeper.spec_schema IS
    'The JSON Schema of environments.spec, one row, written by "streamkeeper migrate".';
COMMENT ON COLUMN streamkeeper.spec_schema.id IS 'Always 1: there is one schema.';
COMMENT ON COLUMN streamkeeper.spec_schema.schema IS
    'What "streamkeeper schema" prints, within the subset that streamkeeper.schema_faults interprets.';
COMMENT ON COLUMN streamkeeper.spec_schema.version IS 'The version of Streamkeeper that stored it.';
COMMENT ON COLUMN streamkeeper.spec_schema.stored_at IS 'When it was stored.';
