-- Lets elements of a list be unique by several keys together: grants by principal and prefix.

CREATE OR REPLACE FUNCTION streamkeeper.array_faults(list jsonb, rule jsonb, path text, defs jsonb)
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    faults text[] := streamkeeper.count_faults(
        jsonb_array_length(list), rule -> 'minItems', rule -> 'maxItems', 'element', path);
    child_rule CONSTANT jsonb := rule -> 'items';
    unique_by CONSTANT jsonb := rule -> 'x-uniqueBy';
    child jsonb;
    position integer := 0;
BEGIN
    FOR child IN SELECT jsonb_array_elements(list) LOOP
        faults := faults || streamkeeper.schema_faults(
            child, child_rule, path || '[' || position || ']', defs);
        position := position + 1;
        EXIT WHEN cardinality(faults) >= 20;
    END LOOP;
    IF unique_by IS NOT NULL AND position > 1 THEN
        faults := faults || streamkeeper.repeated_key_faults(list, unique_by, path);
    END IF;
    RETURN faults;
END
$$;

COMMENT ON FUNCTION streamkeeper.array_faults(jsonb, jsonb, text, jsonb) IS
    'Faults of a list: its length, its elements, elements that share a key.';

CREATE FUNCTION streamkeeper.repeated_key_faults(list jsonb, unique_by jsonb, path text)
RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(
    SELECT CASE jsonb_typeof(unique_by)
        WHEN 'string' THEN format('%s[%s].%s: %s is already taken by [%s]', path,
                                  entry.position - 1, unique_by #>> '{}',
                                  streamkeeper.shown(entry.key), entry.first - 1)
        ELSE format('%s[%s]: has the same %s as [%s]', path, entry.position - 1,
                    streamkeeper.listed(unique_by), entry.first - 1)
    END
    FROM (
        SELECT element.key, element.position,
               min(element.position) OVER (PARTITION BY element.key) AS first
        FROM (
            SELECT one.ordinality AS position,
                   CASE jsonb_typeof(unique_by)
                       WHEN 'string' THEN one.value -> (unique_by #>> '{}')
                       -- A key that is left out is a value like any other: null.
                       ELSE (SELECT jsonb_agg(one.value -> named.key ORDER BY named.ordinality)
                             FROM jsonb_array_elements_text(unique_by)
                             WITH ORDINALITY AS named (key, ordinality))
                   END AS key
            FROM jsonb_array_elements(list) WITH ORDINALITY AS one
        ) AS element
    ) AS entry
    WHERE entry.key IS NOT NULL AND entry.first < entry.position
    ORDER BY entry.position
    LIMIT 20
);

COMMENT ON FUNCTION streamkeeper.repeated_key_faults(jsonb, jsonb, text) IS
    'Faults of elements that share a key, or several keys together: x-uniqueBy.';
