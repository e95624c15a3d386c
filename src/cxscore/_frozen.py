"""One immutable mapping for everything that must not change once it was measured.

Knows nothing of this package.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, Generic, TypeVar

__all__ = ["FrozenMap"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V", covariant=True)


class FrozenMap(Mapping[K, V], Generic[K, V]):
    """A read-only, hashable, picklable mapping that keeps its order.

    Equal to any mapping with the same items; hashable where its values are.

    >>> FrozenMap({"missing": 2})["missing"]
    2
    >>> FrozenMap({"missing": 2}) == {"missing": 2}
    True
    """

    __slots__ = ("_items",)
    _items: dict[K, V]

    def __init__(self, items: Mapping[K, V] | Any = ()) -> None:
        object.__setattr__(self, "_items", dict(items))

    def __getitem__(self, key: K) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __setattr__(self, name: str, value: object) -> None:
        msg = f"{type(self).__name__} cannot be changed; build a new one from dict(it)"
        raise AttributeError(msg)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._items!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._items,)
