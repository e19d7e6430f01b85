"""Pages of the reference on the books: chart of accounts, posting rules, corporate events, accounting policy, statements."""

from collections.abc import Iterable, Sequence

from loanbook.accounting import corporate_events
from loanbook.accounting.corporate_kind import COMMON
from loanbook.events import Column, Type
from loanbook.terms import accounting_policy, chart, posting_rule, statement
from loanbook.terms.cash_flow import read_classes, read_indirect
from loanbook.terms.elimination import read_eliminations
from loanbook.terms.posting_rule import CONDITIONS, FOLDER, NO_ENTRY, PostingRule, load_components, load_rules
from loanbook.terms.rows import read_rows
from loanbook.terms.statement_file import load_statements
from loanbook.units import date, day
from tests.reference_writing import joined, page, paragraph, table

CHART = chart.load_chart("platform")
LATEST = day("9999-12-31")
"""The reference shows the newest version of every rule."""
CLASS_TITLES = {
    "asset": "Assets",
    "liability": "Liabilities",
    "equity": "Equity",
    "income": "Income",
    "expense": "Expenses",
}
WORDS_OF_BOOKS = {
    "CORE": "common to both bases",
    "USGAAP": "US GAAP only",
    "IFRS": "IFRS only",
    "PRC": "what local rules say otherwise than CORE",
    "MEMO": "off balance sheet",
    NO_ENTRY: "no entry",
}
KIND_WORDS = {
    "heading": "words only",
    "leaf": "an amount that the ledger, or a filing, gives",
    "part": "an amount inside a leaf",
    "opening": "a balance of the day before the period",
    "total": "a signed sum of lines",
    "taken": "in each column, a line of another statement",
    "ratio": "one line over another",
    "ads": "a number of depositary shares",
    "per_share": "a line over a number of shares",
    "link": "a line of another statement, the same figure",
}


def account_page() -> str:
    """The chart of accounts, by class, and what else hangs on accounts."""
    lines = ["# Chart of accounts", "", paragraph(chart), ""]
    lines += [
        "A balance may stand on the other side than its normal one only where that is *allowed*; every close checks it on each"
    ]
    lines += ["basis. Columns are those of the account's roll-forward: every entry on it says which one it belongs to."]
    for kind, title in CLASS_TITLES.items():
        rows = [
            (
                each.code,
                each.title,
                each.normal,
                each.opposite,
                f"`{each.line}`" + (f"; an entity's on the other side `{each.opposite_line}`" if each.opposite_line else ""),
                ", ".join(f"`{column}`" for column in each.movements),
                each.text,
            )
            for each in CHART.accounts.values()
            if each.kind == kind
        ]
        heads = ("account", "title", "normal side", "other side", "statement line", "columns", "what it holds")
        lines += ["", f"## {title}", "", *table(heads, rows)]
    lines += [
        "",
        "## Lines of notes",
        "",
        "What a note takes of an account: its closing balance, or movements of a column; `*` is every",
    ]
    lines += ["column that no other row names. A minus turns the sign.", ""]
    notes = read_rows(chart.FOLDER / "lines.csv", ("account", "movement", "line", "column"))
    rows = [
        (row.cells["account"], _code(row.cells["movement"]), _code(row.cells["line"]), _code(row.cells["column"]))
        for row in notes
    ]
    lines += table(("account", "movement", "line", "column of the table"), rows)
    lines += ["", "## Cash-flow classes", "", "What a posting rule writes of an entry that moves cash.", ""]
    classes = [(f"`{each.code}`", each.section, each.title, each.account, each.source) for each in read_classes().values()]
    lines += table(("class", "section", "title", "explains account", "source"), classes)
    lines += ["", "## Indirect cash flows", "", "Accounts whose change is no cash of operations, by line.", ""]
    indirect = [(f"`{each.code}`", each.title, ", ".join(each.accounts)) for each in read_indirect(CHART)]
    lines += table(("line", "title", "accounts"), indirect)
    lines += ["", "## Eliminations", "", "What cancels out between companies of a group.", ""]
    rules = [
        (f"`{each.code}`", each.title, each.kind, ", ".join(each.accounts), each.source) for each in read_eliminations(CHART)
    ]
    lines += table(("rule", "title", "kind", "accounts", "source"), rules)
    return page("src/loanbook/terms/charts/", lines)


def posting_page() -> str:
    """Every posting rule, by kind, and where loans' amounts come from."""
    lines = ["# Posting rules", "", paragraph(posting_rule), ""]
    books = [(book, WORDS_OF_BOOKS[book]) for book in (*posting_rule.BOOKS, NO_ENTRY)]
    lines += ["## Books", "", *table(("book", "holds"), books), ""]
    bases = [(name.replace("_", " "), " + ".join(of)) for name, of in posting_rule.BASES.items()]
    lines += table(("basis", "books"), bases)
    lines += ["", "An amount below zero is the pair the other way round. `=account` is the account that the event names."]
    rules = load_rules(CHART, LATEST)
    for title, names in (
        ("What happens to loans", _kinds(rules, "loans.csv")),
        ("What happens to a company", _kinds(rules, "loans.csv", without=True)),
    ):
        lines += ["", f"## {title}"]
        for kind in names:
            found = [each for each in rules if each.kind == kind]
            lines += ["", f"### {kind}", "", *_rules(found)]
    lines += [
        "",
        "## Amounts of loans",
        "",
        "What a posting takes of what loans have come to, by this close less by the last one; with",
    ]
    lines += ["`@now` or `@last` it is taken at one of the two. `daybook` is told by day.", ""]
    rows = [
        (f"`{row.cells['kind']}`", f"`{row.cells['component']}`", row.cells["family"], _terms(row.cells["columns"]))
        for row in read_rows(FOLDER / "components.csv", ("kind", "component", "family", "columns"))
    ]
    assert len(rows) == len(load_components())
    lines += table(("kind", "component", "family", "columns"), rows)
    return page("src/loanbook/terms/posting/", lines)


def _kinds(rules: Sequence[PostingRule], file: str, *, without: bool = False) -> list[str]:
    """Kinds of a file's rules, in the order of their first rule."""
    return list(dict.fromkeys(rule.kind for rule in rules if (file in rule.place) != without))


def _rules(found: Iterable[PostingRule]) -> list[str]:
    heads = ("rule", "component", "if", "book", "who", "debit", "credit", "cash flow", "reason")
    rows = [
        (
            each.rule,
            ", ".join(f"`{component}`" for component in each.components),
            _conditions(each),
            each.book,
            each.role.replace("_", " "),
            _side(each.debit, each.debit_column),
            _side(each.credit, each.credit_column),
            _code(each.cash_flow),
            each.reason,
        )
        for each in found
    ]
    return table(heads, rows)


_SAID = {
    ("cohort_new", "yes"): "loans of the period",
    ("cohort_new", "no"): "earlier loans",
    ("cohort_new", "yes or late"): "loans of the period or told late",
    ("cohort_new", "no or late"): "earlier loans or told late",
}


def _conditions(rule: PostingRule) -> str:
    said = []
    for name in CONDITIONS:
        values = rule.conditions.get(name, ())
        if values:
            words = " or ".join(values)
            said.append(_SAID.get((name, words), f"{name} {words}" if name not in ("model", "line") else words))
    return "; ".join(said)


def _side(account: str, column: str) -> str:
    """An account with its title and column."""
    if account in CHART.accounts:
        column = f" ({column})" if column else ""
        return f"{account} {CHART.account(account).title}{column}"
    return _code(account)


def _code(words: str) -> str:
    return f"`{words}`" if words else ""


def _terms(written: str) -> str:
    """Signed columns as a sum: a|-b as a - b."""
    terms = [f"- `{term[1:]}`" if term.startswith("-") else f"+ `{term}`" for term in written.split("|")]
    return " ".join(terms).removeprefix("+ ")


def corporate_page() -> str:
    """Kinds of corporate events and their columns."""
    lines = ["# Corporate events", "", paragraph(corporate_events), ""]
    lines += ["In a file, money columns are whole units of the currency and lose `_fen`: `amount_fen` is the column `amount`,"]
    lines += ["`fair_value_per_million_fen` is `fair_value_per_million`. What is posted is in [the rules](posting.md)."]
    lines += ["", "## Columns of every event", "", *_columns(COMMON, {})]
    for kind in corporate_events.KINDS:
        lines += ["", f"## {kind.name}", "", kind.text, "", *_columns(kind.columns, dict(kind.words))]
        said = [f"`{second}` is not before `{first}`" for first, second in kind.ordered]
        said += [f"`{first}` and `{second}` are not the same" for first, second in kind.differ]
        if kind.measured:
            said.append("its amounts are measured with every close, from all events known")
        elif not kind.posts:
            said.append("it posts nothing by itself")
        if said:
            lines += ["", f"{'; '.join(said).capitalize()}." if said[0][0] != "`" else f"{'; '.join(said)}."]
    return page("src/loanbook/accounting/corporate_events.py", lines)


def _columns(columns: Iterable[Column], words: dict[str, tuple[str, ...]]) -> list[str]:
    rows = []
    for column in columns:
        text = column.text
        if column.name in words:
            text += f" One of {', '.join(f'`{word}`' for word in words[column.name])}."
        least = "" if column.least is None or column.type is Type.TEXT else str(column.least)
        rows.append((f"`{column.name}`", column.type.value, "yes" if column.required else "", least, text))
    return table(("column", "type", "needed", "least", "meaning"), rows)


def policy_page() -> str:
    """The settings of accounting policies."""
    sentence, _, example = (accounting_policy.__doc__ or "").strip().partition("\n\n")
    lines = ["# Accounting policy", "", joined(sentence), "", "```yaml", example.rstrip(), "```", ""]
    lines += ["A book that has a folder `policies/` takes those in it instead of those that are shipped. Every period keeps the"]
    lines += ["text and the hash of the policies it was closed under."]
    shipped = sorted(accounting_policy.FOLDER.glob("*.yaml"))
    found = [accounting_policy.read_policy(path) for path in shipped]
    rows = [(f"`{each.code}`", each.title, date(each.effective_from).isoformat(), each.source) for each in found]
    lines += ["", "## Shipped policies", "", *table(("policy", "title", "effective from", "source"), rows)]
    lines += ["", "One of them in full:", "", "```yaml", shipped[0].read_text(encoding="utf-8").rstrip(), "```"]
    return page("src/loanbook/terms/accounting_policy.py and policies/", lines)


def statement_page() -> str:
    """Every statement with its lines."""
    statements = load_statements()
    of_line: dict[str, list[str]] = {}
    for each in CHART.accounts.values():
        of_line.setdefault(each.line, []).append(each.code)
    assert tuple(KIND_WORDS) == statement.KINDS
    lines = ["# Statements", "", paragraph(statement), "", *table(("kind of line", "is"), list(KIND_WORDS.items())), ""]
    lines += ["Accounts are those whose balance stands in the line; lines of notes take [more](accounts.md#lines-of-notes)."]
    for each in statements.by_name.values():
        lines += ["", f"## {each.name}", "", f"**{each.title}.** Source: {each.source}", ""]
        if each.columns:
            lines += [f"Columns: {', '.join(column.title or column.by for column in each.columns)}.", ""]
        rows = []
        for line in each.lines:
            rows.append(
                (
                    _code(line.code) if line.kind != "heading" else "",
                    line.title,
                    line.kind,
                    _made_of(line),
                    ", ".join(of_line.get(line.code, ())) if line.kind == "leaf" else "",
                )
            )
        lines += table(("line", "title", "kind", "made of", "accounts"), rows)
    return page("src/loanbook/terms/statements/", lines)


def _made_of(line: statement.Line) -> str:
    if line.addends:
        return " ".join(f"{'-' if sign < 0 else '+'} `{code}`" for sign, code in line.addends).removeprefix("+ ")
    if line.numerator and line.denominator:
        return f"`{line.numerator}` / `{line.denominator}`"
    if line.part_of:
        return f"inside `{line.part_of}`"
    if line.of:
        return ", ".join(f"`{code}`" for code in line.of)
    return ""
