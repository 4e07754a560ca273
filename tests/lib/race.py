#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Is one command as fast as others?

    race.py LIMIT COMMAND... : FIRST NAME...

Runs COMMAND FIRST and COMMAND NAME in turn, until each NAME takes no more than LIMIT times as long
as FIRST in the same round, by the median over all rounds: at least 15 and at most 400, for the
machine has other things to do, and for seconds.  Prints the medians; exit code 1 where the limit was not kept.
"""
import statistics
import subprocess
import sys
import time

limit, colon = float(sys.argv[1]), sys.argv.index(":")
command, names = sys.argv[2:colon], sys.argv[colon + 1:]
ratios = {name: [] for name in names[1:]}
medians = []


def measure(name):
    begin = time.monotonic()
    subprocess.run([*command, name], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begin


for done in range(400):
    turn = names if done % 2 else names[::-1]
    times = {name: measure(name) for name in turn}
    for name, all_ratios in ratios.items():
        all_ratios.append(times[name] / times[names[0]])
    medians = [statistics.median(all_ratios) for all_ratios in ratios.values()]
    if done >= 15 and max(medians) <= limit:
        break
print(*(round(median, 2) for median in medians))
sys.exit(max(medians) > limit)
