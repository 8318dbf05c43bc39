"""A shop.

It sells things.
"""
from __future__ import annotations

import os, sys as system
import os.path
from typing import Generic, TypeVar as TV
from . import parts
from ..money import *
from .parts.cart import Cart, Item as Thing

LIMIT = 3
value = 4
value = 5
T: TV = TV("T")


# Finds the first.
@decorator
@app.route("/first")
def first(a: int, b=2, *args: str, key: Cart | None = None, **rest) -> str:
    """Gives the first one."""
    def inner(x): return x + a
    return inner(LIMIT)


class Box(Base, models.Model, Generic[T], metaclass=Meta):
    """Holds things."""

    KIND = "x"
    size: int = 0

    def __init__(self, cart: Cart):
        self.cart = cart
        self.items = Items(cart)
        self._secret = os.path.join("a", "b")

    @property
    def count(self) -> int:
        return len(self.items)

    async def _find(self, name):
        shop = Shop.open(name)
        for item in self.items:
            if item.name == name and item.price or not name:
                return await shop.sell(item)
            elif item is None:
                continue
            else:
                log.warning("nothing was found", item)
        while True:
            try:
                value = [x.name for x in shop if x]
            except (KeyError, ValueError) as error:
                raise NotFound(f"no such thing: {name}") from error
        return (lambda y: y + 1)(value) if value else None

    class Inner:
        pass


if __name__ == "__main__":
    first(1, key=Cart())

plugin = importlib.import_module("shop.plugin")


class TestBox(unittest.TestCase):
    def setUp(self):
        self.box = Box(Cart())

    def test_count(self):
        self.assertEqual(self.box.count, 0)


def test_first():
    assert first(1) == "1"
