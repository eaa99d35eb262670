-- Shortens the long lists of messages: a time zone is one of some six hundred names.

CREATE OR REPLACE FUNCTION streamkeeper.listed(items jsonb)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(streamkeeper.shown(item.value), ', ' ORDER BY item.ordinality)
           || CASE WHEN count(*) < jsonb_array_length(items)
                   THEN format(' and %s more', jsonb_array_length(items) - count(*))
                   ELSE '' END
    FROM jsonb_array_elements(items) WITH ORDINALITY AS item
    -- Twenty tell what kind of thing is meant; a hundred bury it.
    WHERE item.ordinality <= 20 OR jsonb_array_length(items) <= 40;
END;

COMMENT ON FUNCTION streamkeeper.listed(jsonb) IS
    'The elements of a JSON array as messages list them, of many the first.';
