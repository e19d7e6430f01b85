"""Statements are data: what the files must say, what is refused with its place, and the words a row's signs choose."""

import pytest

from loanbook.errors import RequestError, TermsError
from loanbook.terms.loading import parse_located
from loanbook.terms.statement import BASE, Statements, title
from loanbook.terms.statement_file import join_statements, load_statements, read_statement

HEAD = "statement: made_up\ntitle: Made up\naccumulation: flow\nlines:\n"


def load(*texts: str) -> Statements:
    return join_statements(read_statement(parse_located(text, f"made_{place}.yaml")) for place, text in enumerate(texts, 1))


def lines(text: str) -> Statements:
    return load(HEAD + text)


SALES = "- {code: sales, title: Sales, sign: credit}\n"


def test_the_shipped_statements_are_whole():
    found = load_statements()
    assert {"balance_sheet", "operations", "comprehensive_income", "cash_flows", "changes_in_equity", "non_gaap"} <= set(
        found.by_name
    )
    assert {"ifrs_balance_sheet", "ifrs_operations", "revenue_by_stream", "ageing", "loans_by_vintage"} <= set(found.by_name)
    assert sum(name.endswith("rollforward") for name in found.by_name) == 7
    assert found.parts("company_equity")[1] == "additional_paid_in_capital"


def test_each_balance_sheet_leaf_has_a_side_and_a_term_and_stands_in_one_total():
    sheet = load_statements().by_name["balance_sheet"]
    added = [code for line in sheet.lines for _, code in line.addends]
    assert len(added) == len(set(added))
    for line in sheet.lines:
        if line.kind == "leaf":
            assert line.sign
            assert line.code in added
            assert line.term or line.code in ("company_equity", "noncontrolling_interests")


def test_each_revenue_line_has_a_group_and_stands_in_its_total():
    found = load_statements()
    for group in ("credit_driven", "platform"):
        codes = {code for code, line in found.lines.items() if line.group == group}
        assert codes == {code for _, code in found.line(f"{group}_services").addends}


def test_a_line_that_is_not_there_is_named():
    with pytest.raises(RequestError, match="there is no line 'revenue'"):
        load_statements().line("revenue")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {code: a, title: A, kind: total, sum: [b]}\n", "made_1.yaml:5: no statement has a line 'b'"),
        (SALES + SALES, "made_1.yaml:6: the code 'sales' stands at made_1.yaml:5 too. Write `kind: link`"),
        (SALES + "- {code: a, title: A, kind: total}\n", "the line 'a' is a total and needs 'sum'"),
        ("- {code: a, title: A}\n", "the line 'a' needs `sign`: debit for assets and costs"),
        ("- {code: a, title: A, sign: left}\n", "sign must be one of credit, debit"),
        ("- {code: a, title: A, sign: debit, colour: red}\n", "a line has no setting 'colour'"),
        ("- {code: a, title: A, kind: per_share}\n", "needs `income` and `shares`, or `of`"),
        (
            "- {code: a, title: A, kind: total, sum: [b]}\n- {code: b, title: B, kind: total, sum: [-a]}\n",
            "is a sum of itself, through",
        ),
        (SALES + "- {code: a, kind: link}\n", "no statement has a line 'a'"),
        ("- {code: a, title: A, sign: debit, residue: some}\n", "residue must be one of all, last"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, message):
    with pytest.raises(TermsError) as raised:
        lines(text)
    assert message in str(raised.value)
    assert str(raised.value).startswith("made_1.yaml:")


def test_columns_add_columns_before_them():
    head = (
        "statement: a\ntitle: A\naccumulation: flow\ncolumns:\n- {code: x, title: X, sum: [y]}\n- {code: y, title: Y}\nlines:\n"
    )
    with pytest.raises(TermsError, match="adds 'y', which is not a column before it"):
        load(head + SALES)
    with pytest.raises(TermsError, match="a column needs either `code` and `title`, or `by`"):
        load("statement: a\ntitle: A\naccumulation: flow\ncolumns:\n- {title: X}\nlines:\n" + SALES)


def test_a_folder_without_statements_is_refused(tmp_path):
    with pytest.raises(TermsError, match="there is no statement here"):
        load_statements(tmp_path)


@pytest.mark.parametrize(
    ("amounts", "words"),
    [
        ((6_149, 82, 11), "Foreign exchange gain"),
        ((-2_319, 160, 22), "Foreign exchange (loss) gain"),
        ((4_051, -102_976), "Foreign exchange gain (loss)"),
        ((-659, -1_410), "Foreign exchange loss"),
        ((0, None), "Foreign exchange gain"),
        ((0, -5), "Foreign exchange loss"),
    ],
)
def test_words_follow_the_signs_of_the_row(amounts, words):
    """Second case S1:373, third S2:335, as the issuer writes them."""
    assert title("Foreign exchange {gain|loss}", amounts) == words


def test_the_company_stands_in_titles():
    assert title("TOTAL {COMPANY} EQUITY", (), "Example Credit Inc") == "TOTAL EXAMPLE CREDIT INC EQUITY"
    assert title("shareholders of {Company}", (), "Example Credit Inc") == "shareholders of Example Credit Inc"


def test_adjustment_columns_start_with_the_reported_one():
    for name in ("ifrs_balance_sheet", "ifrs_operations"):
        columns = load_statements().by_name[name].columns
        assert columns[0].code == BASE
        assert columns[-1].sum == tuple(column.code for column in columns[:-1])
        assert len(columns) == 7, "what is reported, four columns, whatever has none of its own, and IFRS"
