-- Checks a whole spec: what the daemon could not hold first, then the stored schema.

CREATE FUNCTION streamkeeper.number_is_held(number numeric)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    -- Whole numbers are 64 bits, all others double precision; both must survive the trip.
    WHEN scale(number) = 0 THEN number BETWEEN -9223372036854775808 AND 9223372036854775807
    ELSE number = 0 OR abs(number) BETWEEN 4.9406564584124654e-324 AND 1.7976931348623157e308
END;

COMMENT ON FUNCTION streamkeeper.number_is_held(numeric) IS
    'Whether the daemon can hold a JSON number.';

CREATE FUNCTION streamkeeper.limit_faults(spec jsonb)
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    -- Looked at by jsonpath, which goes no deeper than asked: before anything here recurses.
    IF jsonb_path_exists(spec, 'strict $.**{65}') THEN
        RETURN ARRAY['spec: is nested deeper than 64 levels'];
    END IF;
    IF NOT EXISTS (
        SELECT FROM jsonb_path_query(spec, 'strict $.** ? (@.type() == "number")') AS number
        WHERE NOT streamkeeper.number_is_held(number::numeric)
    ) THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(
        WITH RECURSIVE node (path, value) AS (
            SELECT 'spec', spec
            UNION ALL
            SELECT child.path, child.value
            FROM node,
                 LATERAL (
                     SELECT streamkeeper.child_path(node.path, entry.key) AS path, entry.value
                     FROM jsonb_each(CASE jsonb_typeof(node.value)
                                         WHEN 'object' THEN node.value ELSE '{}' END) AS entry
                     UNION ALL
                     SELECT format('%s[%s]', node.path, element.ordinality - 1), element.value
                     FROM jsonb_array_elements(CASE jsonb_typeof(node.value)
                                                   WHEN 'array' THEN node.value ELSE '[]' END)
                          WITH ORDINALITY AS element
                 ) AS child
        )
        SELECT format('%s: %s cannot be held: whole numbers have 64 bits, others double precision',
                      node.path, streamkeeper.shown(node.value))
        FROM node
        WHERE CASE WHEN jsonb_typeof(node.value) = 'number'
                   THEN NOT streamkeeper.number_is_held(node.value::numeric) END
        ORDER BY node.path
        LIMIT 20);
END
$$;

COMMENT ON FUNCTION streamkeeper.limit_faults(jsonb) IS
    'Faults of a spec that no program could hold: absurd depth, numbers beyond Rust''s.';

CREATE FUNCTION streamkeeper.spec_faults(spec jsonb)
RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, streamkeeper
AS $$
DECLARE
    faults text[] := streamkeeper.limit_faults(spec);
    defs jsonb;
    rule jsonb;
BEGIN
    IF faults <> '{}' THEN
        RETURN faults;
    END IF;
    -- Taken apart here: the whole is a reference into the table's overflow, followed anew at every
    -- look into it, its parts are values.
    SELECT spec_schema.schema -> '$defs', spec_schema.schema - '$defs'
    INTO defs, rule
    FROM streamkeeper.spec_schema;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no spec can be checked before "streamkeeper migrate" has stored the schema'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'Run "streamkeeper migrate" against this database.';
    END IF;
    RETURN streamkeeper.schema_faults(spec, rule, 'spec', defs);
END
$$;

COMMENT ON FUNCTION streamkeeper.spec_faults(jsonb) IS
    'Everything that is wrong with a spec, each fault with its path; empty when a row may have it.';
