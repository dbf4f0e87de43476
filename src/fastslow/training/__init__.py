"""Who learns slowly: factories that return a loop over updates."""
