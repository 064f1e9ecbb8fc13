"""`python -m tools.paintings FOLDER`: see tools/paintings/series.py.

A module of its own, because the processes that paint cannot load a function from this one.
"""

import sys

from tools.paintings.series import main

if __name__ == "__main__":
    sys.exit(main())
