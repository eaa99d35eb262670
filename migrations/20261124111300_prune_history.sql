-- Defines retention: old history goes in batches, so that nothing waits for it.

CREATE FUNCTION streamkeeper.prune_events(older_than interval, batch integer)
RETURNS bigint
LANGUAGE sql
AS $$
    WITH pruned AS (
        DELETE FROM streamkeeper.events
        WHERE id IN (
            SELECT events.id
            FROM streamkeeper.events
            WHERE events.last_seen_at < clock_timestamp() - older_than
            ORDER BY events.last_seen_at
            LIMIT batch
            FOR UPDATE SKIP LOCKED
        )
        RETURNING id
    )
    SELECT count(*) FROM pruned
$$;

COMMENT ON FUNCTION streamkeeper.prune_events(interval, integer) IS
    'Removes up to a batch of events that last happened longer ago than this; returns how many. Call it until it returns less than the batch.';

CREATE FUNCTION streamkeeper.prune_intents(older_than interval, batch integer)
RETURNS bigint
LANGUAGE sql
AS $$
    WITH pruned AS (
        DELETE FROM streamkeeper.intents
        WHERE id IN (
            SELECT intents.id
            FROM streamkeeper.intents
            WHERE intents.settled_at < clock_timestamp() - older_than
            ORDER BY intents.settled_at
            LIMIT batch
            FOR UPDATE SKIP LOCKED
        )
        RETURNING id
    )
    SELECT count(*) FROM pruned
$$;

COMMENT ON FUNCTION streamkeeper.prune_intents(interval, integer) IS
    'Removes up to a batch of intents that were settled longer ago than this; returns how many. Open ones stay.';
