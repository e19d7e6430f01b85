"""List the books when called alone; its commands keep the ledger of a book.

The ledger is the company's accounts, made of the loans' events and the company's own. Quarters are closed in their order, locked,
and chained by hashes. `loanbook close` measures a book as of a day; `loanbook books close` measures a quarter and posts it.
"""

import typer

from loanbook.commands import entity_bridge, estimates, ledger, ledger_files, manual_entries, own_terms, restating

app = typer.Typer(invoke_without_command=True, help=__doc__)
app.callback()(ledger.books)
app.command("begin")(ledger.begin_book)
app.command("terms")(own_terms.copy_terms)
app.command("close")(ledger.close_books)
app.command("import")(ledger.import_events)
app.command("accounts")(ledger.list_accounts)
app.command("rules")(ledger.list_rules)
app.command("balances")(ledger.show_balances)
app.command("verify")(ledger.verify_ledger)
app.command("export")(ledger_files.export_books)
app.command("reconcile")(ledger_files.reconcile_books)
app.command("restate")(restating.restate_books)
app.command("changes")(restating.show_changes)
app.command("propose")(manual_entries.propose_entries)
app.command("reverse")(manual_entries.reverse_event)
app.command("proposals")(manual_entries.list_proposals)
app.command("approve")(manual_entries.approve_entry)
app.command("reject")(manual_entries.reject_entry)
app.command("bridge")(entity_bridge.show_bridge)
app.command("estimates")(estimates.show_estimates)
