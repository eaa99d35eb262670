-- Checks every row that is inserted and fills in what the user does not decide.

CREATE FUNCTION streamkeeper.refuse_row(environment text, faults text[])
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    hint CONSTANT text := format(
        'Environment "%s" is refused; "streamkeeper schema" prints what a spec may say.', environment);
BEGIN
    -- Twice, because an empty DETAIL would be shown as an empty line.
    IF cardinality(faults) > 1 THEN
        RAISE EXCEPTION '%', faults[1] USING
            ERRCODE = 'check_violation', DETAIL = array_to_string(faults[2:], E'\n'), HINT = hint,
            SCHEMA = 'streamkeeper', TABLE = 'environments';
    ELSIF cardinality(faults) = 1 THEN
        RAISE EXCEPTION '%', faults[1] USING
            ERRCODE = 'check_violation', HINT = hint,
            SCHEMA = 'streamkeeper', TABLE = 'environments';
    END IF;
END
$$;

COMMENT ON FUNCTION streamkeeper.refuse_row(text, text[]) IS
    'Raises the first fault as the error''s message and the others as its DETAIL; does nothing without faults.';

-- The table's CHECKs say the same; they name a constraint, these name the rule. null is left to
-- NOT NULL.
CREATE FUNCTION streamkeeper.column_faults(environment streamkeeper.environments)
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    name_rule CONSTANT jsonb := '{"pattern": "^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,100}$"}';
    region_rule CONSTANT jsonb := '{"pattern": "^[a-z]{2,4}(-[a-z]+)+-[0-9]+$"}';
    account_rule CONSTANT jsonb := '{"pattern": "^[0-9]{12}$"}';
    labels_rule CONSTANT jsonb := '{"type": "object", "additionalProperties": {"type": "string"}}';
    mode_rule CONSTANT jsonb := '{"type": "string", "enum": ["enforce", "observe"]}';
    policy_rule CONSTANT jsonb := '{"type": "string", "enum": ["delete", "retain", "forget"]}';
BEGIN
    RETURN streamkeeper.string_faults(environment.name, name_rule, 'name')
        || streamkeeper.string_faults(environment.region, region_rule, 'region')
        || streamkeeper.string_faults(environment.account_id, account_rule, 'account_id')
        || streamkeeper.schema_faults(to_jsonb(environment.mode), mode_rule, 'mode', NULL)
        || streamkeeper.schema_faults(
               to_jsonb(environment.deletion_policy), policy_rule, 'deletion_policy', NULL)
        || streamkeeper.schema_faults(environment.labels, labels_rule, 'labels', NULL);
END
$$;

COMMENT ON FUNCTION streamkeeper.column_faults(streamkeeper.environments) IS
    'Faults of a row''s columns, the spec apart.';

CREATE FUNCTION streamkeeper.refuse_taken_names(environment streamkeeper.environments)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    fleet CONSTANT text := streamkeeper.fleet_name(environment.name, environment.spec);
    stack CONSTANT text := streamkeeper.stack_name(environment.name, environment.spec);
    fault text;
BEGIN
    -- For the message only: two transactions at once are told apart by the unique indexes.
    SELECT format('spec.fleet.name: fleet "%s" of %s belongs to environment "%s"',
                  fleet, environment.region, other.name)
    INTO fault
    FROM streamkeeper.environments AS other
    WHERE other.region = environment.region
      AND coalesce(other.account_id, '') = coalesce(environment.account_id, '')
      AND streamkeeper.fleet_name(other.name, other.spec) = fleet
      AND other.name <> environment.name;
    IF fault IS NULL THEN
        SELECT format('spec.stack.name: stack "%s" of %s belongs to environment "%s"',
                      stack, environment.region, other.name)
        INTO fault
        FROM streamkeeper.environments AS other
        WHERE other.region = environment.region
          AND coalesce(other.account_id, '') = coalesce(environment.account_id, '')
          AND streamkeeper.stack_name(other.name, other.spec) = stack
          AND other.name <> environment.name;
    END IF;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION '%', fault USING
            ERRCODE = 'unique_violation',
            HINT = 'A fleet or stack has one environment; give this one another name.',
            SCHEMA = 'streamkeeper',
            TABLE = 'environments';
    END IF;
END
$$;

COMMENT ON FUNCTION streamkeeper.refuse_taken_names(streamkeeper.environments) IS
    'Raises an error when another environment of the scope has this one''s fleet or stack.';

CREATE FUNCTION streamkeeper.refuse_while_deleted(name text)
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION 'environment "%" is being deleted; wait --for=delete', name USING
        ERRCODE = 'object_in_use',
        HINT = format('"streamkeeper wait --for=delete %s" returns when it is gone; UPDATE … SET deletion_requested_at = NULL takes the request back.', name),
        SCHEMA = 'streamkeeper',
        TABLE = 'environments';
END
$$;

COMMENT ON FUNCTION streamkeeper.refuse_while_deleted(text) IS
    'Raises the error for an INSERT under the name of an environment that is being deleted.';

CREATE FUNCTION streamkeeper.guard_insert()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, streamkeeper
AS $$
BEGIN
    PERFORM FROM streamkeeper.environments
    WHERE environments.name = NEW.name AND environments.deletion_requested_at IS NOT NULL;
    IF FOUND THEN
        PERFORM streamkeeper.refuse_while_deleted(NEW.name);
    END IF;
    PERFORM streamkeeper.refuse_row(
        NEW.name, streamkeeper.column_faults(NEW) || streamkeeper.spec_faults(NEW.spec));
    PERFORM streamkeeper.refuse_taken_names(NEW);

    -- guard_update must know whether its row comes by ON CONFLICT DO UPDATE: an upsert onto a row
    -- that was marked after the look above is refused there, a plain UPDATE is not.
    PERFORM set_config('streamkeeper.proposed_name', NEW.name, true);

    NEW.uid := gen_random_uuid();
    NEW.generation := 1;
    NEW.created_at := clock_timestamp();
    NEW.updated_at := NEW.created_at;
    NEW.deletion_requested_at := NULL;
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION streamkeeper.guard_insert() IS
    'Trigger: refuses a bad row; sets uid, generation and the times whatever was sent.';

CREATE FUNCTION streamkeeper.end_insert()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, streamkeeper
AS $$
BEGIN
    PERFORM set_config('streamkeeper.proposed_name', '', true);
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION streamkeeper.end_insert() IS
    'Trigger: forgets the row that an INSERT proposed last, so that later UPDATEs are no upserts.';

CREATE TRIGGER guard_insert
    BEFORE INSERT ON streamkeeper.environments
    FOR EACH ROW EXECUTE FUNCTION streamkeeper.guard_insert();

CREATE TRIGGER end_insert
    AFTER INSERT ON streamkeeper.environments
    FOR EACH STATEMENT EXECUTE FUNCTION streamkeeper.end_insert();

COMMENT ON TRIGGER guard_insert ON streamkeeper.environments IS
    'Refuses a bad row; sets uid, generation and the times.';
COMMENT ON TRIGGER end_insert ON streamkeeper.environments IS
    'Forgets the row that an INSERT proposed last.';
