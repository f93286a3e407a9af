"""``python -m service`` is ``partnersync``."""

from service.cli import main

if __name__ == "__main__":
    main()
