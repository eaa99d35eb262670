-- Lets a rule between keys look at keys below them, and make an exception: a fleet requires an
-- image unless its fleetType is ELASTIC.

CREATE OR REPLACE FUNCTION streamkeeper.conditional_key_faults(object jsonb, rule jsonb, path text)
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    faults text[] := '{}';
    condition jsonb;
    value jsonb;
BEGIN
    FOR condition IN
        SELECT jsonb_array_elements(
            coalesce(rule -> 'x-requiresWhen', '[]') || coalesce(rule -> 'x-forbidsWhen', '[]'))
    LOOP
        -- A key of the schema has no dot: one separates it from the key above it.
        value := object #> string_to_array(condition ->> 'key', '.');
        CONTINUE WHEN value IS NULL;
        CONTINUE WHEN condition ? 'equals' AND value <> condition -> 'equals';
        CONTINUE WHEN object #> string_to_array(condition #>> '{unless,key}', '.')
                      = condition #> '{unless,equals}';
        faults := faults || ARRAY(
            SELECT format('%s: is %s %s', streamkeeper.child_path(path, target.name),
                          target.verdict,
                          CASE WHEN condition ? 'equals'
                               THEN format('when "%s" is %s', condition ->> 'key',
                                           streamkeeper.shown(condition -> 'equals'))
                               ELSE format('with "%s"', condition ->> 'key') END)
            FROM (
                SELECT jsonb_array_elements_text(condition -> 'requires'), 'required', false
                UNION ALL
                SELECT jsonb_array_elements_text(condition -> 'forbids'), 'not allowed', true
            ) AS target (name, verdict, wrong_when_given)
            WHERE (object ? target.name) = target.wrong_when_given);
    END LOOP;
    RETURN faults;
END
$$;

COMMENT ON FUNCTION streamkeeper.conditional_key_faults(jsonb, jsonb, text) IS
    'Faults of keys that depend on another key, one below it or its value, but for an exception: x-requiresWhen, x-forbidsWhen.';
