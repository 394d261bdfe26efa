"""``python -m nvae``, which runs the ``nvae`` command."""

import sys

from nvae.cli import main

if __name__ == "__main__":
    sys.exit(main())
