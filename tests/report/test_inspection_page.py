"""The page of `inspect`: what is on it, as a browser would have it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.pages import Page
from support.toys import make_bags, make_heads, make_task

from kaggle_prz import report
from kaggle_prz.core.task import Evidence, Task
from kaggle_prz.readers.pictures import headers
from kaggle_prz.report import inspection_page
from kaggle_prz.tasks import findings
from kaggle_prz.tasks.findings import Findings, Pair

WICKED = "<script>alert('$x$')</script>"


@pytest.fixture
def draw(tmp_path):
    """A task of labels whose images are files; unless told otherwise of one size."""

    def make(labels, *, tall: int = 0, **facts) -> Task:
        task = make_task(labels, root=tmp_path / "files", **facts)
        random = np.random.default_rng(0)
        for row, name in enumerate([*task.train_files.tolist(), *task.test_files.tolist()]):
            path = task.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = random.integers(0, 256, (12 + tall * row, 12, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(path)
        return task

    return make


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Write the page of a task, and read it back."""
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "matplotlib"))

    def write(task: Task, found: Findings | None = None, notes=(), seed=0) -> tuple[str, Page]:
        found = found or Findings(opened=1)
        heads = headers.look(task.root, task.train_files.tolist())
        path = report.write_inspection(tmp_path / "p.html", task, heads, found, notes, seed=seed)
        html = path.read_text("utf-8")
        return html, Page(html)

    return write


def srcs(page: Page) -> list[str]:
    return [str(given["src"]) for given in page.images(drawn=False)]


def alts(page: Page) -> list[str]:
    return [str(given["alt"]) for given in page.images(drawn=False)]


def cells(page: Page, place: str) -> list[list[str]]:
    return [[cell.strip() for cell in row] for row in page.tables[place]]


def test_it_says_what_files_are_taken_for_and_counts_classes(draw, written):
    task = draw([0, 0, 0, 1], classes=2, evidence=(Evidence("cell", "label", "a rule"),))
    _, page = written(replace(task, warnings=("One is left out.",)), notes=["Two leak."])
    assert ["cell", "label", "a rule"] in cells(page, "task")
    assert cells(page, "counts")[1:] == [["c0", "", "3", "75.0 %"], ["c1", "", "1", "25.0 %"]]
    assert page.text["train-images"] == "4"
    assert page.text["test-rows"] == "5"
    assert "Two leak." in page.text["notes"]
    assert "One is left out." in page.text["notes"]


def test_the_same_seed_gives_the_same_bytes_and_another_one_other_pictures(draw, written):
    task = draw([0, 1] * 20, classes=2, tall=1)
    first, page = written(task)
    assert written(task)[0] == first
    other = written(task, seed=1)[1]
    assert len(srcs(page)) == len(srcs(other)) == 12
    assert alts(page) != alts(other)


def test_nothing_is_fetched_and_no_name_is_markup(draw, written):
    task = draw([0, 1, 0], classes=(WICKED, "&amp;"), test_ids=["t"])
    image = findings.image(task, 0)
    pair = Pair(image, replace(image, label=WICKED), same=False, contradicting=True)
    found = Findings(
        opened=4,
        unreadable=((replace(image, file=WICKED), WICKED),),
        sets=((image, image),),
        contradicting=1,
        pairs=(pair,),
        leaks=(pair,),
        groups=(WICKED,),
        ids=(WICKED,),
    )
    html, page = written(replace(task, slug=WICKED), found, notes=[WICKED])
    assert "<script" not in html
    assert WICKED in page.text["samples"]
    assert WICKED in page.text["unreadable"]
    assert page.text["leaks"].count(WICKED) == 4
    assert all(src.startswith("data:image/jpeg;base64,") for src in srcs(page))
    assert not [tag for tag, given in page.tags if "href" in given and tag != "use"]


def test_pairs_are_shown_with_their_labels_and_leaks_with_what_is_to_predict(draw, written):
    task = draw([0, 1, 2])
    pair = Pair(findings.image(task, 0), findings.image(task, 1), True, contradicting=True)
    leak = Pair(findings.image(task, 2), findings.image(task, 4), False)
    found = Findings(
        opened=8, sets=((pair.first, pair.second),), contradicting=1, pairs=(pair,), leaks=(leak,)
    )
    _, page = written(task, found)
    assert page.text["duplicate-sets"] == "1"
    told = " ".join(page.text["duplicates"].split())
    assert "2 training images are near-duplicates of another, in 1 set; in 1 of them" in told
    assert "c0 train/r0.png c1 train/r1.png the same pixels, different labels" in told
    told = " ".join(page.text["leaks"].split())
    assert "1 image to predict is also among those to train on." in told
    assert "c2 train/r2.png to predict test/t1.png nearly the same" in told


def test_of_many_pairs_and_unreadable_files_some_are_shown(draw, written):
    task = draw([0] * 30, classes=1, test_ids=[])
    pictures = [findings.image(task, row) for row in range(30)]
    pairs = tuple(Pair(pictures[0], one, same=True) for one in pictures[1:])
    broken = tuple((one, "incomplete") for one in pictures * 2)
    found = Findings(opened=30, unreadable=broken, sets=(tuple(pictures),), pairs=pairs)
    _, page = written(task, found)
    assert "12 of 29 pairs are shown." in page.text["duplicates"]
    assert len(page.tables["unreadable"]) == 51
    assert "… and 10 more" in page.text["unreadable"]
    assert srcs(page)[:1] == srcs(page)[2:3]  # samples leave out what cannot be read
    assert len(srcs(page)) == 24


def test_without_a_look_at_the_images_the_page_says_so(draw, written):
    unsaid = "Images were not opened."
    html, page = written(draw([0, 1]), Findings(unsaid=unsaid), notes=[unsaid])
    assert '<p class="note">Images were not opened.</p>' in html
    for place in ("unreadable-images", "duplicate-sets", "leaking-images"):
        assert page.text[place] == "–"
    assert "Images were not compared." in page.text["duplicates"]
    assert "Images were not compared." in page.text["leaks"]
    assert len(srcs(page)) == 2


@pytest.mark.parametrize(("classes", "pictures"), [(2, 12), (10, 60), (25, 50), (70, 60)])
def test_samples_are_at_most_sixty_whatever_the_classes(draw, written, classes, pictures):
    task = draw([*range(classes)] * 8, classes=classes, test_ids=[])
    _, page = written(task)
    assert len(srcs(page)) == pictures
    assert len(set(alts(page))) == pictures


def test_of_very_many_classes_both_ends_are_counted(draw, written):
    _, page = written(draw([*range(41), 40], classes=41, test_ids=[]))
    counts = cells(page, "counts")
    assert len(counts) == 1 + 20 + 1 + 10
    assert counts[1][:3] == ["c40", "", "2"]
    assert counts[21] == ["… 11 more …"]


def test_tags_have_every_tag_below_their_pictures(draw, written):
    task = draw([[1, 0], [1, 1], [1, 0]], classes=("night", "rain"), kind="tags", test_ids=[])
    _, page = written(task)
    assert cells(page, "counts")[1:] == [
        ["night", "", "3", "100.0 %"],
        ["rain", "", "1", "33.3 %"],
    ]
    assert page.text["samples"].count("night, rain") == 2


def test_numbers_have_histograms_and_pictures_in_their_order(draw, written):
    labels = np.random.default_rng(0).normal(50, 9, (40, 7)).astype(np.float32)
    names = tuple(f"n{k} $" for k in range(7))
    task = draw(labels, classes=names, kind="numbers", test_ids=[])
    _, page = written(task)
    assert len(page.images(drawn=True)) == 6
    assert "… and 1 more numbers" in page.text["classes"]
    order = np.argsort(labels[:, 0])
    assert alts(page)[0] == task.train_files[order[0]]
    assert alts(page)[-1] == task.train_files[order[-1]]
    assert len(srcs(page)) == 24


def test_sizes_are_told(draw, written):
    _, page = written(draw([0, 1], tall=1))
    assert "12 × 12–13" in page.text["images"]


def test_what_cannot_be_shown_is_named(draw, written):
    task = draw([0, 1])
    (task.root / "train/r1.png").unlink()
    _, page = written(task)
    assert "train/r1.png cannot be shown" in page.text["samples"]


def test_a_class_without_readable_images_has_an_empty_strip(draw):
    task = draw([0, 0, 2], classes=3)
    found = Findings(opened=8, unreadable=((findings.image(task, 2), "incomplete"),))
    heads = headers.look(Path(), [])
    strips = inspection_page.of(task, heads, found, [], 0)["strips"]
    assert [(strip.name, strip.count, len(strip.pictures)) for strip in strips] == [
        ("c0", 2, 2),
        ("c2", 1, 0),
        ("c1", 0, 0),
    ]


def test_heads_have_a_bar_and_pictures_for_every_class_of_each(draw, written):
    facts = make_heads([[0, 2], [1, 0], [1, 1]])
    kept = {name: getattr(facts, name) for name in ("classes", "heads", "kind", "cell")}
    task = replace(draw([0, 0, 0], **kept), labels=facts.labels)
    _, page = written(task)
    bars = {row[0]: row[2] for row in cells(page, "counts")[1:]}
    assert bars == {"h0_0": "1", "h0_1": "2", "h1_0": "1", "h1_1": "1", "h1_2": "1"}
    assert len(srcs(page)) == 6


def test_of_rows_of_several_images_the_first_is_shown(draw, monkeypatch):
    task = make_bags([0, 1], sizes=[3, 2], test_sizes=[1], classes=2)
    shown = []
    monkeypatch.setattr(inspection_page.thumbnails, "thumbnail", lambda _, file: shown.append(file))
    inspection_page._strips(task, Findings(), 0)
    assert sorted(shown) == ["train/r0_0.png", "train/r1_0.png"]
