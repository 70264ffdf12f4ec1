"""The seed's network in PyTorch, for bench/training.ts: one line on stdin is one round, answered by steps per second.

Arguments: batch size, steps per round, first and second number of channels, hidden size, dropout rate.
"""
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

BATCH, STEPS, FIRST, SECOND, HIDDEN = map(int, sys.argv[1:6])
DROPOUT = float(sys.argv[6])


class Seed(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(40, FIRST, 5, padding=2)
        self.norm1 = nn.BatchNorm1d(FIRST)
        self.conv2 = nn.Conv1d(FIRST, SECOND, 5, padding=2)
        self.norm2 = nn.BatchNorm1d(SECOND)
        self.gru = nn.GRU(SECOND, HIDDEN, batch_first=True)
        self.attention = nn.Linear(HIDDEN, 64)
        self.context = nn.Linear(64, 1, bias=False)
        self.output = nn.Linear(HIDDEN, 8)

    def forward(self, x):
        x = F.dropout1d(self.norm1(F.relu(F.max_pool1d(self.conv1(x.transpose(1, 2)), 2))), DROPOUT, self.training)
        x = F.dropout1d(self.norm2(F.relu(F.max_pool1d(self.conv2(x), 2))), DROPOUT, self.training)
        h, _ = self.gru(x.transpose(1, 2))
        weights = torch.softmax(self.context(torch.tanh(self.attention(h))), 1)
        return self.output(F.dropout((h * weights).sum(1), DROPOUT, self.training))


torch.manual_seed(0)
network = Seed()
optimiser = torch.optim.Adam(network.parameters())
x = torch.randn(BATCH, 200, 40)
y = torch.arange(BATCH) % 8
print(torch.__version__, flush=True)
for _ in sys.stdin:
    started = time.perf_counter()
    for _ in range(STEPS):
        optimiser.zero_grad()
        loss = F.cross_entropy(network(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        loss.item()
    print(STEPS / (time.perf_counter() - started), flush=True)
