-- Interprets what the schema says of objects and lists, and of keys that depend on each other.

CREATE FUNCTION streamkeeper.object_faults(object jsonb, rule jsonb, path text, defs jsonb)
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    properties CONSTANT jsonb := coalesce(rule -> 'properties', '{}');
    others CONSTANT jsonb := rule -> 'additionalProperties';
    faults text[] := '{}';
    key text;
    child jsonb;
    child_rule jsonb;
BEGIN
    FOR key, child IN SELECT entry.key, entry.value FROM jsonb_each(object) AS entry LOOP
        child_rule := coalesce(properties -> key, others);
        IF child_rule = 'false' THEN
            faults := faults || streamkeeper.unknown_key_fault(path, key, properties);
        ELSIF jsonb_typeof(child_rule) = 'object' THEN
            faults := faults || streamkeeper.schema_faults(
                child, child_rule, streamkeeper.child_path(path, key), defs);
        END IF;
        IF rule ? 'propertyNames' THEN
            faults := faults || streamkeeper.string_faults(
                key, rule -> 'propertyNames', streamkeeper.child_path(path, key));
        END IF;
        -- Twenty faults are enough to read, and bound the work on a hopeless document.
        EXIT WHEN cardinality(faults) >= 20;
    END LOOP;
    IF rule ? 'required' THEN
        faults := faults || ARRAY(
            SELECT streamkeeper.child_path(path, required.key) || ': is required'
            FROM jsonb_array_elements_text(rule -> 'required') AS required (key)
            WHERE NOT object ? required.key);
    END IF;
    IF rule ?| ARRAY['minProperties', 'maxProperties'] THEN
        faults := faults || streamkeeper.count_faults(
            (SELECT count(*) FROM jsonb_object_keys(object)),
            rule -> 'minProperties', rule -> 'maxProperties', 'key', path);
    END IF;
    IF rule ?| ARRAY['x-atLeastOneOf', 'x-exactlyOneOf', 'x-requires', 'x-requiresWhen',
                     'x-forbidsWhen'] THEN
        faults := faults || streamkeeper.key_faults(object, rule, path);
    END IF;
    IF rule @> '{"x-notPublic": true}' THEN
        faults := faults || streamkeeper.public_statement_faults(object, path);
    END IF;
    RETURN faults;
END
$$;

COMMENT ON FUNCTION streamkeeper.object_faults(jsonb, jsonb, text, jsonb) IS
    'Faults of an object: of its members, and unknown, missing and conflicting keys.';

CREATE FUNCTION streamkeeper.unknown_key_fault(path text, key text, known jsonb)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN streamkeeper.child_path(path, key) || ': unknown key'
    || coalesce('; did you mean "' || streamkeeper.nearest_key(key, known) || '"?', '');

COMMENT ON FUNCTION streamkeeper.unknown_key_fault(text, text, jsonb) IS
    'The fault of a key that nobody knows, with the one it probably meant.';

CREATE FUNCTION streamkeeper.count_faults(
    count bigint, minimum jsonb, maximum jsonb, noun text, path text)
RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN count < minimum::bigint AND count = 0 THEN ARRAY[path || ': must not be empty']
    WHEN count < minimum::bigint
        THEN ARRAY[format('%s: has %s %ss, below the minimum %s', path, count, noun, minimum)]
    WHEN count > maximum::bigint
        THEN ARRAY[format('%s: has %s %ss, above the maximum %s', path, count, noun, maximum)]
    ELSE '{}'
END;

COMMENT ON FUNCTION streamkeeper.count_faults(bigint, jsonb, jsonb, text, text) IS
    'The fault of a list or an object that has too few or too many members.';

CREATE FUNCTION streamkeeper.key_faults(object jsonb, rule jsonb, path text)
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    faults text[] := '{}';
    keys jsonb;
    key text;
    given bigint;
BEGIN
    FOR keys IN SELECT jsonb_array_elements(rule -> 'x-atLeastOneOf') LOOP
        IF NOT object ?| ARRAY(SELECT jsonb_array_elements_text(keys)) THEN
            faults := faults || format('%s: at least one of %s is required',
                                       path, streamkeeper.listed(keys));
        END IF;
    END LOOP;
    FOR keys IN SELECT jsonb_array_elements(rule -> 'x-exactlyOneOf') LOOP
        given := (SELECT count(*) FROM jsonb_array_elements_text(keys) AS one (name)
                  WHERE object ? one.name);
        IF given <> 1 THEN
            faults := faults || format('%s: exactly one of %s is required, not %s',
                path, streamkeeper.listed(keys),
                CASE given WHEN 0 THEN 'none' WHEN 2 THEN 'both' ELSE 'several' END);
        END IF;
    END LOOP;
    FOR key, keys IN SELECT entry.key, entry.value FROM jsonb_each(rule -> 'x-requires') AS entry LOOP
        IF object ? key THEN
            faults := faults || ARRAY(
                SELECT format('%s: is required with "%s"',
                              streamkeeper.child_path(path, needed.name), key)
                FROM jsonb_array_elements_text(keys) AS needed (name)
                WHERE NOT object ? needed.name);
        END IF;
    END LOOP;
    RETURN faults || streamkeeper.conditional_key_faults(object, rule, path);
END
$$;

COMMENT ON FUNCTION streamkeeper.key_faults(jsonb, jsonb, text) IS
    'Faults of keys that need or exclude each other: x-atLeastOneOf, x-exactlyOneOf, x-requires.';

CREATE FUNCTION streamkeeper.conditional_key_faults(object jsonb, rule jsonb, path text)
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
        CONTINUE WHEN object -> (condition ->> 'key') IS DISTINCT FROM condition -> 'equals';
        faults := faults || ARRAY(
            SELECT format('%s: is %s when "%s" is %s',
                          streamkeeper.child_path(path, target.name), target.verdict,
                          condition ->> 'key', streamkeeper.shown(condition -> 'equals'))
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
    'Faults of keys that depend on another key''s value: x-requiresWhen, x-forbidsWhen.';

-- Whoever can be anybody makes the bucket public. NotPrincipal with Allow is everybody but a few.
CREATE FUNCTION streamkeeper.public_statement_faults(statement jsonb, path text)
RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN statement ->> 'Effect' IS DISTINCT FROM 'Allow'
         OR coalesce(statement -> 'Condition', '{}') <> '{}' THEN '{}'
    WHEN statement ? 'NotPrincipal'
        THEN ARRAY[format('%s.NotPrincipal: statement %s allows everybody but those named, without a Condition: that makes the bucket public',
                          path, coalesce(streamkeeper.shown(statement -> 'Sid'), 'without a Sid'))]
    -- "*" by itself, of one kind, or in a kind's list.
    WHEN jsonb_path_exists(statement, 'lax $.Principal ? (@ == "*")')
         OR jsonb_path_exists(statement, 'lax $.Principal.*[*] ? (@ == "*")')
        THEN ARRAY[format('%s.Principal: statement %s allows everybody ("*") without a Condition: that makes the bucket public',
                          path, coalesce(streamkeeper.shown(statement -> 'Sid'), 'without a Sid'))]
    ELSE '{}'
END;

COMMENT ON FUNCTION streamkeeper.public_statement_faults(jsonb, text) IS
    'The fault of a policy statement that allows everybody without a condition (x-notPublic).';

CREATE FUNCTION streamkeeper.array_faults(list jsonb, rule jsonb, path text, defs jsonb)
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    faults text[] := streamkeeper.count_faults(
        jsonb_array_length(list), rule -> 'minItems', rule -> 'maxItems', 'element', path);
    child_rule CONSTANT jsonb := rule -> 'items';
    unique_key CONSTANT text := rule ->> 'x-uniqueBy';
    child jsonb;
    position integer := 0;
BEGIN
    FOR child IN SELECT jsonb_array_elements(list) LOOP
        faults := faults || streamkeeper.schema_faults(
            child, child_rule, path || '[' || position || ']', defs);
        position := position + 1;
        EXIT WHEN cardinality(faults) >= 20;
    END LOOP;
    IF unique_key IS NOT NULL AND position > 1 THEN
        faults := faults || ARRAY(
            SELECT format('%s[%s].%s: %s is already taken by [%s]', path, entry.position - 1,
                          unique_key, streamkeeper.shown(entry.key), entry.first - 1)
            FROM (
                SELECT element.value -> unique_key AS key, element.ordinality AS position,
                       min(element.ordinality) OVER (PARTITION BY element.value -> unique_key) AS first
                FROM jsonb_array_elements(list) WITH ORDINALITY AS element
            ) AS entry
            WHERE entry.key IS NOT NULL AND entry.first < entry.position
            ORDER BY entry.position
            LIMIT 20);
    END IF;
    RETURN faults;
END
$$;

COMMENT ON FUNCTION streamkeeper.array_faults(jsonb, jsonb, text, jsonb) IS
    'Faults of a list: its length, its elements, elements that share a key.';

CREATE FUNCTION streamkeeper.schema_faults(value jsonb, rule jsonb, path text, defs jsonb)
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    kind CONSTANT text := jsonb_typeof(value);
    types jsonb;
BEGIN
    IF rule ? '$ref' THEN
        rule := streamkeeper.resolved(rule, defs);
    END IF;
    IF rule ?| ARRAY['anyOf', 'oneOf'] THEN
        RETURN streamkeeper.branch_faults(
            value, coalesce(rule -> 'anyOf', rule -> 'oneOf'), path, defs);
    END IF;
    types := rule -> 'type';
    IF NOT (types ? kind OR (kind = 'number' AND types ? 'integer')) THEN
        RETURN streamkeeper.type_faults(value, types, path);
    END IF;
    IF kind = 'object' THEN
        RETURN streamkeeper.object_faults(value, rule, path, defs);
    ELSIF kind = 'array' THEN
        RETURN streamkeeper.array_faults(value, rule, path, defs);
    ELSIF rule ? 'const' AND value <> rule -> 'const' THEN
        RETURN ARRAY[format('%s: %s is not %s', path, streamkeeper.shown(value),
                            streamkeeper.shown(rule -> 'const'))];
    ELSIF rule ? 'enum' AND NOT rule -> 'enum' @> value THEN
        RETURN ARRAY[format('%s: %s is not one of %s', path, streamkeeper.shown(value),
                            streamkeeper.listed(rule -> 'enum'))];
    ELSIF kind = 'string' THEN
        RETURN streamkeeper.string_faults(value #>> '{}', rule, path);
    ELSIF kind = 'number' THEN
        RETURN streamkeeper.number_faults(value, rule, path);
    END IF;
    RETURN '{}';
END
$$;

COMMENT ON FUNCTION streamkeeper.schema_faults(jsonb, jsonb, text, jsonb) IS
    'Faults of a value by a rule of a JSON Schema; defs is the schema''s $defs. Interprets the subset that streamkeeper.schema_subset_faults accepts.';
