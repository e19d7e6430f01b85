"""Which figures derive from which: declared packs, discovered sums, and the conventions an issuer keeps."""
