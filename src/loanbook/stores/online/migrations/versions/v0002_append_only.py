"""What the tables refuse: an event, an audit entry or a decided proposal is not rewritten by anyone."""

from alembic import op

revision = "v0002"
down_revision = "v0001"

_APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused. Correct it by a further row.', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_not_emptied BEFORE TRUNCATE ON event EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_append_only BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_not_emptied BEFORE TRUNCATE ON audit EXECUTE FUNCTION refuse_change();
CREATE TRIGGER proposal_append_only BEFORE DELETE ON proposal FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER proposal_not_emptied BEFORE TRUNCATE ON proposal EXECUTE FUNCTION refuse_change()
"""

_AUDIT_SEALED_ONCE = """
CREATE FUNCTION seal_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.number IS NOT NULL THEN
            RAISE EXCEPTION 'audit: a new row waits for the sealer.' USING ERRCODE = 'restrict_violation';
        END IF;
    ELSIF OLD.number IS NOT NULL OR NEW.number IS NULL
        OR (OLD.entry, OLD.recorded_at, OLD.caller_id, OLD.action, OLD.subjects, OLD.status)
            IS DISTINCT FROM (NEW.entry, NEW.recorded_at, NEW.caller_id, NEW.action, NEW.subjects, NEW.status) THEN
        RAISE EXCEPTION 'audit is append-only: a row is only sealed, and once.' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER audit_sealed_once BEFORE INSERT OR UPDATE ON audit FOR EACH ROW EXECUTE FUNCTION seal_once()
"""

_PROPOSAL_DECIDED_ONCE = """
CREATE FUNCTION decide_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'proposed' THEN
            RAISE EXCEPTION 'proposal: a new one is not decided yet.' USING ERRCODE = 'restrict_violation';
        END IF;
    ELSIF OLD.state <> 'proposed'
        OR (OLD.proposal_id, OLD.kind, OLD.subject, OLD.content, OLD.content_hash, OLD.reason, OLD.maker, OLD.made_at)
            IS DISTINCT FROM
            (NEW.proposal_id, NEW.kind, NEW.subject, NEW.content, NEW.content_hash, NEW.reason, NEW.maker, NEW.made_at) THEN
        RAISE EXCEPTION 'proposal: what was proposed is not changed, and is decided once.' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER proposal_decided_once BEFORE INSERT OR UPDATE ON proposal FOR EACH ROW EXECUTE FUNCTION decide_once()
"""


def upgrade() -> None:
    """Functions and triggers; the application's role cannot pass them without dropping them first, which shows."""
    for statements in (_APPEND_ONLY, _AUDIT_SEALED_ONCE, _PROPOSAL_DECIDED_ONCE):
        op.execute(statements)
