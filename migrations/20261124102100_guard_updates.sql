-- Checks every row that is updated: what may not change, what must be valid, what it counts as.

CREATE FUNCTION streamkeeper.change_faults(
    old_row streamkeeper.environments, new_row streamkeeper.environments)
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    faults text[] := '{}';
    moved text;
BEGIN
    FOREACH moved IN ARRAY array_remove(ARRAY[
        CASE WHEN new_row.name IS DISTINCT FROM old_row.name THEN 'name' END,
        CASE WHEN new_row.region IS DISTINCT FROM old_row.region THEN 'region' END,
        CASE WHEN new_row.account_id IS DISTINCT FROM old_row.account_id THEN 'account_id' END
    ], NULL) LOOP
        faults := faults || (moved || ': is immutable; delete the environment and insert it anew');
    END LOOP;
    FOREACH moved IN ARRAY array_remove(ARRAY[
        CASE WHEN new_row.uid IS DISTINCT FROM old_row.uid THEN 'uid' END,
        CASE WHEN new_row.generation IS DISTINCT FROM old_row.generation THEN 'generation' END,
        CASE WHEN new_row.created_at IS DISTINCT FROM old_row.created_at THEN 'created_at' END
    ], NULL) LOOP
        faults := faults || (moved || ': is set by Streamkeeper and cannot be changed');
    END LOOP;
    -- Both sides there and called differently; a side that comes or goes is another matter.
    IF streamkeeper.fleet_name(new_row.name, new_row.spec)
       <> streamkeeper.fleet_name(new_row.name, old_row.spec) THEN
        faults := faults || format('spec.fleet.name: is immutable; the fleet is called "%s"',
                                   streamkeeper.fleet_name(old_row.name, old_row.spec));
    END IF;
    IF streamkeeper.stack_name(new_row.name, new_row.spec)
       <> streamkeeper.stack_name(new_row.name, old_row.spec) THEN
        faults := faults || format('spec.stack.name: is immutable; the stack is called "%s"',
                                   streamkeeper.stack_name(old_row.name, old_row.spec));
    END IF;
    RETURN faults;
END
$$;

COMMENT ON FUNCTION streamkeeper.change_faults(streamkeeper.environments, streamkeeper.environments) IS
    'Faults of a change of a row: columns and names that may not change.';

CREATE FUNCTION streamkeeper.guard_update()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, streamkeeper
AS $$
DECLARE
    -- As text: to jsonb 4 and 4.0 are equal, to the daemon they are not.
    respecified CONSTANT boolean := NEW.spec::text IS DISTINCT FROM OLD.spec::text;
    -- guard_delete says whose row it marks; a user's UPDATE is never inside a trigger.
    marked_by_delete CONSTANT boolean := pg_trigger_depth() > 1
        AND current_setting('streamkeeper.marked_uid', true) = OLD.uid::text;
BEGIN
    IF OLD.deletion_requested_at IS NOT NULL
       AND current_setting('streamkeeper.proposed_name', true) = OLD.name THEN
        PERFORM streamkeeper.refuse_while_deleted(OLD.name);
    END IF;
    PERFORM streamkeeper.refuse_row(OLD.name, streamkeeper.change_faults(OLD, NEW));
    IF NEW.deletion_requested_at IS NOT NULL AND NOT marked_by_delete
       AND NEW.deletion_requested_at IS DISTINCT FROM OLD.deletion_requested_at THEN
        PERFORM streamkeeper.refuse_row(OLD.name, ARRAY[
            'deletion_requested_at: is set by DELETE; only NULL, which takes the request back, is allowed']);
    END IF;

    IF ROW (NEW.mode, NEW.deletion_policy, NEW.labels)
       IS DISTINCT FROM ROW (OLD.mode, OLD.deletion_policy, OLD.labels) THEN
        PERFORM streamkeeper.refuse_row(OLD.name, streamkeeper.column_faults(NEW));
    END IF;
    -- A row that an older version accepted can always be paused, labelled and deleted.
    IF respecified THEN
        PERFORM streamkeeper.refuse_row(OLD.name, streamkeeper.spec_faults(NEW.spec));
        PERFORM streamkeeper.refuse_taken_names(NEW);
    END IF;

    IF respecified OR NEW.mode <> OLD.mode OR NEW.deletion_policy <> OLD.deletion_policy THEN
        NEW.generation := OLD.generation + 1;
    END IF;
    NEW.updated_at := OLD.updated_at;
    IF respecified OR NEW IS DISTINCT FROM OLD THEN
        NEW.updated_at := clock_timestamp();
    END IF;
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION streamkeeper.guard_update() IS
    'Trigger: refuses what may not change and a changed spec that is not valid; counts generations.';

CREATE TRIGGER guard_update
    BEFORE UPDATE ON streamkeeper.environments
    FOR EACH ROW EXECUTE FUNCTION streamkeeper.guard_update();

COMMENT ON TRIGGER guard_update ON streamkeeper.environments IS
    'Refuses what may not change and a changed spec that is not valid; counts generations.';
