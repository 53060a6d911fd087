"""`python -m faxhooks`, the command where the package was not installed, only unpacked."""

from faxhooks.command import main

if __name__ == "__main__":
    main()
