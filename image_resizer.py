"""The command under its old name: python image_resizer.py -i IN_DIR -o OUT_DIR -s SIZE."""

import sys

from pipeline.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
