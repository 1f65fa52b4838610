"""kaggle-prz."""
