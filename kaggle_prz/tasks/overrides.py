"""What a person says of how a competition's files are read, by the question that it answers."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from kaggle_prz.core.errors import UsageError

FILES = "Which file is which"
COLUMNS = "Which column is which"
CELLS = "What a cell holds"
PIXELS = "How images are read"


_WANTED = {
    "separator": "space, comma, semicolon, bar or none",
    "pages": "first or all",
    "pixel_range": "two numbers, the lower one first, such as 0,4095, or file",
    "largest_pixels": "a whole number above 0",
}


def span_of(text: str) -> tuple[float, float] | None:
    """Return the two numbers of a pixel range, or None for `file`.

    Raises:
        ValueError: it is neither.
    """
    if text == "file":
        return None
    low, high = map(float, text.split(","))
    if not -1e300 < low < high < 1e300:
        raise ValueError(text)
    return low, high


def _with_span(text: str) -> str:
    span_of(text)
    return text


def _said(question: str, text: str, metavar: str | None = None) -> Any:
    """Return a key that has an option of its own, listed under a question."""
    extra: dict[str, Any] = {"question": question, "metavar": metavar}
    return Field(None, description=text, json_schema_extra=extra)


class Overrides(BaseModel):
    """What a person says of how a competition's files are read; None leaves it to the rules.

    Example:
        >>> said, others = Overrides.split({"metric": "accuracy", "seed": 1})
        >>> said.given, others
        ({'metric': 'accuracy'}, {'seed': 1})
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    wanted: ClassVar[Mapping[str, str]] = _WANTED  # what a key takes, where that is no text

    sample: str | None = _said(
        FILES, "Sample submission, if there are several or its name does not say so.", "FILE"
    )
    labels: str | None = _said(
        FILES,
        "Table with the labels: its path below the competition's directory. folders: the class "
        "folders of the images.",
        "FILE|folders",
    )
    target: str | None = _said(COLUMNS, "Column with the labels.", "COLUMN")
    id_column: str | None = _said(
        COLUMNS, "Column of the labels' table with the names of the training images.", "COLUMN"
    )
    sample_id: str | None = _said(
        COLUMNS, "Column of the sample submission with the row ids. Default: the first.", "COLUMN"
    )
    group: str | None = _said(
        COLUMNS,
        "Column with the group of each row. Rows of a group stay in one fold. none: no groups.",
        "COLUMN|none",
    )
    metric: str | None = _said(
        CELLS,
        "Metric of the competition, such as log_loss or MAP@5. Default: the one that the "
        "competition names, else one that fits the sample submission.",
        "NAME",
    )
    positive: str | None = _said(CELLS, "Positive class of a binary task.", "CLASS")
    separator: Literal["space", "comma", "semicolon", "bar", "none"] | None = _said(
        CELLS, "What stands between several classes of a row. none: every row has one class."
    )
    pages: Literal["first", "all"] | None = _said(
        PIXELS, "Pages of an image file that has several. all: as images of one row."
    )
    pixel_range: Annotated[str, AfterValidator(_with_span)] | None = _said(
        PIXELS,
        "Pixel values that become black and white, for deep images. file: the range of each "
        "file. Default: one range for all images, from a sample of them.",
        "LOW,HIGH|file",
    )
    largest_pixels: Annotated[int, Field(gt=0, strict=True)] | None = _said(
        PIXELS, "Largest number of pixels that an image may have. Default: 200,000,000.", "N"
    )

    @classmethod
    def parse(cls, content: Mapping[str, Any], where: str = "") -> Self:
        """Return checked values.

        Raises:
            UsageError: a key that is unknown, or a value that its key cannot have.
        """
        try:
            return cls.model_validate(dict(content))
        except ValidationError as error:
            keys = dict.fromkeys(str(mistake["loc"][0]) for mistake in error.errors())
        faults = [
            f"{key} must be {cls.wanted.get(key, 'text')}, received {content[key]!r}"
            if key in cls.model_fields
            else f"unknown key {key!r}"
            for key in keys
        ]
        known = f" The keys are {', '.join(cls.model_fields)}."
        unknown = any(key not in cls.model_fields for key in keys)
        raise UsageError(f"{where}{'; '.join(faults)}.{known * unknown}")

    @classmethod
    def split(cls, options: Mapping[str, Any]) -> tuple[Self, dict[str, Any]]:
        """Return the overrides among options, and the other options."""
        own = {key: options[key] for key in cls.model_fields if key in options}
        return cls.parse(own), {key: value for key, value in options.items() if key not in own}

    @property
    def given(self) -> dict[str, Any]:
        """Those that are not None, by name."""
        return self.model_dump(exclude_none=True, include=set(Overrides.model_fields))
