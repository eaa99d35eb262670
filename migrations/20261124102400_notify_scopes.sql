-- Wakes the keeper of the scope whose rows changed.

CREATE FUNCTION streamkeeper.notify_scope()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, streamkeeper
AS $$
DECLARE
    changed CONSTANT streamkeeper.environments := coalesce(NEW, OLD);
BEGIN
    -- Delivered on commit, and once however many rows of a scope one transaction changes.
    PERFORM pg_notify(
        'streamkeeper_environments',
        coalesce(changed.account_id, streamkeeper.pinned_account(changed.region), '')
            || '/' || changed.region);
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION streamkeeper.notify_scope() IS
    'Trigger: notifies channel streamkeeper_environments with account/region; the account is empty until one is pinned.';

CREATE TRIGGER notify_scope
    AFTER INSERT OR DELETE ON streamkeeper.environments
    FOR EACH ROW EXECUTE FUNCTION streamkeeper.notify_scope();

CREATE TRIGGER notify_scope_of_change
    AFTER UPDATE ON streamkeeper.environments
    -- An UPDATE that changed nothing wakes nobody.
    FOR EACH ROW WHEN (OLD.updated_at IS DISTINCT FROM NEW.updated_at)
    EXECUTE FUNCTION streamkeeper.notify_scope();

COMMENT ON TRIGGER notify_scope ON streamkeeper.environments IS
    'Wakes the keeper of the row''s scope.';
COMMENT ON TRIGGER notify_scope_of_change ON streamkeeper.environments IS
    'Wakes the keeper of the row''s scope when the row really changed.';
