-- Records who made each generation of a row.

CREATE FUNCTION streamkeeper.record_revision()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, streamkeeper
AS $$
BEGIN
    -- session_user: inside SECURITY DEFINER current_user is the owner, and SET ROLE hides a person.
    INSERT INTO streamkeeper.revisions
        (environment, uid, generation, spec, changed_by, changed_at, mode, deletion_policy)
    VALUES
        (NEW.name, NEW.uid, NEW.generation, NEW.spec, session_user, NEW.updated_at,
         NEW.mode, NEW.deletion_policy);
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION streamkeeper.record_revision() IS
    'Trigger: writes the row''s new generation into revisions.';

CREATE TRIGGER record_inserted_revision
    AFTER INSERT ON streamkeeper.environments
    FOR EACH ROW EXECUTE FUNCTION streamkeeper.record_revision();

CREATE TRIGGER record_updated_revision
    AFTER UPDATE ON streamkeeper.environments
    FOR EACH ROW WHEN (NEW.generation <> OLD.generation)
    EXECUTE FUNCTION streamkeeper.record_revision();

COMMENT ON TRIGGER record_inserted_revision ON streamkeeper.environments IS
    'Writes the first generation into revisions.';
COMMENT ON TRIGGER record_updated_revision ON streamkeeper.environments IS
    'Writes each further generation into revisions.';
