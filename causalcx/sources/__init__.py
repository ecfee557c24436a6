"""Where data are: files, tables behind Ibis connections, frames; reduced in the engine, pulled only when rows are needed."""
