"""Files as people really upload them: the right task, or a sentence; never a wrong task."""

import json

import pytest
from support.trees import make_csv, make_tree

from kaggle_prz.core.errors import DataError, UsageError
from kaggle_prz.tasks import infer

NAMES = ["cat", "dog", "elk"] * 4
IDS = [f"{row:03d}" for row in range(12)]
IMAGES = [*[f"train/{name}.jpg" for name in IDS], "test/900.jpg", "test/901.jpg"]
SAMPLE = make_csv(["id", "label"], ("900", "cat"), ("901", "dog"))

IDS_MORE = [f"{row:03d}" for row in range(20, 62)]
NAMES_MORE = ["cat", "dog", "elk"] * 14
SAMPLE_OWL = SAMPLE.replace("cat", "owl").replace("dog", "owl")


@pytest.fixture
def read(tmp_path):
    """Read a competition of three animals, some of its files replaced; None leaves one out."""

    def run(*, images=IMAGES, options=None, **tables):
        given = {"sample_submission": SAMPLE, "train": _labels()} | tables
        named = {name if "." in name else f"{name}.csv": c for name, c in given.items()}
        there = {name: content for name, content in named.items() if content is not None}
        root = make_tree(tmp_path / "files", there, images)
        return infer.read(root, slug="animals", **(options or {}))

    return run


def _labels(ids=IDS, values=NAMES, header=("id", "label")):
    return make_csv(header, *zip(ids, values, strict=True))


def _is_right(task):
    assert task.classes == ("cat", "dog", "elk")
    assert [task.classes[code] for code in task.labels] == NAMES
    assert task.train_files.tolist() == IMAGES[:12]
    assert task.test_files.tolist() == IMAGES[12:]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_separators(read, encoding, separator):
    both = [text.replace(",", separator).encode(encoding) for text in (SAMPLE, _labels())]
    _is_right(read(sample_submission=both[0], train=both[1]))


@pytest.mark.parametrize("names", [["red fox", "owl", "emu"], ["🦊 fox", "🐝", "猫"]])
def test_one_class_with_a_blank_is_no_list(read, names):
    sample = make_csv(["id", "label"], ("900", names[0]), ("901", names[1]))
    task = read(train=_labels(values=names * 4), sample_submission=sample)
    assert (task.kind, set(task.classes)) == ("classes", set(names))


@pytest.mark.parametrize("form", [str, json.dumps, ", ".join, "|".join])
def test_lists_in_brackets_and_between_signs(read, form):
    lists = [["cat", "dog"], ["dog"], ["elk", "cat"], ["cat"], ["elk"], ["dog", "elk"]] * 2
    cells = ['"{}"'.format(form(tags).replace('"', '""')) for tags in lists]
    task = read(train=_labels(values=cells), sample_submission="id,label\n900,cat\n901,dog elk\n")
    assert (task.kind, task.classes, task.between) == ("tags", ("cat", "dog", "elk"), " ")
    assert task.labels.sum(axis=1).tolist() == [len(tags) for tags in lists]


def test_lists_of_names_with_blanks_in_json(read):
    lists = [["red fox", "owl"], ["owl"], ["red fox"], ["emu"]] * 3
    rows = [{"id": i, "label": tags} for i, tags in zip(IDS, lists, strict=True)]
    task = read(train=None, **{"train.json": json.dumps(rows)}, sample_submission=SAMPLE_OWL)
    assert (task.classes, task.between) == (("emu", "owl", "red fox"), "|")


def test_columns_without_a_name_are_no_ids(read):
    lines = [f"{number},{line}" for number, line in enumerate(_labels().splitlines()[1:])]
    _is_right(read(train="\n".join([",id,label", *lines])))
    _is_right(read(train="\n".join(["Unnamed: 0,id,label", *lines])))
    sample = ",id,label\n0,900,cat\n1,901,dog\n"
    task = read(sample_submission=sample)
    _is_right(task)
    assert task.target_columns == ("label",)


def test_ids_without_a_header(read):
    task = read(sample_submission=" ,label\n900,cat\n901,dog\n")
    _is_right(task)
    assert task.id_column == ""


def test_ids_that_come_twice(read):
    with pytest.raises(DataError, match="several rows with the id '011' that differ"):
        read(train=_labels([*IDS, "011"], [*NAMES, "cat"]))
    with pytest.raises(DataError, match="'900' is in its column 'id' more than once"):
        read(sample_submission="id,label\n900,cat\n900,dog\n")
    _is_right(read(train=_labels([*IDS, "011"], [*NAMES, "elk"])))


def test_ids_with_zeros_and_points(read):
    ids = ["0010", "10", "1.10", "1.1", "010", "1.0"]
    images = [*[f"train/{name}.png" for name in ids], "test/900.png", "test/901.png"]
    task = read(images=images, train=_labels(ids, NAMES[:6]))
    assert task.train_ids.tolist() == ids
    assert task.train_files.tolist() == images[:6]


def test_ids_that_lost_their_zeros(read):
    _is_right(read(train=_labels([str(int(name)) for name in IDS])))
    some = read(train=_labels(["7", *IDS[1:]]))
    assert "have no image file and are skipped: 7." in some.warnings[0]
    with pytest.raises(DataError, match=r"checked train\.csv"):
        read(train=_labels(["1", "2"], ["cat", "dog"]))


def test_empty_cells_of_the_sample(read):
    _is_right(read(sample_submission="id,label\n900,\n901,\n"))
    _is_right(read(sample_submission="id,label\n900\n901\n"))


def test_files_that_differ_by_case(read):
    images = [name.upper() if "/00" in name else name for name in IMAGES]
    images = [name.replace("TRAIN", "train") for name in images]
    task = read(images=images, train=_labels([f"{name}.jpg" for name in IDS]))
    assert task.train_files.tolist() == images[:12]


def test_paths_as_windows_writes_them(read):
    _is_right(read(train=_labels([rf"train\{name}.jpg" for name in IDS])))
    _is_right(read(train=_labels([rf".\train\{name}.jpg" for name in IDS])))


def test_test_rows_without_a_file(read):
    sample = make_csv(["id", "label"], *[(name, "cat") for name in ("900", "901", "77", "78")])
    task = read(sample_submission=sample)
    assert task.test_files.tolist() == [*IMAGES[12:], "", ""]
    assert "2 test row(s) have no image; predicting" in task.warnings[0]
    sample = make_csv(["id", "label"], *[(name, "cat") for name in ("900", "76", "77", "78")])
    with pytest.raises(DataError, match="4 rows, and only 1 of 4 have a test image in test/"):
        read(sample_submission=sample)


def test_labels_that_were_never_seen(read):
    with pytest.raises(DataError, match=r"'elk' have no column in sample_submission\.csv"):
        read(sample_submission="id,cat,dog\n900,0,1\n901,0,1\n")
    with pytest.raises(DataError, match="--target"):
        read(sample_submission="id,label\n900,yak\n901,gnu\n")


def test_json_in_a_western_encoding(read):
    rows = [{"id": i, "label": n, "note": "älter"} for i, n in zip(IDS, NAMES, strict=True)]
    content = json.dumps(rows, ensure_ascii=False).encode("cp1252")
    _is_right(read(train=None, **{"train.json": content}))


def test_json_that_was_cut_short_is_told_where_nothing_else_says_labels(read):
    _is_right(read(**{"notes.json": '{"a": '}))
    flat = {"notes.json": '[{"id": "000", "label": '}
    with pytest.raises(DataError, match=r"checked notes\.json, train\.csv.*is not valid JSON"):
        read(train="a,b\n1,2\n", **flat)


def test_a_table_beside_folders_that_says_no_labels(read):
    images = [f"train/{n}/{i}.jpg" for i, n in zip(IDS, NAMES, strict=True)] + IMAGES[12:]
    sizes = make_csv(["id", "width", "height"], *[(i, 5, 7) for i in IDS])
    task = read(images=images, train=sizes)
    assert task.classes == ("cat", "dog", "elk")
    assert [path.split("/")[1] for path in task.train_files] == [
        task.classes[code] for code in task.labels
    ]


def test_several_columns_that_may_be_labels_are_told(read):
    rows = [(i, n, n.upper()) for i, n in zip(IDS, NAMES, strict=True)]
    sample = SAMPLE.replace("label", "Predicted").replace("cat", "").replace("dog", "")
    task = read(sample_submission=sample, train=make_csv(["id", "class", "category"], *rows))
    assert task.classes == ("cat", "dog", "elk")
    assert "(class, category); class is used" in task.warnings[0]
    assert "--target" in task.warnings[0]


def test_the_column_of_ids_may_be_named(read):
    rows = [(i, j, n) for i, j, n in zip(IDS, reversed(IDS), NAMES, strict=True)]
    table = make_csv(["image", "mirror", "label"], *rows)
    _is_right(read(train=table))
    task = read(train=table, options={"id_column": "mirror"})
    assert task.train_files.tolist() == IMAGES[11::-1]
    with pytest.raises(UsageError, match=r"No table has a column 'picture' \(--id-column\)"):
        read(train=table, options={"id_column": "picture"})


def test_a_file_says_what_options_say(read):
    hints = {"competition.toml": 'metric = "macro F1"\nflips = ["vertical"]\n'}
    task = read(**hints)
    assert (task.metric, task.flips) == ("macro_f1", ("vertical",))
    assert read(options={"metric": "accuracy"}, **hints).metric == "accuracy"


def test_a_metric_that_cannot_score_the_task(read):
    with pytest.raises(
        UsageError, match="partial ROC AUC can score only two classes; this task has 3"
    ):
        read(options={"metric": "pAUC"})


def test_classes_seen_once(read):
    task = read(train=_labels(IDS, [f"w{n}" for n in range(12)]), sample_submission=SAMPLE.replace(
        "cat", "w1").replace("dog", "w2"))  # fmt: skip
    assert len(task.classes) == 12


def test_annotations_in_a_folder_of_their_own(read):
    images = [{"id": n, "file_name": f"{i}.jpg"} for n, i in enumerate(IDS)]
    notes = [{"image_id": n, "label": name} for n, name in enumerate(NAMES)]
    content = json.dumps({"images": images, "annotations": notes[::-1]})
    masks = [f"annotations/{name}.png" for name in IDS]
    task = read(train=None, images=[*IMAGES, *masks], **{"annotations/train.json": content})
    _is_right(task)
    assert task.warnings == ()


def test_a_picture_beside_a_table_of_pixels_is_no_data(read):
    pixels = [f"pixel{n}" for n in range(16)]
    train = make_csv(["label", *pixels], *[(name, *range(16)) for name in NAMES])
    sample = make_csv(["id", "label"], (1, "cat"), (2, "dog"))
    test = make_csv(pixels, range(16), range(16))
    task = read(images=["logo.png"], train=train, test=test, sample_submission=sample)
    assert task.test_files.tolist() == ["test.csv#0", "test.csv#1"]


def test_a_table_that_cannot_be_read(read):
    _is_right(read(about=b""))
    with pytest.raises(DataError, match=r"train_more\.csv is empty"):
        read(train_more=b"")


def test_what_a_message_quotes_of_a_file_is_one_short_line(read):
    header = f'"i\nd\x1b[2J{"x" * 9000}"'
    with pytest.raises(DataError) as told:
        read(train=make_csv([header, "b"], *[(i, n) for i, n in zip(IDS, NAMES, strict=True)]),
             sample_submission='id,"la\n\x1b[2Jbel"\n900,yak\n901,gnu\n')  # fmt: skip
    assert str(told.value).isprintable()
    assert len(str(told.value)) < 2500


def test_a_table_without_a_header(read):
    task = read(train=make_csv(*zip([f"{i}.jpg" for i in IDS], NAMES, strict=True)))
    _is_right(task)


def test_columns_called_like_an_image_are_a_header(read):
    images = ["train/1.jpg", "train/2.jpg", "train/3.jpg", "train/4.jpg", "test/900.jpg"]
    rows = [(1, 0, 1), (2, 1, 0), (3, 0, 1), (4, 1, 0)]
    task = read(
        images=images,
        train=make_csv(["id", "0", "1"], *rows),
        sample_submission="id,0,1\n900,0.5,0.5\n",
    )
    assert (task.classes, task.labels.tolist()) == (("0", "1"), [1, 0, 1, 0])


def test_rows_that_are_repeated_word_for_word_count_once(read):
    task = read(train=_labels(IDS + IDS[:5], NAMES + NAMES[:5]))
    _is_right(task)
    assert any("5 of 17 rows repeat another row" in evidence.rule for evidence in task.evidence)


@pytest.mark.parametrize("between", [" ", "|", ","])
def test_a_row_a_tag(read, between):
    tags = [("000", "cat"), ("001", "dog"), ("002", "elk")]
    more = [(i, t) for n, i in enumerate(IDS[3:]) for t in ("cat", "dog", "elk")[: 1 + n % 3]]
    shown = f'id,label\n900,"cat{between}dog"\n901,elk\n'
    task = read(train=make_csv(["id", "label"], *tags, *more), sample_submission=shown)
    assert (task.classes, task.cell, task.between) == (("cat", "dog", "elk"), "labels", between)
    assert task.train_ids.tolist() == IDS
    assert task.labels.sum(axis=1).tolist() == [1] * 3 + [1, 2, 3] * 3


def test_rows_to_predict_in_the_table_of_labels_are_no_training_rows(read):
    images = [path.replace("train/", "images/").replace("test/", "images/") for path in IMAGES]
    tests = [f"{number}" for number in range(900, 930)]
    images += [f"images/{name}.jpg" for name in tests[2:]]
    ids, values = [*IDS, *IDS_MORE, *tests], [*NAMES, *NAMES_MORE, *[""] * 30]
    images += [f"images/{name}.jpg" for name in IDS_MORE]
    sample = make_csv(["id", "label"], *([name, "cat"] for name in tests))
    task = read(images=images, train=_labels(ids, values), sample_submission=sample)
    assert task.train_ids.tolist() == [*IDS, *IDS_MORE]
    assert task.test_files.tolist() == [f"images/{name}.jpg" for name in tests]
    assert task.warnings == ()


def test_a_column_that_counts_rows_is_no_id_beside_one_that_names_files(read):
    rows = zip(range(12), IDS[::-1], NAMES, strict=True)
    task = read(train=make_csv(["number", "id", "label"], *rows))
    assert task.train_ids.tolist() == IDS[::-1]


def test_names_whose_accents_stand_apart(read):
    images = [path.replace("0.jpg", "0e\u0301.jpg") for path in IMAGES]
    ids = [path[6:-4].replace("e\u0301", "é") for path in images[:12]]
    sample = SAMPLE.replace("900", "900é")
    task = read(images=images, train=_labels(ids), sample_submission=sample)
    assert task.train_files.tolist() == images[:12]
    assert task.test_files.tolist() == images[12:]


def test_a_sample_that_is_just_called_so(read):
    _is_right(read(sample_submission=None, sample=SAMPLE))


@pytest.mark.parametrize(
    ("shown", "classes", "labels"),
    [
        (("cat", "dog"), ("elk", "cat", "dog"), [1, 2, 0] * 4),
        (("0", "2"), ("0", "1", "2"), [1, 2, 0] * 4),
    ],
)
def test_one_column_sums_up_columns_of_0_and_1(read, shown, classes, labels):
    hot = [
        (i, *(int(name == n) for n in ("elk", "cat", "dog")))
        for i, name in zip(IDS, NAMES, strict=True)
    ]
    sample = make_csv(["id", "label"], ("900", shown[0]), ("901", shown[1]))
    task = read(train=make_csv(["id", "elk", "cat", "dog"], *hot), sample_submission=sample)
    assert (task.cell, task.classes, task.labels.tolist()) == ("label", classes, labels)
    assert len(task.warnings) == (shown[0] == "0")


def test_a_list_sums_up_columns_of_0_and_1(read):
    rows = [(name, n % 2, int(n % 3 == 0), 1) for n, name in enumerate(IDS)]
    task = read(
        train=make_csv(["id", "red fox", "dog", "elk"], *rows),
        sample_submission="id,label\n900,red fox|dog\n901,elk\n",
    )
    assert (task.cell, task.classes, task.between) == ("labels", ("red fox", "dog", "elk"), "|")
    assert task.labels.tolist() == [list(row[1:]) for row in rows]


def test_columns_with_one_ending(read):
    rows = [(name, n / 2, n / 3, n) for n, name in enumerate(IDS)]
    table = make_csv(["id", "X4_mean", "X11_mean", "X4_sd"], *rows)
    task = read(train=table, sample_submission="id,X4,X11\n900,1.5,2\n901,1.5,2\n")
    assert (task.kind, task.classes) == ("numbers", ("X4", "X11"))


def test_groups_that_another_table_has(read):
    beside = make_csv(["id", "site"], *((name, n // 3) for n, name in enumerate(IDS)))
    task = read(train_features=beside, train=None, train_labels=_labels())
    assert task.groups.tolist() == [str(n // 3) for n in range(12)]
    assert read(train_features=beside, options={"group": "none"}).groups is None


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("form", ["classes.csv", "classes.json"])
def test_labels_that_the_sample_calls_otherwise(read, form, named):
    ids = {"cat": "7", "dog": "3", "elk": "12"}
    written = list(ids.values())
    table = make_csv(["class_id", "class_name"], *((number, name) for name, number in ids.items()))
    content = table if form.endswith("csv") else json.dumps({n: name for name, n in ids.items()})
    sample = make_csv(
        ["id", "class"], *zip(["900", "901"], ids if named else written, strict=False)
    )
    labels = _labels(values=[ids[name] for name in NAMES] if named else NAMES)
    task = read(**{form: content}, train=labels, sample_submission=sample)
    names = NAMES if named else [ids[name] for name in NAMES]
    assert [task.classes[code] for code in task.labels] == names
    assert task.warnings == ()


def test_a_table_that_lacks_a_class_renames_none(read):
    sample = "id,class\n900,7\n901,7\n"
    files = {"classes": "class_id,name\n7,cat\n3,dog\n", "sample_submission": sample}
    with pytest.raises(DataError, match=r"has numbers in its cells \(7\), .* are names .*--target"):
        read(**files)
    task = read(**files, options={"target": "label"})
    _is_right(task)
    assert "not among the labels" in task.warnings[0]


def test_numbers_in_a_long_table_rename_no_class(read):
    boxes = make_csv(["box", "at"], *((n, n - 1) for n in range(1, 40)))
    values = ["1", "2", "3"] * 4
    task = read(
        boxes=boxes, train=_labels(values=values), sample_submission="id,label\n900,0\n901,0\n"
    )
    assert task.classes == ("1", "2", "3")
