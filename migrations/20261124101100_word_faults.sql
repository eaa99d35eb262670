-- Defines how faults of a spec are worded: paths, values, types and near misses.

CREATE FUNCTION streamkeeper.child_path(path text, key text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN key ~ '^[A-Za-z_][A-Za-z0-9_-]*$' THEN path || '.' || key
    ELSE path || '[' || to_json(key)::text || ']'
END;

COMMENT ON FUNCTION streamkeeper.child_path(text, text) IS
    'The path of a key below a path: a.b, or a["b c"] where the key is no plain word.';

CREATE FUNCTION streamkeeper.shown(value jsonb)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE jsonb_typeof(value)
    WHEN 'object' THEN 'an object'
    WHEN 'array' THEN 'a list'
    -- 80 characters tell a value and keep a message on a line or two.
    ELSE left(value::text, 80) || CASE WHEN length(value::text) > 80 THEN '…' ELSE '' END
END;

COMMENT ON FUNCTION streamkeeper.shown(jsonb) IS
    'A value as messages show it: JSON text, cut after 80 characters.';

CREATE FUNCTION streamkeeper.listed(items jsonb)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(streamkeeper.shown(item.value), ', ' ORDER BY item.ordinality)
    FROM jsonb_array_elements(items) WITH ORDINALITY AS item;
END;

COMMENT ON FUNCTION streamkeeper.listed(jsonb) IS
    'The elements of a JSON array as messages list them.';

-- null is what can be unset, never what was expected: it is not named.
CREATE FUNCTION streamkeeper.type_names(types jsonb)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT regexp_replace(string_agg(
        CASE type.name
            WHEN 'string' THEN 'a string'
            WHEN 'integer' THEN 'a whole number'
            WHEN 'number' THEN 'a number'
            WHEN 'boolean' THEN 'true or false'
            WHEN 'array' THEN 'a list'
            WHEN 'object' THEN 'an object'
        END, ', ' ORDER BY type.position), ', ([^,]*)$', ' or \1')
    FROM (
        SELECT element.name, min(element.position) AS position
        FROM jsonb_array_elements_text(
            CASE jsonb_typeof(types) WHEN 'array' THEN types ELSE jsonb_build_array(types) END
        ) WITH ORDINALITY AS element (name, position)
        WHERE element.name <> 'null'
        GROUP BY element.name
    ) AS type;
END;

COMMENT ON FUNCTION streamkeeper.type_names(jsonb) IS
    'The words for a JSON Schema type or a list of types.';

CREATE FUNCTION streamkeeper.edit_distance(a text, b text)
RETURNS integer
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    previous integer[] := ARRAY(SELECT generate_series(0, length(b)));
    current_row integer[];
BEGIN
    FOR i IN 1..length(a) LOOP
        current_row := ARRAY[i];
        FOR j IN 1..length(b) LOOP
            current_row[j + 1] := least(
                previous[j + 1] + 1,
                current_row[j] + 1,
                previous[j] + (substr(a, i, 1) <> substr(b, j, 1))::integer);
        END LOOP;
        previous := current_row;
    END LOOP;
    RETURN previous[length(b) + 1];
END
$$;

COMMENT ON FUNCTION streamkeeper.edit_distance(text, text) IS
    'How many characters have to be typed differently to get from one word to the other.';

-- Two slips of the finger, capitals and separators apart; further off a hint misleads.
CREATE FUNCTION streamkeeper.nearest_key(key text, known jsonb)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT near.candidate
    FROM (
        SELECT plain.candidate,
               CASE WHEN abs(length(plain.typed) - length(plain.word)) <= 2
                    THEN streamkeeper.edit_distance(plain.typed, plain.word)
               END AS distance
        FROM (
            SELECT candidate,
                   regexp_replace(lower(left(key, 60)), '[_-]', '', 'g') AS typed,
                   regexp_replace(lower(candidate), '[_-]', '', 'g') AS word
            FROM jsonb_object_keys(known) AS candidate
        ) AS plain
    ) AS near
    WHERE near.distance <= 2
    ORDER BY near.distance, near.candidate
    LIMIT 1;
END;

COMMENT ON FUNCTION streamkeeper.nearest_key(text, jsonb) IS
    'The known key that an unknown one probably meant, if one is near.';
