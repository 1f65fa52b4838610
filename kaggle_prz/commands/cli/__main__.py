"""`python -m kaggle_prz.commands.cli`."""

from kaggle_prz.commands.cli import main

if __name__ == "__main__":
    main()
