"""One module per step; `r0001_runs` is the first."""
