"""How the whole is measured: `perf/run` calls these modules, the standard library is all they need."""
