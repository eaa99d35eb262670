-- Turns DELETE into a request that the daemon fulfils, and refuses TRUNCATE.

-- A row is the only record of what is ours in AWS: it stays until nothing of it is left there.
--
-- The row is locked before this trigger runs and each statement in it looks anew, so whoever
-- commits an intent and holds at least FOR KEY SHARE on the row is seen by owns_anything, and
-- whoever comes later finds the row gone.
CREATE FUNCTION streamkeeper.guard_delete()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, streamkeeper
AS $$
BEGIN
    IF OLD.deletion_requested_at IS NULL THEN
        PERFORM set_config('streamkeeper.marked_uid', OLD.uid::text, true);
        UPDATE streamkeeper.environments
        SET deletion_requested_at = clock_timestamp()
        WHERE environments.uid = OLD.uid;
        PERFORM set_config('streamkeeper.marked_uid', '', true);
        RAISE NOTICE 'environment "%": deletion is requested; the row goes when nothing of it is left%',
            OLD.name, CASE WHEN OLD.paused THEN ', and waits while it is paused' ELSE '' END;
        RETURN NULL;
    END IF;
    IF streamkeeper.owns_anything(OLD.uid) THEN
        RAISE NOTICE 'environment "%": deletion was requested at %; something of it is left%',
            OLD.name, OLD.deletion_requested_at,
            CASE WHEN OLD.paused THEN ', and it waits while it is paused' ELSE '' END;
        RETURN NULL;
    END IF;
    RETURN OLD;
END
$$;

COMMENT ON FUNCTION streamkeeper.guard_delete() IS
    'Trigger: marks a row whose deletion is asked for; lets a marked row go once nothing is owned.';

CREATE TRIGGER guard_delete
    BEFORE DELETE ON streamkeeper.environments
    FOR EACH ROW EXECUTE FUNCTION streamkeeper.guard_delete();

COMMENT ON TRIGGER guard_delete ON streamkeeper.environments IS
    'DELETE is a request: the row goes once nothing of it is left in AWS.';

CREATE FUNCTION streamkeeper.refuse_truncate()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, streamkeeper
AS $$
BEGIN
    RAISE EXCEPTION 'TRUNCATE of environments is refused: it would forget what is running in AWS'
        USING ERRCODE = 'feature_not_supported',
              HINT = 'DELETE asks for each environment to be taken down.';
END
$$;

COMMENT ON FUNCTION streamkeeper.refuse_truncate() IS
    'Trigger: refuses TRUNCATE, which would pass by every DELETE trigger.';

CREATE TRIGGER refuse_truncate
    BEFORE TRUNCATE ON streamkeeper.environments
    FOR EACH STATEMENT EXECUTE FUNCTION streamkeeper.refuse_truncate();

COMMENT ON TRIGGER refuse_truncate ON streamkeeper.environments IS
    'TRUNCATE would pass by every DELETE trigger.';
