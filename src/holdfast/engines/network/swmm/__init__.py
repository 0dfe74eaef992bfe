"""SWMM 5.2 in worker processes: one engine per process, renewed after some runs, cases made as input files of their own."""
