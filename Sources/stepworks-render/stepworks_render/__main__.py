"""`python -m stepworks_render` is the tool."""

import sys

from .entry import main

sys.exit(main(sys.argv[1:]))
