"""An image that harms the process that decodes it."""

from pathlib import Path

from PIL import Image

from tests.support import image_bytes

# The image that triggers the action of `poison`, by default.
POISON = image_bytes(Image.new("RGB", (13, 13)), "PNG")
SEGFAULT = "os.kill(os.getpid(), signal.SIGSEGV)"


def poison(folder: Path, action: str, size: tuple[int, int] = (13, 13), image_format: str = "PNG") -> str:
    """Return a folder for PYTHONPATH that makes a worker process run `action` once when it decodes an image of `size`.

    `image_format` is PNG or GIF.
    """
    plugin = f"{image_format.capitalize()}ImagePlugin"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(
        "import os, signal, sys, time\n"
        f"from PIL import Image, {plugin}\n"
        f"class Poisoned({plugin}.{image_format.capitalize()}ImageFile):\n"
        "    def load(self):\n"
        f"        if self.size == {size} and sys.argv[0] == '-c' and not hasattr(self, 'acted'):\n"
        "            self.acted = True\n"
        f"            {action}\n"
        "        return super().load()\n"
        "def harm(count):\n"  # the image itself succeeds, and the process dies when it opens the count-th file after it
        "    if hasattr(Image, 'left'): return\n"
        "    Image.left, opened = count, Image.open\n"
        "    def dying(*arguments, **settings):\n"
        "        Image.left -= 1\n"
        "        if not Image.left: os.kill(os.getpid(), signal.SIGSEGV)\n"
        "        return opened(*arguments, **settings)\n"
        "    Image.open = dying\n"
        f"{plugin}.Image.register_open('{image_format}', Poisoned, {plugin}._accept)\n"
    )
    return str(folder)
