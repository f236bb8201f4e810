"""`python -m stepworks_render` is the tool."""

import sys

from .entry import leave, main

leave(main(sys.argv[1:]))
