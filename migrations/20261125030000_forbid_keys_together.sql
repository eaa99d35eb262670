-- Lets a rule refuse two keys together, whatever their values: fleet and fleetRef.

CREATE OR REPLACE FUNCTION streamkeeper.conditional_key_faults(object jsonb, rule jsonb, path text)
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    faults text[] := '{}';
    condition jsonb;
BEGIN
    FOR condition IN
        SELECT jsonb_array_elements(
            coalesce(rule -> 'x-requiresWhen', '[]') || coalesce(rule -> 'x-forbidsWhen', '[]'))
    LOOP
        CONTINUE WHEN NOT object ? (condition ->> 'key');
        CONTINUE WHEN condition ? 'equals'
                  AND object -> (condition ->> 'key') IS DISTINCT FROM condition -> 'equals';
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
    'Faults of keys that depend on another key, or on its value: x-requiresWhen, x-forbidsWhen.';
