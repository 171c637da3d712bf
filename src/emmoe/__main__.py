"""python -m emmoe"""

from emmoe.cli import main

if __name__ == "__main__":
    main()
