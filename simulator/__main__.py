"""`python -m simulator` is `casier-sim`."""

from simulator.cli import main

if __name__ == "__main__":
    main()
