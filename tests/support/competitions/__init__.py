"""Small learnable competitions, drawn from a seed in the file layouts of real ones.

They share no code with what they test: graders refuse what Kaggle's refuse, and `Drawn.expected`
is what a reader of the files should find without a hint.

Example:
    ```python
    drawn = DRAWN["dog-breed-identification"](tmp_path / "files", 0)
    score = drawn.grade(submission)  # raises Refused
    ```
"""

from . import arrays, bags, binary, codes, heads, lists, names, numbers, rows
from .drawn import CELLS, Draw, Drawn, Refused

TWELVE: dict[str, Draw] = {
    "dogs-vs-cats-redux-kernels-edition": binary.dogs_vs_cats,
    "aerial-cactus-identification": binary.aerial_cactus,
    "histopathologic-cancer-detection": binary.histopathologic,
    "siim-isic-melanoma-classification": binary.siim_isic,
    "dog-breed-identification": names.dog_breed,
    "state-farm-distracted-driver-detection": names.state_farm,
    "plant-seedlings-classification": names.plant_seedlings,
    "aptos2019-blindness-detection": codes.aptos,
    "cassava-leaf-disease-classification": codes.cassava,
    "plant-pathology-2021-fgvc8": lists.plant_pathology_2021,
    "whale-categorization-playground": lists.whale,
    "petfinder-pawpularity-score": numbers.petfinder,
}
RESERVE: dict[str, Draw] = {
    "coco": codes.coco,
    "json-map": codes.json_map,
    "seven-zip": arrays.seven_zip,
    "multi-hot": numbers.multi_hot,
    "one-hot": numbers.one_hot,
    "integer-lists": lists.imet,
    "pixel-table": arrays.pixel_table,
    "npy-arrays": arrays.npy_arrays,
    "soft-columns": numbers.soft_columns,
    "class-folders": names.class_folders,
    "json-arrays": rows.json_arrays,
    "parquet-pixels": rows.parquet_pixels,
    "parquet-files": rows.parquet_files,
    "tfrecords": rows.tfrecords,
    "hdf5-stacks": rows.hdf5_stacks,
    "hdf5-files": rows.hdf5_files,
    "npz": rows.npz,
    "channel-files": lists.protein_atlas,
    "wide-heads": heads.wide_heads,
    "head-probabilities": heads.head_probabilities,
}
BAGS: dict[str, Draw] = {
    "studies": bags.studies,
    "bag-folders": bags.bag_folders,
    "sites": bags.sites,
    "breasts": bags.breasts,
}
MELTED = numbers.melted  # apart: their rows are not images
MELTED_HEADS = heads.graphemes
DRAWN: dict[str, Draw] = TWELVE | RESERVE | BAGS

__all__ = [
    "BAGS",
    "CELLS",
    "DRAWN",
    "MELTED",
    "MELTED_HEADS",
    "RESERVE",
    "TWELVE",
    "Draw",
    "Drawn",
    "Refused",
]
