"""One thread: the models of these tests are so small that sharing their work costs more."""

import torch

torch.set_num_threads(1)
