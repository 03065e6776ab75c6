"""Rules as texts, for the tests of the library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

STOPPED, FAILED = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def rule(key: str = STOPPED, title: str = "Service stopped", command: str = " stop ", **more: str) -> str:
    """A rule that looks for ``sc.exe`` with ``command``."""
    lines = "".join(f"{name}: {value}\n" for name, value in more.items())
    return (
        f"title: {title}\nid: {key}\nstatus: test\nauthor: A. Uteur\nlevel: high\n{lines}"
        "tags: [attack.impact, attack.t1489]\n"
        "logsource: {category: process_creation, product: windows}\n"
        "detection:\n"
        f"  selection: {{Image|endswith: '\\sc.exe', CommandLine|contains: '{command}'}}\n"
        "  condition: selection\n"
    )


def event(command: str = "sc stop mpssvc") -> dict[str, Any]:
    """A process creation, as Sysmon records it."""
    return {
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "EventID": 1,
        "Image": "C:\\Windows\\System32\\sc.exe",
        "CommandLine": command,
    }


def release(folder: Path, texts: dict[str, str]) -> Path:
    """A folder of rules: path → text."""
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder
