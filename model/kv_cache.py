"""Keys and values already computed, one block each, so that generation need not repeat them.

Under a causal mask a token's keys and values never depend on what comes after it; storing them
changes the result only by float rounding. Knows tensors, not the model.
"""

import torch


class BlockCache:
    """Keep one block's keys and values, `(2, B, n_head, block_size, d_head)`, allocated once."""

    def __init__(self, pairs: torch.Tensor) -> None:
        self._pairs = pairs
        self.length = 0

    def append(self, k: torch.Tensor, v: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Store `(B, n_head, T, d_head)` new keys and values; return all there are so far.

        Raises:
            ValueError: The context is full.
        """
        start, end = self._grow(k.shape[2])
        self._pairs[0, :, :, start:end] = k
        self._pairs[1, :, :, start:end] = v
        return self._pairs[0, :, :, :end], self._pairs[1, :, :, :end]

    def append_pair(self, pair: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Store new keys and values that lie in one tensor, `(2, B, n_head, T, d_head)`."""
        start, end = self._grow(pair.shape[3])
        self._pairs[:, :, :, start:end] = pair
        keys, values = self._pairs[:, :, :, :end].unbind()
        return keys, values

    def _grow(self, count: int) -> tuple[int, int]:
        start, end = self.length, self.length + count
        if end > self._pairs.shape[3]:
            raise ValueError(f"{end} tokens do not fit a cache of {self._pairs.shape[3]}")
        self.length = end
        return start, end


class KVCache:
    """Keep every block's keys and values for a batch of texts of one length.

    Args:
        n_layer: Number of blocks.
        shape: Of one block's keys, `(B, n_head, block_size, d_head)`.
        dtype: Of the numbers kept.
        device: Where they are kept.
    """

    def __init__(
        self,
        n_layer: int,
        shape: tuple[int, int, int, int],
        *,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        pairs = torch.empty((n_layer, 2, *shape), dtype=dtype, device=device)
        self.blocks = [BlockCache(pairs_of_block) for pairs_of_block in pairs]

    @property
    def length(self) -> int:
        """Tokens stored so far."""
        return self.blocks[0].length
