-- Refuses to store a schema that the interpreter would only half understand.

-- A keyword that nobody interprets would be a rule that nobody keeps. So every keyword is known,
-- every reference has a target, every rule has a type or alternatives, and a pattern compiles.
CREATE FUNCTION streamkeeper.schema_subset_faults(schema jsonb)
RETURNS SETOF text
LANGUAGE sql STABLE
AS $$
    WITH RECURSIVE rule (path, body) AS (
        SELECT '#', schema
        UNION ALL
        SELECT child.path, child.body
        FROM rule,
             LATERAL (
                 SELECT format('%s/%s/%s', rule.path, keyword, member.key), member.value
                 FROM unnest(ARRAY['$defs', 'properties']) AS keyword,
                      jsonb_each(coalesce(rule.body -> keyword, '{}')) AS member
                 UNION ALL
                 SELECT format('%s/%s', rule.path, keyword), rule.body -> keyword
                 FROM unnest(ARRAY['items', 'additionalProperties', 'propertyNames']) AS keyword
                 WHERE jsonb_typeof(rule.body -> keyword) = 'object'
                 UNION ALL
                 SELECT format('%s/%s/%s', rule.path, keyword, branch.ordinality - 1), branch.value
                 FROM unnest(ARRAY['anyOf', 'oneOf']) AS keyword,
                      jsonb_array_elements(coalesce(rule.body -> keyword, '[]'))
                      WITH ORDINALITY AS branch
             ) AS child (path, body)
    ),
    keyword AS (
        SELECT rule.path, rule.body, entry.key, entry.value
        FROM rule, jsonb_each(rule.body) AS entry
    )
    SELECT format('%s: keyword "%s" is not interpreted', path, key)
    FROM keyword
    WHERE key NOT IN (
        '$schema', '$defs', 'title', 'description', 'default', 'format',
        '$ref', 'anyOf', 'oneOf', 'type', 'enum', 'const',
        'properties', 'required', 'additionalProperties', 'propertyNames',
        'minProperties', 'maxProperties', 'items', 'minItems', 'maxItems',
        'minLength', 'maxLength', 'pattern', 'minimum', 'maximum',
        'x-atLeastOneOf', 'x-exactlyOneOf', 'x-requires', 'x-requiresWhen', 'x-forbidsWhen',
        'x-uniqueBy', 'x-forbiddenPrefixes', 'x-notPublic')
    UNION ALL
    SELECT format('%s: "%s" beside "%s" would be ignored', path, key, alternative)
    FROM keyword, unnest(ARRAY['$ref', 'anyOf', 'oneOf']) AS alternative
    WHERE body ? alternative AND key <> alternative
      AND key NOT IN ('$schema', '$defs', 'title', 'description', 'default')
    UNION ALL
    SELECT format('%s: has neither a type nor alternatives', path)
    FROM rule
    WHERE NOT body ?| ARRAY['$ref', 'anyOf', 'oneOf', 'type']
    UNION ALL
    SELECT format('%s: %s has no target with a rule of its own', path, value)
    FROM keyword
    WHERE key = '$ref'
      AND NOT coalesce(starts_with(value #>> '{}', '#/$defs/')
                       AND NOT schema #> ARRAY['$defs', substr(value #>> '{}', 9)] ? '$ref', false)
    UNION ALL
    SELECT format('%s: an integer has no minimum and maximum', path)
    FROM rule
    WHERE body -> 'type' ? 'integer' AND NOT body ?& ARRAY['minimum', 'maximum']
      AND NOT body ?| ARRAY['const', 'enum']
    UNION ALL
    -- Never a fault: an invalid pattern raises its own error here, before it is stored.
    SELECT path FROM keyword WHERE key = 'pattern' AND ('' ~ (value #>> '{}')) IS NULL
$$;

COMMENT ON FUNCTION streamkeeper.schema_subset_faults(jsonb) IS
    'Everything in a JSON Schema that streamkeeper.schema_faults would not keep.';

CREATE FUNCTION streamkeeper.check_spec_schema()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, streamkeeper
AS $$
DECLARE
    faults CONSTANT text[] := ARRAY(SELECT streamkeeper.schema_subset_faults(NEW.schema));
BEGIN
    IF faults <> '{}' THEN
        RAISE EXCEPTION 'the spec schema is not stored: %', faults[1]
            USING ERRCODE = 'check_violation',
                  DETAIL = array_to_string(faults[2:], E'\n');
    END IF;
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION streamkeeper.check_spec_schema() IS
    'Trigger: refuses a schema outside the interpreted subset.';

CREATE TRIGGER check_spec_schema
    BEFORE INSERT OR UPDATE ON streamkeeper.spec_schema
    FOR EACH ROW EXECUTE FUNCTION streamkeeper.check_spec_schema();

COMMENT ON TRIGGER check_spec_schema ON streamkeeper.spec_schema IS
    'Refuses a schema outside the interpreted subset.';
