"""Cleaning the largest picture that is accepted stays within the memory of a small server."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from inference.decoding import MAX_PIXELS
from tests.processes import REPOSITORY

CLEAN = """
import re, sys
from pathlib import Path
from inference.decoding import reencode_clean
clean = reencode_clean(Path(sys.argv[1]).read_bytes())
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(clean.width * clean.height, int(peak[1]) // 1000)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from Linux's /proc")
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_an_upright_picture_is_held_once(tmp_path, suffix):
    """Once are 200 MB at 50 megapixels; a copy would be as much again. A turned or transparent one needs both."""
    path = tmp_path / f"large{suffix}"
    Image.new("RGB", (8000, 6250), (200, 150, 120)).save(path)
    command = [sys.executable, "-c", CLEAN, str(path)]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=True)
    pixels, megabytes = map(int, ran.stdout.split())
    assert pixels == MAX_PIXELS
    assert megabytes <= 300
