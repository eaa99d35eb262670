-- Defines which scope an environment lives in, and whether anything of it is left.

CREATE FUNCTION streamkeeper.pinned_account(region text)
RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, streamkeeper
AS $$
    SELECT scope_fences.pinned_account
    FROM streamkeeper.scope_fences
    WHERE scope_fences.region = $1
      AND scope_fences.account_id IS NULL
$$;

COMMENT ON FUNCTION streamkeeper.pinned_account(text) IS
    'The account that rows without account_id live in, in this region; null until a daemon has pinned one.';

-- Rows that name the pinned account and rows that name none live in one scope: AWS counts their
-- calls together, and two daemons must not hold it twice.
CREATE FUNCTION streamkeeper.scope_of(region text, account_id text)
RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, streamkeeper
AS $$
    SELECT scope_fences.id
    FROM streamkeeper.scope_fences
    WHERE scope_fences.region = $1
      AND (scope_fences.account_id IS NOT DISTINCT FROM $2
           OR (scope_fences.account_id IS NULL AND scope_fences.pinned_account = $2))
    ORDER BY scope_fences.account_id NULLS FIRST
    LIMIT 1
$$;

COMMENT ON FUNCTION streamkeeper.scope_of(text, text) IS
    'Internal: the id of the scope that an environment of this region and account lives in.';

CREATE FUNCTION streamkeeper.owns_anything(uid uuid)
RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, streamkeeper
AS $$
    SELECT EXISTS (
               SELECT FROM streamkeeper.owned_objects WHERE owned_objects.uid = $1
           )
        OR EXISTS (
               SELECT FROM streamkeeper.intents
               WHERE intents.uid = $1 AND intents.settled_at IS NULL
           )
$$;

COMMENT ON FUNCTION streamkeeper.owns_anything(uuid) IS
    'Whether an environment owns anything in AWS, or a call is open that may have made something.';
