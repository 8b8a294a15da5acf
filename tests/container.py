"""Run a command as a container does: python container.py DATA TEMPORARY WORD...

The command is process 1 of its own namespace. Its user is not root and has no capability and no home, and all but two
folders is read-only. Root starts this, in new namespaces for mounts and processes (`unshare`).
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1
MS_BIND, MS_NOSUID, MS_NODEV = 4096, 2, 4
USER = "1000"

libc = ctypes.CDLL(None, use_errno=True)


def require(result: int) -> None:
    if result:
        sys.exit(f"container.py: {os.strerror(ctypes.get_errno())}")


def mount(source: str, target: str, kind: str, flags: int) -> None:
    require(libc.mount(source.encode(), target.encode(), kind.encode(), flags, None))


def set_read_only(folder: str, *, on: bool, is_deep: bool) -> None:
    """Make the mount at a folder read-only or writable, and those below it."""
    attributes = struct.pack("QQQQ", MOUNT_ATTR_RDONLY if on else 0, 0 if on else MOUNT_ATTR_RDONLY, 0, 0)
    depth = AT_RECURSIVE if is_deep else 0
    require(libc.syscall(MOUNT_SETATTR, AT_FDCWD, folder.encode(), depth, attributes, len(attributes)))


def main(data: str, temporary: str, *words: str) -> None:
    mount(data, data, "none", MS_BIND)
    mount("tmpfs", temporary, "tmpfs", MS_NOSUID | MS_NODEV)
    set_read_only("/", on=True, is_deep=True)
    for folder in (data, temporary, "/proc"):
        set_read_only(folder, on=False, is_deep=False)
    os.chdir("/")
    user = ["unshare", "--user", f"--map-user={USER}", f"--map-group={USER}"]
    no_rights = ["setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
    os.execvp(user[0], [*user, *no_rights, *words])


if __name__ == "__main__":
    main(*sys.argv[1:])
