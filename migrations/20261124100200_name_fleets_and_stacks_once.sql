-- Gives every fleet and every stack of a scope to one environment.

CREATE FUNCTION streamkeeper.fleet_name(name text, spec jsonb)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN spec ? 'fleet' THEN coalesce(spec #>> '{fleet,name}', name) END;

COMMENT ON FUNCTION streamkeeper.fleet_name(text, jsonb) IS
    'The AppStream fleet that an environment of this name and spec owns; null without one.';

CREATE FUNCTION streamkeeper.stack_name(name text, spec jsonb)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN spec ? 'stack' THEN coalesce(spec #>> '{stack,name}', name) END;

COMMENT ON FUNCTION streamkeeper.stack_name(text, jsonb) IS
    'The AppStream stack that an environment of this name and spec owns; null without one.';

-- Unique indexes rather than a look in a trigger: two transactions that do not see each other
-- cannot both win. Rows without an account share one scope.
CREATE UNIQUE INDEX environments_fleet_name_key
    ON streamkeeper.environments
    (region, coalesce(account_id, ''), streamkeeper.fleet_name(name, spec));

CREATE UNIQUE INDEX environments_stack_name_key
    ON streamkeeper.environments
    (region, coalesce(account_id, ''), streamkeeper.stack_name(name, spec));

COMMENT ON INDEX streamkeeper.environments_fleet_name_key IS
    'A fleet of a scope belongs to one environment.';
COMMENT ON INDEX streamkeeper.environments_stack_name_key IS
    'A stack of a scope belongs to one environment.';
