"""`python -m stepworks_usd` is the tool."""

import sys

from .entry import main

sys.exit(main(sys.argv[1:]))
