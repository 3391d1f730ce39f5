"""The project's own files: what git tracks or would track, so no build folder and no download.

As a program: prints the files with the given endings, NUL-separated, relative to the root.
"""

import pathlib
import subprocess
import sys


def source_files(root, endings=()):
    """Returns the sorted paths (relative, as strings) that end in one of `endings`, or all.

    The root is marked as safe for git: a clone that belongs to another user (containers, CI) is
    read, never written.
    """
    listing = subprocess.run(
        ["git", "-c", f"safe.directory={root}", "-C", str(root), "ls-files", "-z",
         "--cached", "--others", "--exclude-standard"],
        check=True, stdout=subprocess.PIPE).stdout.decode()
    names = sorted(set(filter(None, listing.split("\0"))))
    return [name for name in names
            if name.endswith(tuple(endings) or ("",)) and (pathlib.Path(root) / name).is_file()]


if __name__ == "__main__":
    for name in source_files(sys.argv[1], sys.argv[2:]):
        sys.stdout.write(name + "\0")
