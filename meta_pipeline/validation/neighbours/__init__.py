"""Known-bad neighbours of a change: the laboratory's faults in its files, judged by the gates that let it pass."""
