"""Keys and values already computed, one block each, so that generation need not repeat them.

Under a causal mask a token's keys and values never depend on what comes after it; storing them
changes the result only by float rounding. Knows tensors, not the model.
"""

import torch


class BlockCache:
    """Keep one block's keys and values, `(B, n_head, block_size, d_head)`, allocated once."""

    def __init__(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        self._keys, self._values = keys, values
        self.length = 0

    def append(self, k: torch.Tensor, v: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Store `(B, n_head, T, d_head)` new keys and values; return all there are so far.

        Raises:
            ValueError: The context is full.
        """
        end = self.length + k.shape[2]
        if end > self._keys.shape[2]:
            raise ValueError(f"{end} tokens do not fit a cache of {self._keys.shape[2]}")
        self._keys[:, :, self.length : end] = k
        self._values[:, :, self.length : end] = v
        self.length = end
        return self._keys[:, :, :end], self._values[:, :, :end]


class KVCache:
    """Keep every block's keys and values for a batch of texts of one length."""

    def __init__(
        self,
        n_layer: int,
        shape: tuple[int, int, int, int],
        *,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        self.blocks = [
            BlockCache(
                torch.empty(shape, dtype=dtype, device=device),
                torch.empty(shape, dtype=dtype, device=device),
            )
            for _ in range(n_layer)
        ]

    @property
    def length(self) -> int:
        """Tokens stored so far."""
        return self.blocks[0].length
