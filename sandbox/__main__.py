"""`python -m sandbox`: run the sandbox as a process of its own."""

from sandbox.process import main

if __name__ == "__main__":
    main()
