"""Find the images: their files, their role, and the row of each."""
