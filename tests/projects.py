"""Plugin projects as `forensics plugins new` writes them, put on `sys.path` in place of an installation."""

from pathlib import Path

from forensics.plugins import template


def begin(folder: Path, name: str) -> template.Written:
    """Write a project and the metadata that its installation would leave."""
    written = template.write(name, folder)
    values = template.names(name)
    info = folder / f"{values['module']}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: {values['distribution']}\nVersion: 0.1.0\n"
        "License-Expression: MIT\n"
    )
    (info / "entry_points.txt").write_text(f"[forensics]\n{name} = {values['module']}\n")
    return written
