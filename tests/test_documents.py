"""Promises of the documents: every link leads somewhere, and what a reader copies is what the tests run."""

from __future__ import annotations

import re
from pathlib import Path

import portouts_command
import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    document.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "notebooks/*.md", "tests/**/*.md")
    for document in ROOT.glob(pattern)
)
_CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)|(?:href|src)=\"([^\"]+)\"")


def text_of(document: Path) -> str:
    """Return the text of a document, less its code."""
    return _CODE.sub("", document.read_text(encoding="utf-8"))


def links_of(document: Path) -> list[str]:
    """Return the relative links of a document."""
    targets = ["".join(found) for found in _LINK.findall(text_of(document))]
    return [target for target in targets if not re.match(r"https?:|mailto:", target)]


def anchors_of(document: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a document."""
    fenceless = re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ +(.*)$", fenceless, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def leads_nowhere(document: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = document.parent / path if path else document
    return not target.exists() or (bool(anchor) and anchor not in anchors_of(target))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_relative_link_leads_to_a_file_and_a_heading(name: str) -> None:
    document = ROOT / name
    assert [link for link in links_of(document) if leads_nowhere(document, link)] == []


def test_a_broken_link_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Of `code`, and more\n[a](#of-code-and-more) [b](#gone) [c](gone.md) `[d](gone.md)`\n")
    assert [link for link in links_of(page) if leads_nowhere(page, link)] == ["#gone", "gone.md"]


def test_the_figures_of_the_benchmarks_stand_between_the_marks_that_a_new_run_replaces() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert [page.count(mark) for mark in ("<!-- figures -->\n", "<!-- end of figures -->\n")] == [1, 1]


DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_every_decision_has_an_ambiguity_a_choice_and_an_effect(page: Path) -> None:
    _, *decisions = re.split(r"^### ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    labels = {one.splitlines()[0]: re.findall(r"^- \*\*(.*?)\*\*: ", one, re.MULTILINE) for one in decisions}
    wanted = ["Ambiguity", "Choice", "What you will see"]
    assert decisions
    assert {heading: found for heading, found in labels.items() if found != wanted} == {}


def quick_start_blocks() -> list[str]:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = re.search(r"^## Quick start\n(.*?)(?=^## |\Z)", readme, re.DOTALL | re.MULTILINE)
    assert section is not None
    return re.findall(r"^```sh\n(.*?)^```$", section[1], re.DOTALL | re.MULTILINE)


def test_the_quick_start_is_two_commands_of_one_line_the_demo_and_the_tests() -> None:
    demo, tests = quick_start_blocks()
    assert [len(block.splitlines()) for block in (demo, tests)] == [1, 1]
    assert demo.rstrip().endswith("portouts demo")
    assert tests.rstrip().endswith("pytest")


def test_the_quick_start_needs_only_python() -> None:
    started = {step.split()[0] for block in quick_start_blocks() for step in block.split("&&")}
    assert {name for name in started if name != "python3" and not name.startswith(".venv/bin/")} == set()


def blocks_of(document: str, language: str) -> list[str]:
    text = (ROOT / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_the_output_of_the_demo_that_the_readme_shows_is_its_output(tmp_path: Path) -> None:
    code, out, err = portouts_command.run("demo", folder=tmp_path, COLUMNS="80")
    assert code == 0, err
    (shown,) = blocks_of("README.md", "text")
    printed = [line.strip() for line in str(out).splitlines()]
    assert [line for line in map(str.strip, shown.splitlines()) if line not in [*printed, "…"]] == []
    page = tmp_path / "data" / "portouts-demo.html"
    assert f"The report, for a browser: {page}" in printed
    assert page.read_text(encoding="utf-8").startswith("<!")


def test_the_questions_of_the_readme_are_questions_of_the_tests() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\*\*([^\n]*\?)\*\*\n\n```sql\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)
    files = [file.read_text(encoding="utf-8") for file in (ROOT / "sql" / "questions").glob("*.sql")]
    known = {(text.splitlines()[0][3:], re.sub(r"^--.*\n", "", text, flags=re.MULTILINE).strip()) for text in files}
    assert len(shown) == 5
    assert [question for question, sql in shown if (question, sql.strip()) not in known] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_python_in_a_document_imports_exists(name: str) -> None:
    for block in blocks_of(name, "python"):
        imports = [line for line in block.splitlines() if re.match(r"(import|from) ", line)]
        exec("\n".join(imports), {})  # noqa: S102 (our own documents)


def test_the_tree_of_contributing_names_every_module() -> None:
    (tree,) = blocks_of("CONTRIBUTING.md", "text")
    listed = re.findall(r"^ {8,}[a-z_]+(?:, [a-z_]+)*$", tree, re.MULTILINE)
    names = {name for line in listed for name in line.strip().split(", ")}
    modules = {module.stem for module in (ROOT / "pipelines" / "portouts").rglob("*.py")}
    names |= {"errors", "windows", "extras", "names", "logs", "measures"}
    assert names == {name for name in modules if not name.startswith("__")}


_HOP = re.compile(r"^\d+\. `([\w/]+\.(?:py|sql))`(?:, `([\w.]+)`)?", re.MULTILINE)


def hops_of(heading: str) -> list[tuple[str, str]]:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return _HOP.findall(text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0])


@pytest.mark.parametrize("heading", ["The way of an order", "The way of a setting"])
def test_the_hops_of_contributing_are_functions_of_these_files(heading: str) -> None:
    hops = hops_of(heading)
    assert 1 < len(hops) <= 10
    for path, name in hops:
        [file] = [base / path for base in (ROOT, ROOT / "pipelines" / "portouts") if (base / path).exists()]
        source = file.read_text(encoding="utf-8")
        assert [part for part in filter(None, name.split(".")) if not re.search(rf"(def|class) {part}\b", source)] == []
