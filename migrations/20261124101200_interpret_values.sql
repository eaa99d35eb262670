-- Interprets what the schema says of single values: strings, numbers and choices.

CREATE FUNCTION streamkeeper.string_faults(value text, rule jsonb, path text)
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    faults text[] := '{}';
    prefix text;
BEGIN
    IF length(value) < (rule ->> 'minLength')::integer THEN
        faults := faults || (path || CASE length(value)
            WHEN 0 THEN ': must not be empty'
            ELSE format(': is %s characters long, below the minimum %s',
                        length(value), rule ->> 'minLength')
        END);
    END IF;
    IF length(value) > (rule ->> 'maxLength')::integer THEN
        faults := faults || format('%s: is %s characters long, above the maximum %s',
                                   path, length(value), rule ->> 'maxLength');
    END IF;
    -- By code point, whatever the database's collation.
    IF value COLLATE "C" !~ (rule ->> 'pattern') THEN
        faults := faults || format('%s: %s does not match %s',
                                   path, streamkeeper.shown(to_jsonb(value)), rule ->> 'pattern');
    END IF;
    IF rule ? 'x-forbiddenPrefixes' THEN
        FOR prefix IN SELECT jsonb_array_elements_text(rule -> 'x-forbiddenPrefixes') LOOP
            -- AWS reserves its prefix in any capitals.
            IF starts_with(lower(value), lower(prefix)) THEN
                faults := faults || format('%s: %s begins with the reserved "%s"',
                                           path, streamkeeper.shown(to_jsonb(value)), prefix);
            END IF;
        END LOOP;
    END IF;
    RETURN faults;
END
$$;

COMMENT ON FUNCTION streamkeeper.string_faults(text, jsonb, text) IS
    'Faults of a string: length, pattern, reserved prefixes.';

CREATE FUNCTION streamkeeper.number_faults(value jsonb, rule jsonb, path text)
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    number CONSTANT numeric := value::numeric;
BEGIN
    -- jsonb keeps the point of 1.0, which the daemon's integers do not read.
    IF scale(number) > 0 AND NOT rule -> 'type' ? 'number' THEN
        RETURN ARRAY[format('%s: %s is not a whole number written without a point',
                            path, streamkeeper.shown(value))];
    END IF;
    IF number < (rule ->> 'minimum')::numeric THEN
        RETURN ARRAY[format('%s: %s is below the minimum %s',
                            path, streamkeeper.shown(value), rule ->> 'minimum')];
    END IF;
    IF number > (rule ->> 'maximum')::numeric THEN
        RETURN ARRAY[format('%s: %s is above the maximum %s',
                            path, streamkeeper.shown(value), rule ->> 'maximum')];
    END IF;
    RETURN '{}';
END
$$;

COMMENT ON FUNCTION streamkeeper.number_faults(jsonb, jsonb, text) IS
    'Faults of a number: whole, minimum, maximum.';

CREATE FUNCTION streamkeeper.branch_faults(value jsonb, branches jsonb, path text, defs jsonb)
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    kind CONSTANT text := jsonb_typeof(value);
    branch jsonb;
    constants jsonb := '[]';
    types jsonb := '[]';
    faults text[];
    best text[];
BEGIN
    -- Each kind of null, string and so on that has a branch of its own is judged by that branch
    -- alone: "expected null" helps nobody who wrote a string.
    FOR branch IN SELECT jsonb_array_elements(branches) LOOP
        branch := streamkeeper.resolved(branch, defs);
        constants := constants || coalesce(branch -> 'const', '[]');
        types := types || coalesce(branch -> 'type', '[]');
        CONTINUE WHEN NOT streamkeeper.takes_kind(branch -> 'type', kind);
        faults := streamkeeper.schema_faults(value, branch, path, defs);
        IF faults = '{}' THEN
            RETURN faults;
        END IF;
        best := CASE
            WHEN best IS NULL OR cardinality(faults) < cardinality(best) THEN faults
            -- Two ways to be wrong in one place: say both.
            WHEN cardinality(faults) = 1 AND cardinality(best) = 1
                 AND faults <> best AND starts_with(faults[1], path || ': ')
                THEN ARRAY[best[1] || ' and ' || substr(faults[1], length(path) + 3)]
            ELSE best
        END;
    END LOOP;
    -- All branches are constants: a choice whose members have descriptions.
    IF jsonb_array_length(constants) = jsonb_array_length(branches) THEN
        RETURN ARRAY[format('%s: %s is not one of %s',
                            path, streamkeeper.shown(value), streamkeeper.listed(constants))];
    END IF;
    RETURN coalesce(best, streamkeeper.type_faults(value, types, path));
END
$$;

COMMENT ON FUNCTION streamkeeper.branch_faults(jsonb, jsonb, text, jsonb) IS
    'Faults of a value that has alternatives (anyOf, oneOf): those of the branch that it meant.';

CREATE FUNCTION streamkeeper.type_faults(value jsonb, types jsonb, path text)
RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY[format('%s: expected %s, not %s',
                    path, streamkeeper.type_names(types), streamkeeper.shown(value))];

COMMENT ON FUNCTION streamkeeper.type_faults(jsonb, jsonb, text) IS
    'The fault of a value of the wrong type.';

CREATE FUNCTION streamkeeper.takes_kind(types jsonb, kind text)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN types ? kind OR (kind = 'number' AND types ? 'integer');

COMMENT ON FUNCTION streamkeeper.takes_kind(jsonb, text) IS
    'Whether a JSON Schema type, or list of types, takes values of a kind as jsonb_typeof names it.';

CREATE FUNCTION streamkeeper.resolved(rule jsonb, defs jsonb)
RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    -- '#/$defs/' has eight characters.
    WHEN rule ? '$ref' THEN defs -> substr(rule ->> '$ref', 9)
    ELSE rule
END;

COMMENT ON FUNCTION streamkeeper.resolved(jsonb, jsonb) IS
    'A rule, or what its $ref points to.';
