"""The runner itself: what it runs, what it leaves out, and that a wrong page fails."""

import pytest

from tests.docs.blocks import blocks, run_page

PAGE = """
```python
number = 6
```

<!-- not run: needs a network -->
```bash
curl somewhere
```

```python
print(number * 7)
print("done")
```
```text
42
...
```
"""


def test_blocks_know_their_language_line_reason_and_output():
    found = blocks(PAGE)
    assert [(block.language, block.line, block.not_run) for block in found] == [
        ("python", 3, ""),
        ("bash", 8, "needs a network"),
        ("python", 12, ""),
    ]
    assert found[2].shown == "42\n...\n"


def test_blocks_of_a_page_share_their_names(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    assert run_page(page, name="page.md") == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (PAGE.replace("42", "43"), "page.md:12: the page shows"),
        ("```bash\nls\n```\n", "page.md:2: `ls` cannot be run here"),
        ("```bash\nloanbook no-such-command\n```\n", "page.md:2: `loanbook no-such-command` ended with 2"),
        ("```bash\nloanbook --help\n```\n```text\nerror: no\n```\n", "page.md:2: `loanbook --help` ended with 0"),
    ],
)
def test_a_wrong_page_fails_with_its_line(tmp_path, text, words):
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(pytest.fail.Exception, match=words):
        run_page(page, name="page.md")
