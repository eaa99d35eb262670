-- Defines what people call: plan, reconcile_now, approve.

CREATE FUNCTION streamkeeper.refuse_unknown_name(name text)
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION 'environment "%" does not exist', name USING
        ERRCODE = 'no_data_found',
        HINT = 'SELECT name FROM streamkeeper.environments lists those that do.',
        SCHEMA = 'streamkeeper',
        TABLE = 'environments';
END
$$;

COMMENT ON FUNCTION streamkeeper.refuse_unknown_name(text) IS
    'Raises the error for a name that no environment has.';

CREATE FUNCTION streamkeeper.plan(name text)
RETURNS TABLE (
    "position" integer,
    action text,
    object text,
    reason text,
    waiting_for text,
    since timestamptz,
    disruptive boolean
)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, streamkeeper
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM streamkeeper.environments WHERE environments.name = $1) THEN
        PERFORM streamkeeper.refuse_unknown_name($1);
    END IF;
    RETURN QUERY
        SELECT step."position", step.action, step.object, step.reason, step.waiting_for,
               step.since, step.disruptive
        FROM streamkeeper.environments
        JOIN streamkeeper.environment_state USING (uid)
        CROSS JOIN LATERAL jsonb_to_recordset(environment_state.plan) AS step (
            "position" integer, action text, object text, reason text, waiting_for text,
            since timestamptz, disruptive boolean)
        WHERE environments.name = $1
        ORDER BY step."position";
END
$$;

COMMENT ON FUNCTION streamkeeper.plan(text) IS
    'The last computed plan of an environment: what is done next, in order, and what waits for what since when. Empty: nothing is to be done.';

CREATE FUNCTION streamkeeper.reconcile_now(name text)
RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, streamkeeper
AS $$
DECLARE
    environment streamkeeper.environments;
    requested_at CONSTANT timestamptz := clock_timestamp();
BEGIN
    SELECT * INTO environment FROM streamkeeper.environments WHERE environments.name = $1;
    IF NOT FOUND THEN
        PERFORM streamkeeper.refuse_unknown_name($1);
    END IF;
    INSERT INTO streamkeeper.environment_state (uid, reconcile_requested_at)
    VALUES (environment.uid, requested_at)
    ON CONFLICT (uid) DO UPDATE SET reconcile_requested_at = excluded.reconcile_requested_at;
    PERFORM streamkeeper.wake_scope(environment);
    RETURN requested_at;
END
$$;

COMMENT ON FUNCTION streamkeeper.reconcile_now(text) IS
    'Asks for a look at an environment at once; it is done when status.last_verified_at is not before what is returned.';

CREATE FUNCTION streamkeeper.approve(name text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, streamkeeper
AS $$
DECLARE
    environment streamkeeper.environments;
BEGIN
    SELECT * INTO environment FROM streamkeeper.environments WHERE environments.name = $1;
    IF NOT FOUND THEN
        PERFORM streamkeeper.refuse_unknown_name($1);
    END IF;
    INSERT INTO streamkeeper.environment_state (uid, approved_generation)
    VALUES (environment.uid, environment.generation)
    ON CONFLICT (uid) DO UPDATE SET approved_generation = excluded.approved_generation;
    PERFORM streamkeeper.wake_scope(environment);
    RETURN environment.generation;
END
$$;

COMMENT ON FUNCTION streamkeeper.approve(text) IS
    'Approves the present generation of an environment beyond the hourly budget of deletions and stops; returns that generation.';

CREATE FUNCTION streamkeeper.wake_scope(environment streamkeeper.environments)
RETURNS void
LANGUAGE sql
AS $$
    SELECT pg_notify(
        'streamkeeper_environments',
        coalesce(environment.account_id, streamkeeper.pinned_account(environment.region), '')
            || '/' || environment.region)
$$;

COMMENT ON FUNCTION streamkeeper.wake_scope(streamkeeper.environments) IS
    'Internal: wakes the keeper of an environment''s scope.';

-- What goes beyond the budget needs more than the right to look.
REVOKE EXECUTE ON FUNCTION streamkeeper.approve(text) FROM PUBLIC;
