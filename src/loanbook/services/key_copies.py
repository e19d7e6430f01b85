"""The copy of the key file: written over the one before, taken back without bringing an erased borrower back."""

from dataclasses import dataclass
from pathlib import Path

from loanbook.errors import Finding, StateError
from loanbook.services.clock import wall_clock
from loanbook.stores.embedded import online_dsn
from loanbook.stores.online.audit import Entry, append
from loanbook.stores.online.key_file import SLOT_BYTES, KeyFile, keys_folder
from loanbook.stores.online.migrate import migrate_dsn
from loanbook.stores.online.unit import Connection, connect
from loanbook.stores.online.vault import Vault, open_vault

_ROWS = 10_000
WHO = "command line"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """What taking keys back came to: slots of the file, slots listed as erased, rows of the store that were blanked again."""

    slots: int
    listed: int
    blanked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysChecked:
    """Keys looked at, rows whose key is destroyed though they are not blank, and keys that do not open."""

    keys: int
    not_blank: int
    findings: tuple[Finding, ...]


def export_keys(folder: Path) -> int:
    """Copy the key file and its list of emptied slots into a folder, over the copy that is there; returns its slots.

    raises   StateError when the folder holds the copy of another key file
    """
    vault = open_vault()
    if (folder / vault.keys.path.name).exists() and vault.keys.name_of(folder) != vault.keys.name():
        raise StateError(f"{folder} holds the copy of another key file. Name another folder.")
    if folder.resolve() == vault.keys.folder.resolve():
        raise StateError(f"{folder} is the folder of the key file itself. Name another folder, best on another machine.")
    vault.keys.copy_to(folder)
    with online_dsn() as dsn:
        migrate_dsn(dsn)
        with connect(dsn) as tx:
            append(tx, [Entry(caller_id=WHO, action="keys_exported", subjects=(vault.keys.name(),), status=200)], wall_clock()[0])
    return vault.keys.slots()


def import_keys(folder: Path, *, replace: bool = False) -> TakenBack:
    """Take a copy of the key file back, empty what any list says was erased, and blank the rows of those borrowers again.

    raises   StateError when a key file is there that holds keys which the copy lacks, or is another one, unless `replace`
    """
    was_there = (keys_folder() / "keys").exists()
    if not (folder / "keys").is_file():
        raise StateError(
            f"{folder / 'keys'} is not there: this folder holds no copy of a key file. `loanbook key export` makes one."
        )
    keys = open_vault().keys
    named = keys.name_of(folder)
    if was_there and not replace:
        if keys.name() != named:
            raise StateError(
                f"{keys.path} is another key file; in its place, what is sealed under it could never be read again. "
                "Name another folder in LOANBOOK_KEYS, or say --replace."
            )
        if keys.slots() > _slots(folder):
            raise StateError(
                f"{keys.path} has {keys.slots():,} slots, the copy {_slots(folder):,}: keys made since the copy would be lost. "
                "Say --replace to lose them."
            )
    listed = keys.restore(folder)
    # Opened anew: what is derived from the root belongs to the file that is there now.
    vault = open_vault()
    with online_dsn() as dsn:
        migrate_dsn(dsn)
        with connect(dsn) as tx:
            vault.keys.reach(highest_slot(tx) + 1)
            blanked = len(vault.erase_again(tx, wall_clock()[0]))
            append(tx, [Entry(caller_id=WHO, action="keys_imported", subjects=(named,), status=200)], wall_clock()[0])
    return TakenBack(slots=vault.keys.slots(), listed=listed, blanked=blanked)


def _slots(folder: Path) -> int:
    return -(-(folder / "keys").stat().st_size // SLOT_BYTES)


def highest_slot(tx: Connection) -> int:
    """The highest slot that a row of the store names; 0 for none."""
    row = tx.execute("SELECT coalesce(max(key_slot), 0) AS most FROM identity").fetchone()
    return int(row["most"]) if row else 0


def check_keys(tx: Connection, vault: Vault, most: int = 100) -> KeysChecked:
    """Open the key of every borrower who has one; returns the first findings. Reads the key file and one column of the store."""
    looked = not_blank = 0
    findings: list[Finding] = []
    with tx.cursor("keys") as rows:
        rows.execute("SELECT key_slot, borrower_id FROM identity WHERE key_slot IS NOT NULL ORDER BY key_slot")
        before = -1
        while part := rows.fetchmany(_ROWS):
            looked += len(part)
            wanted = [(row["key_slot"], row["borrower_id"]) for row in part]
            not_blank += sum(vault.keys.emptied([slot for slot, _ in wanted]))
            for (slot, owner), fault in zip(wanted, vault.keys.faults(wanted), strict=True):
                words = "two borrowers have one key" if slot == before else fault
                before = slot
                if words is not None and len(findings) < most:
                    findings.append(Finding(place=f"borrower {owner}", message=words, value=f"slot {slot}"))
    return KeysChecked(keys=looked, not_blank=not_blank, findings=tuple(findings))


def list_faults(keys: KeyFile) -> list[Finding]:
    """Slots that are listed as erased and are not empty."""
    listed = keys.listed()
    words = "the slot is listed as erased, but not empty. `loanbook key import` of any copy empties it"
    return [
        Finding(place=f"key file, slot {slot}", message=words)
        for slot, flag in zip(listed, keys.emptied(listed), strict=True)
        if not flag
    ]
